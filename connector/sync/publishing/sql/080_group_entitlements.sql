-- What can be held on groups.
INSERT INTO entitlements BY NAME
SELECT resource_kind || ':' || resource_id || ':' || slug AS id, *
FROM (
    SELECT
        'group' AS resource_kind, id AS resource_id, 'member' AS slug, coalesce(display_name, id) || ' Member' AS display_name,
        CASE group_type WHEN 'microsoft_365' THEN ['account'] ELSE ['account', 'group', 'service_principal'] END AS grantable_to
    FROM groups
    UNION ALL BY NAME
    SELECT
        'group' AS resource_kind, id AS resource_id, 'owner' AS slug, coalesce(display_name, id) || ' Owner' AS display_name,
        ['account', 'service_principal'] AS grantable_to
    FROM groups
);
