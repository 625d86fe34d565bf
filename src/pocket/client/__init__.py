"""The `juju`-compatible command: Juju's arguments, output and exit codes over Juju's wire protocol.

It knows a controller only by what the Juju client's files say of it, so it works against pocket and against
a real controller alike. Start at `pocket.client.main`.
"""
