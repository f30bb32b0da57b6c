-- A process of whatever login sees whether the tables are those of its release: names of migrations are no secret.
GRANT SELECT ON schema_migrations TO PUBLIC;
