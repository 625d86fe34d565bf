-- A file or image that a charm wants beside itself. One with a pending id waits for the deployment or refresh
-- that will use it; one without a fingerprint is known by name only.
CREATE TABLE resource (
    model_uuid TEXT NOT NULL REFERENCES model ON DELETE CASCADE,
    application TEXT NOT NULL,
    name TEXT NOT NULL,
    pending_id TEXT NOT NULL DEFAULT '',
    type TEXT NOT NULL,
    path TEXT NOT NULL,
    description TEXT NOT NULL,
    origin TEXT NOT NULL,
    revision INTEGER NOT NULL DEFAULT -1,
    fingerprint TEXT NOT NULL DEFAULT '',
    size INTEGER NOT NULL DEFAULT 0,
    username TEXT NOT NULL DEFAULT '',
    -- Where the content can be fetched from when it is not here; empty for what was uploaded.
    source TEXT NOT NULL DEFAULT '',
    at_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (model_uuid, application, name, pending_id)
) STRICT;

-- What a unit was given last.
CREATE TABLE unit_resource (
    model_uuid TEXT NOT NULL,
    unit TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    path TEXT NOT NULL,
    description TEXT NOT NULL,
    origin TEXT NOT NULL,
    revision INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    size INTEGER NOT NULL,
    username TEXT NOT NULL,
    source TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (model_uuid, unit, name),
    FOREIGN KEY (model_uuid, unit) REFERENCES unit (model_uuid, name) ON DELETE CASCADE
) STRICT;

CREATE TRIGGER resources_go_with_their_application AFTER DELETE ON application
BEGIN
    DELETE FROM resource WHERE model_uuid = OLD.model_uuid AND application = OLD.name;
END;

-- Where a charm is from (JSON): of a store's charm its id, and where to download it. Its archive is empty
-- until that is done.
ALTER TABLE charm ADD COLUMN origin TEXT NOT NULL DEFAULT '{}';
-- The channel that an application follows, and what else clients keep with it (JSON).
ALTER TABLE application ADD COLUMN origin TEXT NOT NULL DEFAULT '{}';
