CREATE TABLE secret (
    model_uuid TEXT NOT NULL REFERENCES model ON DELETE CASCADE,
    id TEXT NOT NULL,
    -- application, unit or model; the name of a model's own secret is empty.
    owner_kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    label TEXT NOT NULL,
    description TEXT NOT NULL,
    rotate_policy TEXT NOT NULL,
    next_rotate_ms INTEGER,
    latest_revision INTEGER NOT NULL DEFAULT 0,
    auto_prune INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    PRIMARY KEY (model_uuid, id)
) STRICT;
CREATE UNIQUE INDEX secret_label ON secret (model_uuid, owner_kind, owner, label) WHERE label <> '';

CREATE TABLE secret_revision (
    model_uuid TEXT NOT NULL,
    secret_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    -- The values in base64, by key.
    content TEXT NOT NULL,
    checksum TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    expire_ms INTEGER,
    -- When its owner is to be told next that it has expired.
    expire_due_ms INTEGER,
    -- The unit that was told that nobody tracks it any more.
    obsolete_told TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (model_uuid, secret_id, number),
    FOREIGN KEY (model_uuid, secret_id) REFERENCES secret (model_uuid, id) ON DELETE CASCADE
) STRICT;

-- A unit that has read a secret.
CREATE TABLE secret_consumer (
    model_uuid TEXT NOT NULL,
    secret_id TEXT NOT NULL,
    unit TEXT NOT NULL,
    label TEXT NOT NULL,
    tracked INTEGER NOT NULL,
    -- The newest revision that its secret-changed hook told of.
    told INTEGER NOT NULL,
    PRIMARY KEY (model_uuid, secret_id, unit),
    FOREIGN KEY (model_uuid, secret_id) REFERENCES secret (model_uuid, id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX secret_consumer_label ON secret_consumer (model_uuid, unit, label) WHERE label <> '';

-- Who else may read a secret: an application or a unit, as long as a relation is there (-1: the model).
CREATE TABLE secret_grant (
    model_uuid TEXT NOT NULL,
    secret_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    relation_id INTEGER NOT NULL,
    PRIMARY KEY (model_uuid, secret_id, kind, subject, relation_id),
    FOREIGN KEY (model_uuid, secret_id) REFERENCES secret (model_uuid, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX secret_grant_subject ON secret_grant (model_uuid, subject);

-- The unit that may change a secret and is told of its times: the owner, or the leader of the owner.
CREATE VIEW secret_manager AS
    SELECT model_uuid, id AS secret_id, owner AS unit FROM secret WHERE owner_kind = 'unit'
    UNION ALL
    SELECT s.model_uuid, s.id, application.leader FROM secret s
    JOIN application ON application.model_uuid = s.model_uuid AND application.name = s.owner
    WHERE s.owner_kind = 'application' AND application.leader <> '';

-- The revisions that are neither the latest nor tracked by anyone.
CREATE VIEW secret_obsolete AS
    SELECT r.model_uuid, r.secret_id, r.number FROM secret_revision r
    JOIN secret s ON s.model_uuid = r.model_uuid AND s.id = r.secret_id
    WHERE r.number < s.latest_revision AND NOT EXISTS (
        SELECT 1 FROM secret_consumer c
        WHERE c.model_uuid = r.model_uuid AND c.secret_id = r.secret_id AND c.tracked = r.number
    );
