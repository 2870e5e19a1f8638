-- Which candidates stand: holder and resource must be there. Then which applications stay, and the grants that are left.
CREATE TABLE resources AS
SELECT 'group' AS kind, id, kept FROM principals WHERE kind = 'group'
UNION ALL
SELECT 'enterprise_application', id, true FROM staged.enterprise_applications
UNION ALL
SELECT 'directory_role', id, true FROM staged.directory_roles
UNION ALL
SELECT 'license', id, true FROM staged.licenses;

CREATE TABLE judged AS
SELECT
    c.*,
    CASE
        WHEN r.id IS NULL THEN 'grants_without_resource'
        WHEN p.id IS NULL THEN 'grants_without_principal'
        WHEN NOT r.kept THEN 'grants_on_ad_groups'
        WHEN NOT p.kept THEN 'grants_of_ad_groups'
        ELSE 'stands'
    END AS verdict
FROM candidates AS c
LEFT JOIN resources AS r ON r.kind = c.resource_kind AND r.id = c.resource_id
LEFT JOIN principals AS p ON p.kind = c.principal_kind AND p.id = c.principal_id;

DROP TABLE candidates;

CREATE TABLE kept_applications AS
SELECT a.*
FROM staged.enterprise_applications AS a, options
WHERE NOT options.skip_unassigned_apps
    OR a.id IN (SELECT application_id FROM assigned_roles)
    OR a.id IN (SELECT principal_id FROM judged WHERE verdict = 'stands' AND principal_kind = 'service_principal');

-- A view: ids are long, and made only where they are asked for.
CREATE VIEW grants AS
SELECT
    entitlement_id || '|' || principal_id
        || CASE WHEN scope <> '/' THEN '|' || scope ELSE '' END
        || CASE WHEN via_group_id IS NOT NULL THEN '|via:' || via_group_id ELSE '' END AS id,
    * EXCLUDE (verdict),
    not_revocable_reason IS NULL AS revocable
FROM judged
WHERE verdict = 'stands'
    AND (resource_kind <> 'enterprise_application' OR resource_id IN (SELECT id FROM kept_applications));
