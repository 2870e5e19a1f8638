-- The resources themselves, with what other reads say of them.
CREATE TABLE accounts AS
SELECT
    a.*,
    s.last_sign_in_at,
    s.last_non_interactive_sign_in_at,
    s.last_successful_sign_in_at,
    m.mailbox_purpose
FROM staged.accounts AS a
LEFT JOIN staged.sign_in_activity AS s ON s.id = a.id
LEFT JOIN staged.mailbox_purposes AS m ON m.id = a.id;

CREATE TABLE groups AS
SELECT
    g.*,
    coalesce(c.user_members, 0) AS user_members,
    coalesce(c.group_members, 0) AS group_members,
    coalesce(c.service_principal_members, 0) AS service_principal_members,
    coalesce(c.device_members, 0) AS device_members,
    coalesce(c.contact_members, 0) AS contact_members,
    coalesce(c.other_members, 0) AS other_members
FROM kept_groups AS g
LEFT JOIN member_counts AS c ON c.group_id = g.id;

CREATE TABLE first_jobs AS
SELECT application_id, state, template_id
FROM staged.provisioning_jobs
QUALIFY row_number() OVER (PARTITION BY application_id ORDER BY job_id) = 1;

-- Only what the portal can provision into is asked for its jobs. What was read of an application before it ceased to be one says nothing now.
CREATE TABLE provisioned_applications AS
SELECT
    a.id,
    CASE
        WHEN u.application_id IS NOT NULL THEN (CASE WHEN j.application_id IS NOT NULL THEN true ELSE u.provisioned_by_scim END)
        WHEN options.provisioning_jobs_read THEN j.application_id IS NOT NULL
    END AS by_scim,
    j.state,
    j.template_id
FROM kept_applications AS a
CROSS JOIN options
LEFT JOIN staged.unread_jobs AS u ON u.application_id = a.id
LEFT JOIN first_jobs AS j ON j.application_id = a.id
WHERE a.service_principal_type = 'Application'
    AND NOT coalesce(a.is_microsoft_first_party, false)
    AND list_contains(a.tags, 'WindowsAzureActiveDirectoryIntegratedApp');

CREATE TABLE enterprise_applications AS
SELECT
    a.*,
    p.by_scim AS provisioned_by_scim,
    p.state AS provisioning_state,
    p.template_id AS provisioning_template,
    coalesce(c.assignments, 0) AS assignments
FROM kept_applications AS a
LEFT JOIN provisioned_applications AS p ON p.id = a.id
LEFT JOIN assignment_counts AS c ON c.application_id = a.id;

CREATE TABLE directory_roles AS SELECT * FROM staged.directory_roles;

CREATE TABLE licenses AS SELECT * FROM staged.licenses;
