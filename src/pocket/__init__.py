"""An embedded, Juju-compatible controller for one Linux machine."""
