-- What is counted over all rows that there are. `counted` shows the same facts as `staged`; where only a neighbourhood is built,
-- `staged` holds just that, and `counted` everything of it that counts.
CREATE TABLE member_counts AS
SELECT
    group_id,
    count(*) FILTER (principal_kind = 'account') AS user_members,
    count(*) FILTER (principal_kind = 'group') AS group_members,
    count(*) FILTER (principal_kind = 'service_principal') AS service_principal_members,
    count(*) FILTER (principal_kind = 'device') AS device_members,
    count(*) FILTER (principal_kind = 'contact') AS contact_members,
    count(*) FILTER (principal_kind NOT IN ('account', 'group', 'service_principal', 'device', 'contact'))
        AS other_members
FROM counted.memberships
WHERE relation = 'member'
GROUP BY group_id;

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

CREATE TABLE assigned_roles AS SELECT DISTINCT application_id, role_id FROM counted.app_role_assignments;
