-- The relay is told of new rows when they are committed, whoever added them, and need not ask all the time.
CREATE FUNCTION outbox_signal() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_notify('looks_outbox', ''); RETURN NULL; END $$;
CREATE TRIGGER outbox_signal AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION outbox_signal();
