-- Directory roles. PIM lists a line for each member of a group that holds a role, too: derived, and no fact.
CREATE TABLE direct_instances AS
SELECT * REPLACE (coalesce(scope, '/') AS scope)
FROM staged.role_assignment_instances
WHERE lower(coalesce(member_type, 'Direct')) = 'direct';

CREATE TABLE plain_assignments AS
SELECT * REPLACE (coalesce(scope, '/') AS scope) FROM staged.role_assignments;

-- Which instance tells more of which role assignment: by id, or by its words where PIM does not say the id.
CREATE TABLE told AS
SELECT a.id AS assignment_id, i.id AS instance_id
FROM plain_assignments AS a
JOIN direct_instances AS i ON i.origin_id = a.id
UNION
SELECT a.id, i.id
FROM plain_assignments AS a
JOIN direct_instances AS i ON i.principal_id = a.principal_id AND i.role_id = a.role_id AND i.scope = a.scope
WHERE i.origin_id IS NULL;

CREATE TABLE active_roles AS
SELECT
    a.role_id, a.principal_id, a.scope, a.id AS assignment_id, i.assignment_type, i.starts_at, i.ends_at
FROM plain_assignments AS a
LEFT JOIN told AS t ON t.assignment_id = a.id
LEFT JOIN direct_instances AS i ON i.id = t.instance_id
UNION ALL BY NAME
SELECT
    i.role_id, i.principal_id, i.scope, coalesce(i.origin_id, i.id) AS assignment_id, i.assignment_type, i.starts_at,
    i.ends_at
FROM direct_instances AS i
WHERE i.id NOT IN (SELECT instance_id FROM told);

CREATE TABLE held_roles AS
SELECT
    *,
    'assigned' AS slug,
    CASE WHEN lower(assignment_type) = 'activated' OR ends_at IS NOT NULL THEN 'pim' ELSE 'direct' END AS source
FROM active_roles
UNION ALL BY NAME
SELECT
    role_id, principal_id, coalesce(scope, '/') AS scope, id AS assignment_id, starts_at, ends_at, 'eligible' AS slug,
    'pim' AS source
FROM staged.role_eligibility_instances
WHERE lower(coalesce(member_type, 'Direct')) = 'direct';

-- One grant for each holder, role and scope: of several the one that lasts longest.
INSERT INTO candidates BY NAME
SELECT
    'directory_role:' || r.role_id || ':' || r.slug AS entitlement_id,
    'directory_role' AS resource_kind,
    r.role_id AS resource_id,
    p.kind AS principal_kind,
    r.principal_id,
    r.source,
    r.scope,
    CASE
        WHEN r.scope = '/' THEN 'tenant'
        WHEN starts_with(r.scope, '/administrativeUnits/') THEN 'administrative_unit'
        WHEN s.kind = 'application' OR e.id IS NOT NULL THEN 'application'
        ELSE 'other'
    END AS scope_kind,
    CASE WHEN r.scope <> '/' THEN coalesce(s.name, e.display_name) END AS scope_name,
    r.assignment_id,
    r.assignment_type,
    r.starts_at,
    r.ends_at
FROM held_roles AS r
LEFT JOIN principals AS p ON p.id = r.principal_id
LEFT JOIN staged.scopes AS s ON s.id = r.scope
-- A scope may be an application, which scopes tell of, or its service principal, which is known already.
LEFT JOIN staged.enterprise_applications AS e ON r.scope = '/' || e.id
QUALIFY row_number() OVER (
    PARTITION BY r.slug, r.role_id, r.principal_id, r.scope
    ORDER BY r.ends_at DESC NULLS FIRST, r.starts_at NULLS FIRST, r.assignment_id
) = 1;
