-- The state of an emulated tenant. SQLite, so that a million users are rows and not a million Python dictionaries.
-- `key` is an internal integer: the paging order of lists and the target of edges. `id` is what Graph shows.
-- `seq` numbers every change of the tenant, in order; delta tokens are made from it.

CREATE TABLE sequence (seq INTEGER NOT NULL);
INSERT INTO sequence VALUES (0);

-- user, group, servicePrincipal, application, device, orgContact, directoryRole, administrativeUnit
CREATE TABLE objects (
    key         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    type        TEXT NOT NULL,
    body        TEXT NOT NULL,              -- JSON: every property except id and relationships, as Graph spells them
    created_seq INTEGER NOT NULL,
    changed_seq INTEGER NOT NULL,
    deleted     TEXT,                       -- NULL, 'changed' (soft-deleted, restorable) or 'deleted' (gone for good)
    deleted_at  TEXT
);
CREATE INDEX objects_by_type ON objects (type, key);
CREATE INDEX objects_by_change ON objects (type, changed_seq);

-- Which properties a change touched, for delta's tracked sets and for Prefer: return=minimal.
-- `name` '*' stands for the whole object: created, deleted or restored.
CREATE TABLE property_changes (seq INTEGER NOT NULL, key INTEGER NOT NULL, name TEXT NOT NULL);
CREATE INDEX property_changes_by_seq ON property_changes (seq);

-- Relationships between objects. rel: 1 members (of a group, directoryRole or administrativeUnit),
-- 2 owners (of a group, servicePrincipal or application), 3 manager (source: the user, target: the manager).
CREATE TABLE edges (
    rel    INTEGER NOT NULL,
    source INTEGER NOT NULL,
    target INTEGER NOT NULL,
    PRIMARY KEY (rel, source, target)
) WITHOUT ROWID;
CREATE INDEX edges_by_target ON edges (rel, target, source);
CREATE TABLE edge_changes (
    seq INTEGER NOT NULL, rel INTEGER NOT NULL, source INTEGER NOT NULL, target INTEGER NOT NULL,
    op  TEXT NOT NULL                        -- 'add' or 'remove'
);
CREATE INDEX edge_changes_by_seq ON edge_changes (rel, seq);

CREATE TABLE app_role_assignments (
    key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    principal INTEGER NOT NULL, resource INTEGER NOT NULL, app_role_id TEXT NOT NULL, created_at TEXT NOT NULL,
    UNIQUE (principal, resource, app_role_id)
);
CREATE INDEX app_role_assignments_by_resource ON app_role_assignments (resource, key);

CREATE TABLE role_definitions (id TEXT PRIMARY KEY, body TEXT NOT NULL);
-- scope: directoryScopeId ('/', '/administrativeUnits/{id}', '/{object id}') or, where app_scope is 1, appScopeId
CREATE TABLE role_assignments (
    key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    principal_id TEXT NOT NULL, role_id TEXT NOT NULL, scope TEXT NOT NULL, app_scope INTEGER NOT NULL DEFAULT 0,
    UNIQUE (principal_id, role_id, scope)
);
-- PIM: what is eligible, and what is active for a time or activated. Permanent direct assignments live in
-- role_assignments only; the instance lists show them as well.
CREATE TABLE role_schedules (
    key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,                      -- 'assignment' or 'eligibility'
    principal_id TEXT NOT NULL, role_id TEXT NOT NULL, scope TEXT NOT NULL, app_scope INTEGER NOT NULL DEFAULT 0,
    assignment_type TEXT,                    -- 'Assigned' or 'Activated' (kind 'assignment')
    role_assignment_id TEXT,                 -- kind 'assignment': the row of role_assignments that is in force with it
    starts_at TEXT, ends_at TEXT, created_at TEXT NOT NULL
);

CREATE TABLE subscribed_skus (sku_id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE group_licenses (
    group_key INTEGER NOT NULL, sku_id TEXT NOT NULL, disabled_plans TEXT NOT NULL, PRIMARY KEY (group_key, sku_id)
) WITHOUT ROWID;
-- One row per way in which a user has a SKU: directly (by_group 0) or through a group (its key).
CREATE TABLE user_licenses (
    user_key INTEGER NOT NULL, sku_id TEXT NOT NULL, by_group INTEGER NOT NULL,
    disabled_plans TEXT NOT NULL, state TEXT NOT NULL, error TEXT, updated_at TEXT NOT NULL,
    PRIMARY KEY (user_key, sku_id, by_group)
) WITHOUT ROWID;

CREATE TABLE synchronization_jobs (service_principal INTEGER NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE oauth2_permission_grants (
    key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL, changed_seq INTEGER NOT NULL, deleted TEXT
);
CREATE TABLE sign_in_activity (user_key INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE mailboxes (user_key INTEGER PRIMARY KEY, purpose TEXT NOT NULL);

-- Facts about the tenant itself: id, display name, whether it has Entra ID P1 and P2, the generator's size and seed.
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
