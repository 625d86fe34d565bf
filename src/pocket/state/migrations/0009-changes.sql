-- What changed last in a model, by entity: who watches a model looks at these, not at all of it again. A row is
-- written by the triggers below whatever service changed the entity, and goes with its model.
CREATE TABLE change (
    model_uuid TEXT NOT NULL REFERENCES model ON DELETE CASCADE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Grows with each change in the model.
    number INTEGER NOT NULL,
    PRIMARY KEY (model_uuid, kind, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX change_number ON change (model_uuid, number);

-- The triggers write here, so that how a change gets its number is said once. It never keeps a row.
CREATE VIEW changed AS SELECT model_uuid, kind, name FROM change;
CREATE TRIGGER changed_insert INSTEAD OF INSERT ON changed
    -- Not when the model goes, and everything in it.
    WHEN EXISTS (SELECT 1 FROM model WHERE uuid = NEW.model_uuid)
BEGIN
    INSERT INTO change VALUES (
        NEW.model_uuid, NEW.kind, NEW.name,
        1 + coalesce((SELECT max(number) FROM change WHERE model_uuid = NEW.model_uuid), 0)
    ) ON CONFLICT (model_uuid, kind, name) DO UPDATE SET number = excluded.number;
END;

CREATE TRIGGER application_insert AFTER INSERT ON application BEGIN
    INSERT INTO changed VALUES (NEW.model_uuid, 'application', NEW.name);
END;
CREATE TRIGGER application_update AFTER UPDATE
    OF charm_url, base_name, base_channel, life, exposed, constraints, config ON application
BEGIN
    INSERT INTO changed VALUES (NEW.model_uuid, 'application', NEW.name);
END;
CREATE TRIGGER application_delete AFTER DELETE ON application BEGIN
    INSERT INTO changed VALUES (OLD.model_uuid, 'application', OLD.name);
END;
CREATE TRIGGER machine_insert AFTER INSERT ON machine BEGIN
    INSERT INTO changed VALUES (NEW.model_uuid, 'machine', NEW.id);
END;
CREATE TRIGGER machine_update AFTER UPDATE ON machine BEGIN
    INSERT INTO changed VALUES (NEW.model_uuid, 'machine', NEW.id);
END;
CREATE TRIGGER machine_delete AFTER DELETE ON machine BEGIN
    INSERT INTO changed VALUES (OLD.model_uuid, 'machine', OLD.id);
END;
CREATE TRIGGER unit_insert AFTER INSERT ON unit BEGIN
    INSERT INTO changed VALUES (NEW.model_uuid, 'unit', NEW.name);
END;
CREATE TRIGGER unit_update AFTER UPDATE
    -- What an agent notes of its own progress is not shown.
    OF life, machine_id, principal, charm_url, workload_version, ports ON unit
BEGIN
    INSERT INTO changed VALUES (NEW.model_uuid, 'unit', NEW.name);
END;
CREATE TRIGGER unit_delete AFTER DELETE ON unit BEGIN
    INSERT INTO changed VALUES (OLD.model_uuid, 'unit', OLD.name);
END;
CREATE TRIGGER relation_insert AFTER INSERT ON relation BEGIN
    INSERT INTO changed VALUES (NEW.model_uuid, 'relation', NEW.id);
END;
CREATE TRIGGER relation_update AFTER UPDATE ON relation BEGIN
    INSERT INTO changed VALUES (NEW.model_uuid, 'relation', NEW.id);
END;
CREATE TRIGGER relation_delete AFTER DELETE ON relation BEGIN
    INSERT INTO changed VALUES (OLD.model_uuid, 'relation', OLD.id);
END;
CREATE TRIGGER action_insert AFTER INSERT ON action BEGIN
    INSERT INTO changed VALUES (NEW.model_uuid, 'action', NEW.id);
END;
CREATE TRIGGER action_update AFTER UPDATE ON action BEGIN
    INSERT INTO changed VALUES (NEW.model_uuid, 'action', NEW.id);
END;
CREATE TRIGGER action_delete AFTER DELETE ON action BEGIN
    INSERT INTO changed VALUES (OLD.model_uuid, 'action', OLD.id);
END;
CREATE TRIGGER charm_insert AFTER INSERT ON charm BEGIN
    INSERT INTO changed VALUES (NEW.model_uuid, 'charm', NEW.url);
END;
CREATE TRIGGER charm_delete AFTER DELETE ON charm BEGIN
    INSERT INTO changed VALUES (OLD.model_uuid, 'charm', OLD.url);
END;
CREATE TRIGGER model_update AFTER UPDATE ON model BEGIN
    INSERT INTO changed VALUES (NEW.uuid, 'model', NEW.uuid);
END;
-- A status is part of what it is of; the kinds of status are more than the kinds of entities.
CREATE TRIGGER status_insert AFTER INSERT ON status BEGIN
    INSERT INTO changed VALUES (
        NEW.model_uuid,
        CASE NEW.kind WHEN 'agent' THEN 'unit' WHEN 'workload' THEN 'unit' WHEN 'instance' THEN 'machine' ELSE NEW.kind END,
        NEW.name
    );
END;
CREATE TRIGGER status_update AFTER UPDATE ON status BEGIN
    INSERT INTO changed VALUES (
        NEW.model_uuid,
        CASE NEW.kind WHEN 'agent' THEN 'unit' WHEN 'workload' THEN 'unit' WHEN 'instance' THEN 'machine' ELSE NEW.kind END,
        NEW.name
    );
END;
CREATE TRIGGER status_delete AFTER DELETE ON status BEGIN
    INSERT INTO changed VALUES (
        OLD.model_uuid,
        CASE OLD.kind WHEN 'agent' THEN 'unit' WHEN 'workload' THEN 'unit' WHEN 'instance' THEN 'machine' ELSE OLD.kind END,
        OLD.name
    );
END;
