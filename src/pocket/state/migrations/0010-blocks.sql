-- Units that read secrets of other models are found by their name there.
CREATE INDEX secret_consumer_unit ON secret_consumer (unit);
CREATE INDEX secret_id ON secret (id);

-- What an operator has disabled in a model: destroying it, removing things from it, any change.
CREATE TABLE block (
    model_uuid TEXT NOT NULL REFERENCES model ON DELETE CASCADE,
    kind TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (model_uuid, kind)
) STRICT;
