-- Units that read secrets of other models are found by their name there.
CREATE INDEX secret_consumer_unit ON secret_consumer (unit);
CREATE INDEX secret_id ON secret (id);
