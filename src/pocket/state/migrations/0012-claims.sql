-- The unit that storage comes back to: on Kubernetes a unit that was removed and is added again finds its data.
ALTER TABLE storage ADD COLUMN claim TEXT NOT NULL DEFAULT '';
-- Of a resource of type oci-image that is here: where the image is, and how to get in there (JSON).
ALTER TABLE resource ADD COLUMN image TEXT NOT NULL DEFAULT '';
ALTER TABLE unit_resource ADD COLUMN image TEXT NOT NULL DEFAULT '';
