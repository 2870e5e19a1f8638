-- What can be held on licenses.
INSERT INTO entitlements BY NAME
SELECT resource_kind || ':' || resource_id || ':' || slug AS id, *
FROM (
    SELECT
        'license' AS resource_kind, id AS resource_id, 'assigned' AS slug,
        coalesce(sku_part_number, id) || ' Assigned' AS display_name, ['account', 'group'] AS grantable_to
    FROM licenses
);
