CREATE TABLE directory_roles AS SELECT * FROM staged.directory_roles;
