-- The staged facts that the previous snapshot was made from, as far as its tables tell: what SQL files make of staged
-- tables, the other way round. `previous` has the tables of that snapshot; without one they are empty.
CREATE VIEW last_good.accounts AS
SELECT * EXCLUDE (
    last_sign_in_at, last_non_interactive_sign_in_at, last_successful_sign_in_at, mailbox_purpose
)
FROM previous.accounts;

CREATE VIEW last_good.sign_in_activity AS
SELECT id, last_sign_in_at, last_non_interactive_sign_in_at, last_successful_sign_in_at
FROM previous.accounts
WHERE coalesce(last_sign_in_at, last_non_interactive_sign_in_at, last_successful_sign_in_at) IS NOT NULL;

CREATE VIEW last_good.mailbox_purposes AS
SELECT id, mailbox_purpose FROM previous.accounts WHERE mailbox_purpose IS NOT NULL;

CREATE VIEW last_good.license_states AS
SELECT
    principal_id AS account_id, resource_id AS sku_id, via_group_id AS assigned_by_group, license_state AS state,
    license_error AS error, disabled_plans
FROM previous.grants
WHERE resource_kind = 'license' AND principal_kind = 'account';

CREATE VIEW last_good.groups AS
SELECT * EXCLUDE (
    user_members, group_members, service_principal_members, device_members, contact_members, other_members
)
FROM previous.groups;

CREATE VIEW last_good.memberships AS
SELECT
    resource_id AS group_id,
    CASE WHEN ends_with(entitlement_id, ':owner') THEN 'owner' ELSE 'member' END AS relation,
    principal_kind,
    principal_id
FROM previous.grants
WHERE resource_kind = 'group';

CREATE VIEW last_good.group_licenses AS
SELECT principal_id AS group_id, resource_id AS sku_id, disabled_plans
FROM previous.grants
WHERE resource_kind = 'license' AND principal_kind = 'group';

CREATE VIEW last_good.enterprise_applications AS
SELECT * EXCLUDE (provisioned_by_scim, provisioning_state, provisioning_template, assignments)
FROM previous.enterprise_applications;

CREATE VIEW last_good.app_roles AS
SELECT
    resource_id AS application_id, slug AS role_id, display_name, description, value, enabled,
    CASE WHEN list_contains(grantable_to, 'account') THEN ['User'] ELSE [] END
        || CASE WHEN list_contains(grantable_to, 'service_principal') THEN ['Application'] ELSE [] END
        AS allowed_member_types
FROM previous.entitlements
WHERE resource_kind = 'enterprise_application' AND slug NOT IN ('owner', '00000000-0000-0000-0000-000000000000');

CREATE VIEW last_good.application_owners AS
SELECT resource_id AS application_id, principal_kind, principal_id
FROM previous.grants
WHERE resource_kind = 'enterprise_application' AND ends_with(entitlement_id, ':owner');

CREATE VIEW last_good.app_role_assignments AS
SELECT
    assignment_id AS id, resource_id AS application_id, split_part(entitlement_id, ':', 3) AS role_id, principal_kind,
    principal_id, created_at
FROM previous.grants
WHERE resource_kind = 'enterprise_application' AND NOT ends_with(entitlement_id, ':owner');

CREATE VIEW last_good.provisioning_jobs AS
SELECT
    id AS application_id, 'last good' AS job_id, provisioning_template AS template_id, provisioning_state AS state
FROM previous.enterprise_applications
WHERE provisioned_by_scim OR provisioning_state IS NOT NULL;

CREATE VIEW last_good.directory_roles AS SELECT * FROM previous.directory_roles;

CREATE VIEW last_good.held_roles AS
SELECT * FROM previous.grants WHERE resource_kind = 'directory_role';

CREATE VIEW last_good.role_assignments AS
SELECT assignment_id AS id, resource_id AS role_id, principal_id, scope
FROM last_good.held_roles
WHERE ends_with(entitlement_id, ':assigned');

-- An assignment that has an end, or was activated, is among the assignments, too: Graph lists all that are in force
-- there. So what is not there (any more) has ended, even if what PIM says of it cannot be read.
CREATE VIEW last_good.role_assignment_instances AS
SELECT
    assignment_id AS id, resource_id AS role_id, principal_id, scope, assignment_type, 'Direct' AS member_type,
    starts_at, ends_at, assignment_id AS origin_id
FROM last_good.held_roles
WHERE ends_with(entitlement_id, ':assigned')
    AND (assignment_type IS NOT NULL OR starts_at IS NOT NULL OR ends_at IS NOT NULL)
    AND assignment_id IN (SELECT id FROM staged.role_assignments);

CREATE VIEW last_good.role_eligibility_instances AS
SELECT
    assignment_id AS id, resource_id AS role_id, principal_id, scope, 'Direct' AS member_type, starts_at, ends_at
FROM last_good.held_roles
WHERE ends_with(entitlement_id, ':eligible');

-- What service principals are, and their names, is known from elsewhere.
CREATE VIEW last_good.scopes AS
SELECT scope AS id, any_value(scope_kind) AS kind, any_value(scope_name) AS name
FROM last_good.held_roles
WHERE (scope_name IS NOT NULL OR scope_kind = 'application')
    AND substr(scope, 2) NOT IN (SELECT id FROM previous.enterprise_applications)
GROUP BY scope;

CREATE VIEW last_good.licenses AS SELECT * FROM previous.licenses;

-- What of the previous snapshot cannot be told from its grants: members that hold none, assignments of groups that were
-- left out, applications that are known to have no provisioning job.
CREATE TABLE carried_member_counts (
    id VARCHAR PRIMARY KEY, user_members BIGINT, group_members BIGINT, service_principal_members BIGINT,
    device_members BIGINT, contact_members BIGINT, other_members BIGINT
);
CREATE TABLE carried_assignment_counts (id VARCHAR PRIMARY KEY, assignments BIGINT);
CREATE TABLE unread_jobs (id VARCHAR PRIMARY KEY, provisioned_by_scim BOOLEAN);
