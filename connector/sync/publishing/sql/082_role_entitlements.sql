-- What can be held on directory roles.
INSERT INTO entitlements BY NAME
SELECT resource_kind || ':' || resource_id || ':' || slug AS id, *
FROM (
    SELECT
        'directory_role' AS resource_kind, id AS resource_id, slug, coalesce(display_name, id) || suffix AS display_name,
        is_enabled AS enabled, ['account', 'group', 'service_principal'] AS grantable_to
    FROM directory_roles, (VALUES ('assigned', ' Assigned'), ('eligible', ' Eligible')) AS way (slug, suffix)
);
