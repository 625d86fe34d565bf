-- What units of an application get: by the charm's name for it, a pool, a count and a size.
ALTER TABLE application ADD COLUMN storage TEXT NOT NULL DEFAULT '{}';

CREATE TABLE storage_pool (
    model_uuid TEXT NOT NULL REFERENCES model ON DELETE CASCADE,
    name TEXT NOT NULL,
    provider TEXT NOT NULL,
    attributes TEXT NOT NULL,
    PRIMARY KEY (model_uuid, name)
) STRICT, WITHOUT ROWID;

-- A storage instance with its filesystem: a dead one only waits for its data to be deleted.
CREATE TABLE storage (
    model_uuid TEXT NOT NULL REFERENCES model ON DELETE CASCADE,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    owner TEXT NOT NULL,
    pool TEXT NOT NULL,
    provider TEXT NOT NULL,
    size_mib INTEGER NOT NULL,
    filesystem_id TEXT NOT NULL,
    volume_id TEXT NOT NULL,
    life TEXT NOT NULL DEFAULT 'alive',
    PRIMARY KEY (model_uuid, id)
) STRICT;

-- Where an instance is mounted, or is to be. Dying: the unit is to be told. Dead: it is to be unmounted.
CREATE TABLE storage_attachment (
    model_uuid TEXT NOT NULL,
    storage_id TEXT NOT NULL,
    unit TEXT NOT NULL,
    machine_id TEXT NOT NULL,
    location TEXT NOT NULL,
    read_only INTEGER NOT NULL,
    life TEXT NOT NULL DEFAULT 'alive',
    provisioned INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (model_uuid, storage_id),
    FOREIGN KEY (model_uuid, storage_id) REFERENCES storage (model_uuid, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX storage_attachment_unit ON storage_attachment (model_uuid, unit);
CREATE INDEX storage_attachment_machine ON storage_attachment (model_uuid, machine_id);
