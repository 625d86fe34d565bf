"""Secrets (juju.md 3.6): revisions, who may read them, who tracks which one, what their owners are told.

`revisions` keeps them, `records` tells about them, `access` says who may read them, `tracking` what units
have read; `changes` does what a hook leaves behind, `events` says what agents are to tell their charms,
`operator` serves clients.
"""
