-- Endpoints of an application that other models may relate to.
CREATE TABLE offer (
    uuid TEXT NOT NULL PRIMARY KEY,
    model_uuid TEXT NOT NULL REFERENCES model ON DELETE CASCADE,
    name TEXT NOT NULL,
    application TEXT NOT NULL,
    description TEXT NOT NULL,
    endpoints TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    UNIQUE (model_uuid, name),
    FOREIGN KEY (model_uuid, application) REFERENCES application (model_uuid, name)
) STRICT;
CREATE INDEX offer_application ON offer (model_uuid, application);

-- An offer under the name that a consuming model has for it. Its endpoints are kept: the offer may go first.
CREATE TABLE saas (
    model_uuid TEXT NOT NULL REFERENCES model ON DELETE CASCADE,
    name TEXT NOT NULL,
    offer_uuid TEXT NOT NULL,
    offer_url TEXT NOT NULL,
    source_model TEXT NOT NULL,
    endpoints TEXT NOT NULL,
    life TEXT NOT NULL DEFAULT 'alive',
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (model_uuid, name)
) STRICT;
CREATE INDEX saas_offer ON saas (offer_uuid);

-- A relation through an offer is two rows, one in each model, that name the same offer.
ALTER TABLE relation ADD COLUMN offer_uuid TEXT NOT NULL DEFAULT '';
ALTER TABLE relation ADD COLUMN suspended INTEGER NOT NULL DEFAULT 0;
ALTER TABLE relation ADD COLUMN via_cidrs TEXT NOT NULL DEFAULT '';
CREATE INDEX relation_offer ON relation (offer_uuid) WHERE offer_uuid <> '';

-- Each end of a relation has a home: the relation whose row holds the settings of that end and whose units
-- are the ones in scope. An application of the model itself is at home where it is; the other model's end of
-- a relation through an offer is at home there, and its name here is only this model's name for it.
CREATE TABLE new_relation_endpoint (
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
    home_model TEXT NOT NULL,
    home_relation INTEGER NOT NULL,
    home_application TEXT NOT NULL,
    PRIMARY KEY (model_uuid, relation_id, role),
    FOREIGN KEY (model_uuid, relation_id) REFERENCES relation (model_uuid, id) ON DELETE CASCADE
) STRICT;
INSERT INTO new_relation_endpoint
    SELECT relation_endpoint.*, model_uuid, relation_id, application FROM relation_endpoint;
DROP TABLE relation_endpoint;
ALTER TABLE new_relation_endpoint RENAME TO relation_endpoint;
CREATE INDEX relation_endpoint_application ON relation_endpoint (model_uuid, application);
CREATE INDEX relation_endpoint_home ON relation_endpoint (home_model, home_relation);
