-- App roles that somebody holds, declared or not.
CREATE TABLE assigned_roles AS SELECT DISTINCT application_id, role_id FROM counted.app_role_assignments;
