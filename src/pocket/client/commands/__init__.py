"""The commands, one module a group; `pocket.client.registry` names them and imports one when it is called."""
