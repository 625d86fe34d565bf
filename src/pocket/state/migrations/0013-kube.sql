-- Where a model on Kubernetes is reached: the address that its bridge has, and the port of its Kubernetes API,
-- 0 while that does not answer.
CREATE TABLE kube_gateway (
    model_uuid TEXT PRIMARY KEY REFERENCES model ON DELETE CASCADE,
    address TEXT NOT NULL,
    port INTEGER NOT NULL DEFAULT 0
) STRICT;
