-- What can be held on each resource that stays.
CREATE TABLE offered AS
SELECT
    'group' AS resource_kind, id AS resource_id, 'member' AS slug, coalesce(display_name, id) || ' Member' AS display_name,
    CASE group_type WHEN 'microsoft_365' THEN ['account'] ELSE ['account', 'group', 'service_principal'] END AS grantable_to
FROM groups
UNION ALL BY NAME
SELECT
    'group' AS resource_kind, id AS resource_id, 'owner' AS slug, coalesce(display_name, id) || ' Owner' AS display_name,
    ['account', 'service_principal'] AS grantable_to
FROM groups
UNION ALL BY NAME
SELECT
    'directory_role' AS resource_kind, id AS resource_id, slug, coalesce(display_name, id) || suffix AS display_name,
    is_enabled AS enabled, ['account', 'group', 'service_principal'] AS grantable_to
FROM directory_roles, (VALUES ('assigned', ' Assigned'), ('eligible', ' Eligible')) AS way (slug, suffix)
UNION ALL BY NAME
SELECT
    'license' AS resource_kind, id AS resource_id, 'assigned' AS slug,
    coalesce(sku_part_number, id) || ' Assigned' AS display_name, ['account', 'group'] AS grantable_to
FROM licenses
UNION ALL BY NAME
SELECT
    'enterprise_application' AS resource_kind, id AS resource_id, 'owner' AS slug,
    coalesce(display_name, id) || ' Owner' AS display_name, ['account', 'service_principal'] AS grantable_to
FROM enterprise_applications
UNION ALL BY NAME
SELECT
    'enterprise_application' AS resource_kind, id AS resource_id, '00000000-0000-0000-0000-000000000000' AS slug,
    coalesce(display_name, id) || ' Default Access' AS display_name,
    ['account', 'group', 'service_principal'] AS grantable_to
FROM enterprise_applications
UNION ALL BY NAME
SELECT
    'enterprise_application' AS resource_kind, r.application_id AS resource_id, r.role_id AS slug,
    r.display_name, r.description, r.value, r.enabled,
    CASE WHEN list_contains(r.allowed_member_types, 'User') THEN ['account', 'group'] ELSE [] END
        || CASE WHEN list_contains(r.allowed_member_types, 'Application') THEN ['service_principal'] ELSE [] END
        AS grantable_to
FROM staged.app_roles AS r
JOIN enterprise_applications AS a ON a.id = r.application_id
WHERE r.role_id <> '00000000-0000-0000-0000-000000000000'
UNION ALL BY NAME
-- An app role that somebody still holds although the application no longer declares it.
SELECT
    'enterprise_application' AS resource_kind, s.application_id AS resource_id, s.role_id AS slug,
    s.role_id AS display_name, false AS enabled, []::VARCHAR[] AS grantable_to
FROM assigned_roles AS s
JOIN enterprise_applications AS a ON a.id = s.application_id
ANTI JOIN staged.app_roles AS r ON r.application_id = s.application_id AND r.role_id = s.role_id
WHERE s.role_id <> '00000000-0000-0000-0000-000000000000';

CREATE TABLE entitlements AS
SELECT resource_kind || ':' || resource_id || ':' || slug AS id, * FROM offered;
