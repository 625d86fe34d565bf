"""The driver: writes through jubilant and the juju program, reads through a thin websocket client."""
