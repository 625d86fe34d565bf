-- Everything hangs on its model's row and goes with it. A JSON column holds what nothing queries inside.

CREATE TABLE model (
    uuid TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    cloud TEXT NOT NULL,
    region TEXT NOT NULL,
    life TEXT NOT NULL DEFAULT 'alive',
    created_ms INTEGER NOT NULL,
    config TEXT NOT NULL,
    constraints TEXT NOT NULL DEFAULT '{}',
    UNIQUE (owner, name)
) STRICT;

-- The next number of each name in a model: units of an application, machines, relations, operations.
-- Rows outlive what they count, so that no number is given twice.
CREATE TABLE sequence (
    model_uuid TEXT NOT NULL REFERENCES model ON DELETE CASCADE,
    name TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (model_uuid, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE charm (
    model_uuid TEXT NOT NULL REFERENCES model ON DELETE CASCADE,
    url TEXT NOT NULL,
    name TEXT NOT NULL,
    revision INTEGER NOT NULL,
    archive TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (model_uuid, url)
) STRICT;

CREATE TABLE application (
    model_uuid TEXT NOT NULL REFERENCES model ON DELETE CASCADE,
    name TEXT NOT NULL,
    charm_url TEXT NOT NULL,
    charm_modified INTEGER NOT NULL DEFAULT 0,
    base_name TEXT NOT NULL,
    base_channel TEXT NOT NULL,
    life TEXT NOT NULL DEFAULT 'alive',
    subordinate INTEGER NOT NULL,
    exposed INTEGER NOT NULL DEFAULT 0,
    exposed_endpoints TEXT NOT NULL DEFAULT '{}',
    trust INTEGER NOT NULL,
    constraints TEXT NOT NULL,
    config TEXT NOT NULL,
    leader TEXT NOT NULL DEFAULT '',
    leader_settings TEXT NOT NULL DEFAULT '{}',
    leader_settings_version INTEGER NOT NULL DEFAULT 1,
    leader_terms INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (model_uuid, name),
    FOREIGN KEY (model_uuid, charm_url) REFERENCES charm (model_uuid, url)
) STRICT;

CREATE TABLE machine (
    model_uuid TEXT NOT NULL REFERENCES model ON DELETE CASCADE,
    id TEXT NOT NULL,
    host_name TEXT NOT NULL UNIQUE,
    base_name TEXT NOT NULL,
    base_channel TEXT NOT NULL,
    life TEXT NOT NULL DEFAULT 'alive',
    constraints TEXT NOT NULL,
    address TEXT NOT NULL DEFAULT '',
    running INTEGER NOT NULL DEFAULT 0,
    ssh_host_keys TEXT NOT NULL DEFAULT '[]',
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (model_uuid, id)
) STRICT;

CREATE TABLE unit (
    model_uuid TEXT NOT NULL REFERENCES model ON DELETE CASCADE,
    name TEXT NOT NULL,
    application TEXT NOT NULL,
    number INTEGER NOT NULL,
    life TEXT NOT NULL DEFAULT 'alive',
    machine_id TEXT NOT NULL,
    principal TEXT NOT NULL DEFAULT '',
    charm_url TEXT NOT NULL DEFAULT '',
    resolved TEXT NOT NULL DEFAULT '',
    -- When set, hook errors are passed over, and from that time on the unit is removed whatever it does.
    forced_ms INTEGER,
    agent_state TEXT NOT NULL DEFAULT '',
    workload_version TEXT NOT NULL DEFAULT '',
    charm_state TEXT NOT NULL DEFAULT '{}',
    ports TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (model_uuid, name),
    FOREIGN KEY (model_uuid, application) REFERENCES application (model_uuid, name),
    FOREIGN KEY (model_uuid, machine_id) REFERENCES machine (model_uuid, id)
) STRICT;
CREATE INDEX unit_application ON unit (model_uuid, application, number);
CREATE INDEX unit_machine ON unit (model_uuid, machine_id);
CREATE INDEX unit_principal ON unit (model_uuid, principal);

CREATE TABLE relation (
    model_uuid TEXT NOT NULL REFERENCES model ON DELETE CASCADE,
    id INTEGER NOT NULL,
    key TEXT NOT NULL,
    life TEXT NOT NULL DEFAULT 'alive',
    scope TEXT NOT NULL,
    interface TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (model_uuid, id),
    UNIQUE (model_uuid, key)
) STRICT;

CREATE TABLE relation_endpoint (
    model_uuid TEXT NOT NULL,
    relation_id INTEGER NOT NULL,
    application TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    scope TEXT NOT NULL,
    relation_limit INTEGER NOT NULL,
    optional INTEGER NOT NULL,
    -- The settings of the application; version 0 means never written.
    settings TEXT NOT NULL DEFAULT '{}',
    version INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (model_uuid, relation_id, role),
    FOREIGN KEY (model_uuid, relation_id) REFERENCES relation (model_uuid, id) ON DELETE CASCADE,
    FOREIGN KEY (model_uuid, application) REFERENCES application (model_uuid, name)
) STRICT;
CREATE INDEX relation_endpoint_application ON relation_endpoint (model_uuid, application);

-- A unit in a relation. The row stays when the unit departs: others may still read its settings.
CREATE TABLE relation_unit (
    model_uuid TEXT NOT NULL,
    relation_id INTEGER NOT NULL,
    unit TEXT NOT NULL,
    in_scope INTEGER NOT NULL,
    settings TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (model_uuid, relation_id, unit),
    FOREIGN KEY (model_uuid, relation_id) REFERENCES relation (model_uuid, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX relation_unit_unit ON relation_unit (model_uuid, unit);

CREATE TABLE status (
    model_uuid TEXT NOT NULL REFERENCES model ON DELETE CASCADE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    message TEXT NOT NULL,
    data TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    PRIMARY KEY (model_uuid, kind, name)
) STRICT;

CREATE TABLE status_history (
    id INTEGER PRIMARY KEY,
    model_uuid TEXT NOT NULL REFERENCES model ON DELETE CASCADE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    message TEXT NOT NULL,
    data TEXT NOT NULL,
    since_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX status_history_entity ON status_history (model_uuid, kind, name, id);

CREATE TABLE operation (
    model_uuid TEXT NOT NULL REFERENCES model ON DELETE CASCADE,
    id INTEGER NOT NULL,
    summary TEXT NOT NULL,
    enqueued_ms INTEGER NOT NULL,
    fail TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (model_uuid, id)
) STRICT;

CREATE TABLE action (
    model_uuid TEXT NOT NULL,
    id INTEGER NOT NULL,
    operation_id INTEGER NOT NULL,
    receiver TEXT NOT NULL,
    machine INTEGER NOT NULL,
    name TEXT NOT NULL,
    parameters TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending',
    message TEXT NOT NULL DEFAULT '',
    results TEXT NOT NULL DEFAULT '{}',
    enqueued_ms INTEGER NOT NULL,
    started_ms INTEGER NOT NULL DEFAULT 0,
    completed_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (model_uuid, id),
    FOREIGN KEY (model_uuid, operation_id) REFERENCES operation (model_uuid, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX action_operation ON action (model_uuid, operation_id);
CREATE INDEX action_unfinished ON action (model_uuid, machine, receiver, id)
    WHERE status IN ('pending', 'running', 'aborting');

CREATE TABLE action_log (
    model_uuid TEXT NOT NULL,
    action_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (model_uuid, action_id, number),
    FOREIGN KEY (model_uuid, action_id) REFERENCES action (model_uuid, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE annotation (
    model_uuid TEXT NOT NULL REFERENCES model ON DELETE CASCADE,
    tag TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model_uuid, tag, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE log (
    model_uuid TEXT NOT NULL REFERENCES model ON DELETE CASCADE,
    number INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    entity TEXT NOT NULL,
    severity TEXT NOT NULL,
    module TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (model_uuid, number)
) STRICT;
