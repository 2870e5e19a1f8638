-- App role assignments and owners of enterprise applications.
INSERT INTO candidates BY NAME
SELECT
    'enterprise_application:' || application_id || ':' || role_id AS entitlement_id,
    'enterprise_application' AS resource_kind,
    application_id AS resource_id,
    principal_kind,
    principal_id,
    'direct' AS source,
    id AS assignment_id,
    created_at,
    'kind_not_provisioned' AS not_revocable_reason
FROM staged.app_role_assignments
QUALIFY row_number() OVER (
    PARTITION BY application_id, role_id, principal_id ORDER BY created_at NULLS LAST, id
) = 1
UNION ALL BY NAME
SELECT
    'enterprise_application:' || application_id || ':owner' AS entitlement_id,
    'enterprise_application' AS resource_kind,
    application_id AS resource_id,
    principal_kind,
    principal_id,
    'direct' AS source,
    'kind_not_provisioned' AS not_revocable_reason
FROM staged.application_owners;
