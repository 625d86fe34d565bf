"""Juju 3.6's API: RPC over TLS websockets, and the HTTP endpoints beside it. It holds no rules."""
