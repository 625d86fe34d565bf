"""The orchestrator: a spec (manifest and stages) becomes a verified environment on any Juju controller."""
