-- On Kubernetes a unit runs in a pod, which is a machine that nobody sees: the unit that it is for, else empty.
ALTER TABLE machine ADD COLUMN pod_of TEXT NOT NULL DEFAULT '';
-- How many units an application on Kubernetes is to have; NULL on machines.
ALTER TABLE application ADD COLUMN scale INTEGER;
-- Where all units of an application on Kubernetes are reached together; empty until it has an address.
ALTER TABLE application ADD COLUMN service_address TEXT NOT NULL DEFAULT '';
CREATE TRIGGER application_scale AFTER UPDATE OF scale, service_address ON application
BEGIN
    INSERT INTO changed VALUES (NEW.model_uuid, 'application', NEW.name);
END;

-- What the Kubernetes API of a model keeps: secrets by name, ingresses.
CREATE TABLE kube_object (
    model_uuid TEXT NOT NULL REFERENCES model ON DELETE CASCADE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    uid TEXT NOT NULL,
    -- Grows with each change of it.
    version INTEGER NOT NULL,
    -- As the API has it, without what the columns say.
    document TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (model_uuid, kind, name)
) STRICT, WITHOUT ROWID;

INSERT INTO cloud VALUES ('k8s', 'kubernetes', '{"auth-types":["empty"],"regions":[{"name":"default"}]}', 0);
