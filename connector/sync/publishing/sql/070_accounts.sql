-- Accounts, with what other reads say of them.
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
