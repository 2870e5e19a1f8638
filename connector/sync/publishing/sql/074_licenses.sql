CREATE TABLE licenses AS SELECT * FROM staged.licenses;
