-- Which run of a machine this is, and which run a hook asked to have ended by a reboot (juju-reboot).
ALTER TABLE machine ADD COLUMN boot_id TEXT NOT NULL DEFAULT '';
ALTER TABLE machine ADD COLUMN reboot_from TEXT NOT NULL DEFAULT '';
-- The last line of the model's log that was looked at for the machine's own log files.
ALTER TABLE machine ADD COLUMN logged INTEGER NOT NULL DEFAULT 0;
-- Set while the leader's machine does not run: when another unit may take its place.
ALTER TABLE application ADD COLUMN leader_until_ms INTEGER;
-- Whether an action may run beside others on the machine, and with which it may not.
ALTER TABLE action ADD COLUMN parallel INTEGER NOT NULL DEFAULT 0;
ALTER TABLE action ADD COLUMN execution_group TEXT NOT NULL DEFAULT '';
