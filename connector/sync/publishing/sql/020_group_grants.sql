-- Memberships and ownerships of groups.
INSERT INTO candidates BY NAME
SELECT
    'group:' || m.group_id || ':' || m.relation AS entitlement_id,
    'group' AS resource_kind,
    m.group_id AS resource_id,
    m.principal_kind,
    m.principal_id,
    'direct' AS source,
    CASE
        WHEN m.relation = 'member' AND g.is_dynamic THEN 'dynamic_membership'
        WHEN g.on_premises_sync_enabled THEN 'synced_from_on_premises'
        WHEN g.group_type IN ('mail_enabled_security', 'distribution') THEN 'managed_by_exchange'
    END AS not_revocable_reason
FROM staged.memberships AS m
LEFT JOIN staged.groups AS g ON g.id = m.group_id
WHERE m.principal_kind IN ('account', 'group', 'service_principal');
