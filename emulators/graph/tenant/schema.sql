-- The state of an emulated tenant. SQLite, so that a million users are rows and not a million Python dictionaries.
-- `key` is an internal integer: the paging order of lists and the target of edges. `id` is what Graph shows.
-- `seq` numbers every change of the tenant, in order; delta tokens are made from it. Generated objects all have seq 1.
-- Times are text as Graph writes them: `2026-01-31T08:15:00Z`. Columns named `body` hold JSON with Graph's property names.

CREATE TABLE sequence (seq INTEGER NOT NULL);
INSERT INTO sequence VALUES (0);

-- type: user, group, servicePrincipal, application, device, orgContact, directoryRole, administrativeUnit.
-- body: every stored property, except id, deletedDateTime (`deleted_at`), relationships, and what other tables hold:
-- assignedLicenses and licenseAssignmentStates (user_licenses, group_licenses), signInActivity (sign_in_activity),
-- mailboxSettings (mailboxes). A property that is absent has never been set; one that is null was cleared.
-- A directoryRole has roleTemplateId; an application and its servicePrincipal share appId; appRoles and
-- oauth2PermissionScopes are in the servicePrincipal's body.
CREATE TABLE objects (
    key         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    type        TEXT NOT NULL,
    body        TEXT NOT NULL,
    created_seq INTEGER NOT NULL,
    changed_seq INTEGER NOT NULL,           -- properties, existence; not relationships (edge_changes has those)
    deleted     TEXT,                       -- NULL, 'changed' (soft-deleted, restorable) or 'deleted' (gone for good: a tombstone)
    deleted_at  TEXT
);
CREATE INDEX objects_by_type ON objects (type, key);
CREATE INDEX objects_by_change ON objects (type, changed_seq);
-- A service principal by its application (client) id.
CREATE INDEX objects_by_app_id ON objects (json_extract(body, '$.appId')) WHERE type IN ('servicePrincipal', 'application');
-- A user by its sign-in name.
CREATE INDEX objects_by_upn ON objects (json_extract(body, '$.userPrincipalName') COLLATE NOCASE) WHERE type = 'user';

-- Which properties a change touched, for delta's tracked sets and for Prefer: return=minimal.
-- `name` '*' stands for the whole object: created, deleted or restored. `manager` is recorded here too, on the user.
-- So are the computed ones: assignedLicenses, licenseAssignmentStates. Only verbs write here, never the generator.
CREATE TABLE property_changes (seq INTEGER NOT NULL, key INTEGER NOT NULL, name TEXT NOT NULL);
CREATE INDEX property_changes_by_seq ON property_changes (seq);

-- Relationships between objects. rel: 1 members (of a group, directoryRole or administrativeUnit),
-- 2 owners (of a group, servicePrincipal or application), 3 manager (source: the user, target: the manager).
-- Edges from or to soft-deleted objects stay stored, and Graph lists them nowhere; hard deletion removes them.
-- The members of a directoryRole are the principals of its tenant-scope role_assignments; verbs keep them in line.
CREATE TABLE edges (
    rel    INTEGER NOT NULL,
    source INTEGER NOT NULL,
    target INTEGER NOT NULL,
    PRIMARY KEY (rel, source, target)
) WITHOUT ROWID;
CREATE INDEX edges_by_target ON edges (rel, target, source);
CREATE TABLE edge_changes (
    seq INTEGER NOT NULL, rel INTEGER NOT NULL, source INTEGER NOT NULL, target INTEGER NOT NULL,
    op    TEXT NOT NULL,                     -- 'add' or 'remove'
    cause TEXT NOT NULL DEFAULT 'change'     -- 'change', or 'purge': the edge went because one of its ends was deleted for good
);
CREATE INDEX edge_changes_by_seq ON edge_changes (rel, seq);

-- principal and resource are objects.key. Rows of soft-deleted principals or resources stay and are listed nowhere.
CREATE TABLE app_role_assignments (
    key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    principal INTEGER NOT NULL, resource INTEGER NOT NULL, app_role_id TEXT NOT NULL, created_at TEXT NOT NULL,
    UNIQUE (principal, resource, app_role_id)
);
CREATE INDEX app_role_assignments_by_resource ON app_role_assignments (resource, key);
-- op: 'add' or 'remove'; only verbs write here. The rows of deleted principals and resources change with these.
CREATE TABLE app_role_changes (seq INTEGER NOT NULL, id TEXT NOT NULL, op TEXT NOT NULL);
CREATE INDEX app_role_changes_by_seq ON app_role_changes (seq);

CREATE TABLE role_definitions (id TEXT PRIMARY KEY, body TEXT NOT NULL);
-- scope: directoryScopeId ('/', '/administrativeUnits/{id}', '/{object id}') or, where app_scope is 1, appScopeId.
-- Rows of soft-deleted principals stay and are listed nowhere; the same holds for role_schedules.
CREATE TABLE role_assignments (
    key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    principal_id TEXT NOT NULL, role_id TEXT NOT NULL, scope TEXT NOT NULL, app_scope INTEGER NOT NULL DEFAULT 0,
    UNIQUE (principal_id, role_id, scope)
);
CREATE INDEX role_assignments_by_role ON role_assignments (role_id, key);
-- PIM: what is eligible, and what is active for a time or activated. Permanent direct assignments live in
-- role_assignments only; the instance lists show them as well: instance id, origin id and schedule id are then the role
-- assignment's id, memberType Direct, assignmentType Assigned, no start and no end. So does every assignment of kind
-- 'assignment' here show once, with the facts given here. memberType is Direct for all stored rows; the instance lists
-- add a line with memberType Group for each direct user of a group that holds a role, which nothing stores.
CREATE TABLE role_schedules (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,                 -- id of the instance; eligibilities end in `-1-e`
    schedule_id TEXT NOT NULL,               -- roleAssignmentScheduleId or roleEligibilityScheduleId, a GUID
    kind TEXT NOT NULL,                      -- 'assignment' or 'eligibility'
    principal_id TEXT NOT NULL, role_id TEXT NOT NULL, scope TEXT NOT NULL, app_scope INTEGER NOT NULL DEFAULT 0,
    assignment_type TEXT,                    -- 'Assigned' or 'Activated' (kind 'assignment')
    role_assignment_id TEXT,                 -- kind 'assignment': the row of role_assignments that is in force with it
    starts_at TEXT, ends_at TEXT, created_at TEXT NOT NULL
);
CREATE INDEX role_schedules_by_principal ON role_schedules (principal_id);
-- Requests for such schedules, as Graph shows them (body). starts, ends and due are seconds since 1970 on the service's
-- clock; due is when the next thing happens to it, NULL where nothing will. A schedule has the id of its request.
CREATE TABLE role_schedule_requests (
    key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
    principal_id TEXT NOT NULL, role_id TEXT NOT NULL, scope TEXT NOT NULL, app_scope INTEGER NOT NULL,
    body TEXT NOT NULL, status TEXT NOT NULL, starts REAL NOT NULL, ends REAL, due REAL
);
CREATE INDEX role_schedule_requests_by_due ON role_schedule_requests (due) WHERE due IS NOT NULL;
-- Rules of a role's policy that were changed; the others are as the service makes them.
CREATE TABLE role_policy_rules (role_id TEXT NOT NULL, rule_id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (role_id, rule_id));

-- body: skuPartNumber, appliesTo, capabilityStatus, prepaidUnits, servicePlans. Graph's `id` is `{tenant id}_{sku_id}`;
-- consumedUnits is in the view sku_seats.
CREATE TABLE subscribed_skus (sku_id TEXT PRIMARY KEY, body TEXT NOT NULL);
-- disabled_plans: JSON array of service plan ids.
CREATE TABLE group_licenses (
    group_key INTEGER NOT NULL, sku_id TEXT NOT NULL, disabled_plans TEXT NOT NULL, PRIMARY KEY (group_key, sku_id)
) WITHOUT ROWID;
-- One row per way in which a user has a SKU: directly (by_group 0) or through a group (its key): an item of
-- licenseAssignmentStates. state: Active, ActiveWithError, Disabled, Error; error is NULL where Graph says `None`.
-- assignedLicenses is one item per SKU over the rows that are not Error; a plan is off where all of them switch it off.
CREATE TABLE user_licenses (
    user_key INTEGER NOT NULL, sku_id TEXT NOT NULL, by_group INTEGER NOT NULL,
    disabled_plans TEXT NOT NULL, state TEXT NOT NULL, error TEXT, updated_at TEXT NOT NULL,
    PRIMARY KEY (user_key, sku_id, by_group)
) WITHOUT ROWID;
CREATE INDEX user_licenses_by_sku ON user_licenses (sku_id, user_key);
CREATE INDEX user_licenses_by_group ON user_licenses (by_group, sku_id);
-- A seat is consumed once per user, whatever the number of ways; not by errors, not by deleted users.
CREATE VIEW sku_seats (sku_id, consumed) AS
    SELECT s.sku_id, COUNT(DISTINCT o.key)
    FROM subscribed_skus s
    LEFT JOIN user_licenses l ON l.sku_id = s.sku_id AND l.state <> 'Error'
    LEFT JOIN objects o ON o.key = l.user_key AND o.deleted IS NULL
    GROUP BY s.sku_id;

-- body: templateId, schedule, status. service_principal is objects.key.
CREATE TABLE synchronization_jobs (
    service_principal INTEGER NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (service_principal, id)
);
-- body: clientId, consentType, principalId, resourceId, scope. deleted: NULL or 'deleted'.
CREATE TABLE oauth2_permission_grants (
    key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL, changed_seq INTEGER NOT NULL, deleted TEXT
);
-- body: signInActivity as Graph shows it. No row: the property is absent.
CREATE TABLE sign_in_activity (user_key INTEGER PRIMARY KEY, body TEXT NOT NULL);
-- purpose: userPurpose of mailboxSettings. No row: the user has no mailbox.
CREATE TABLE mailboxes (user_key INTEGER PRIMARY KEY, purpose TEXT NOT NULL);

-- Facts about the tenant itself, as text: id, display_name, domain, created_at, client_id, client_secret,
-- entra_id_p1 and entra_id_p2 ('true' or 'false': sign-in activity needs P1, PIM needs P2), users and seed as generated,
-- ids_given (how many ids the verbs have made).
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);

-- With what applications prove who they are, several each. kind: 'secret' (content: the secret), 'certificate' (content:
-- the certificate, PEM) or 'federated' (content: JSON with issuer, subject, audience). In force from starts_at to ends_at,
-- seconds since 1970 on the service's clock; NULL is open. name: what people call it; empty where nobody has named it.
CREATE TABLE credentials (
    id TEXT PRIMARY KEY, app_id TEXT NOT NULL, kind TEXT NOT NULL, content TEXT NOT NULL, starts_at REAL, ends_at REAL,
    name TEXT NOT NULL DEFAULT ''
);
CREATE INDEX credentials_by_app ON credentials (app_id, kind);
-- Public keys of the identity providers whose tokens federated credentials trust: a JSON Web Key Set by issuer.
CREATE TABLE issuer_keys (issuer TEXT PRIMARY KEY, key_set TEXT NOT NULL);

-- Applications that other tenants have registered, by application (client) id. body: the application as Graph shows it in its
-- own tenant, and `publisher` (that tenant's id) and `publisherName`. They are not in this tenant until somebody consents.
CREATE TABLE published_applications (app_id TEXT PRIMARY KEY, body TEXT NOT NULL);
