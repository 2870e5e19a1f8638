-- Licenses of accounts, direct or through a group, and the licenses that groups pass on.
INSERT INTO candidates BY NAME
SELECT
    'license:' || sku_id || ':assigned' AS entitlement_id,
    'license' AS resource_kind,
    sku_id AS resource_id,
    'account' AS principal_kind,
    account_id AS principal_id,
    CASE WHEN assigned_by_group IS NULL THEN 'direct' ELSE 'group' END AS source,
    assigned_by_group AS via_group_id,
    state AS license_state,
    CASE WHEN error <> 'None' THEN error END AS license_error,
    CASE WHEN len(disabled_plans) > 0 THEN disabled_plans END AS disabled_plans,
    CASE WHEN assigned_by_group IS NULL THEN 'kind_not_provisioned' ELSE 'inherited_license' END AS not_revocable_reason
FROM staged.license_states
UNION ALL BY NAME
SELECT
    'license:' || sku_id || ':assigned' AS entitlement_id,
    'license' AS resource_kind,
    sku_id AS resource_id,
    'group' AS principal_kind,
    group_id AS principal_id,
    'direct' AS source,
    CASE WHEN len(disabled_plans) > 0 THEN disabled_plans END AS disabled_plans,
    'kind_not_provisioned' AS not_revocable_reason
FROM staged.group_licenses;
