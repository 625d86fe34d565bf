-- The last upgrade was asked for by force: units whose hook is in error do not put it off.
ALTER TABLE application ADD COLUMN charm_forced INTEGER NOT NULL DEFAULT 0;
