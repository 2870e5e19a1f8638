-- Enterprise applications, with how many assignments they have, and what provisions accounts into them.
-- Assignments of groups that SKIP_AD_GROUPS leaves out count: the application is used through them.
CREATE TABLE assignment_counts AS
SELECT a.application_id, count(*) AS assignments
FROM counted.app_role_assignments AS a
JOIN (
    SELECT 'account' AS kind, id FROM counted.accounts
    UNION ALL
    SELECT 'service_principal', id FROM counted.enterprise_applications
    UNION ALL
    SELECT 'group', id FROM counted.groups
) AS p ON p.kind = a.principal_kind AND p.id = a.principal_id
GROUP BY a.application_id;

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
