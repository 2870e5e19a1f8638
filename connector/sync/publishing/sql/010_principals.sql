-- Which groups stay, and who there is to hold a grant.
CREATE TABLE kept_groups AS
SELECT g.*
FROM staged.groups AS g, options
WHERE NOT (options.skip_ad_groups AND coalesce(g.on_premises_sync_enabled, false));

-- Every principal that Graph lists. `kept`: not left out by SKIP_AD_GROUPS.
CREATE TABLE principals AS
SELECT id, 'account' AS kind, true AS kept FROM staged.accounts
UNION ALL
SELECT id, 'service_principal', true FROM staged.enterprise_applications
UNION ALL
SELECT g.id, 'group', k.id IS NOT NULL FROM staged.groups AS g LEFT JOIN kept_groups AS k ON k.id = g.id;
