-- Clouds to rehearse on; the first one is this machine itself.
CREATE TABLE cloud (
    name TEXT PRIMARY KEY,
    type TEXT NOT NULL,
    -- What is known of it, as Juju's API has a cloud.
    definition TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;
INSERT INTO cloud VALUES ('pocket', 'pocket', '{"auth-types":["empty"],"regions":[{"name":"default"}]}', 0);

CREATE TABLE credential (
    cloud TEXT NOT NULL REFERENCES cloud ON DELETE CASCADE,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    auth_type TEXT NOT NULL,
    attributes TEXT NOT NULL,
    PRIMARY KEY (cloud, owner, name)
) STRICT;

-- "cloud/owner/name"; empty when it has none.
ALTER TABLE model ADD COLUMN credential TEXT NOT NULL DEFAULT '';
ALTER TABLE machine ADD COLUMN zone TEXT NOT NULL DEFAULT '';
