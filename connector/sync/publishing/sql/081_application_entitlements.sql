-- What can be held on enterprise applications.
INSERT INTO entitlements BY NAME
SELECT resource_kind || ':' || resource_id || ':' || slug AS id, *
FROM (
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
    WHERE s.role_id <> '00000000-0000-0000-0000-000000000000'
);
