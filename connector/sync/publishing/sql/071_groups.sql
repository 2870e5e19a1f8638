-- Groups, with how many members they have.
-- `counted` shows the same facts as `staged`; where only a neighbourhood is built, `staged` holds just that, and `counted` everything
-- of it that counts.
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
