"""The `pocket` command: starts and stops the controller, shows where it is, looks after images."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ['main']


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ['juju']:
        # Before anything else is imported: this one is run many times in a deployment.
        from pocket.client.main import main as juju

        return juju(words[1:])
    from pocket.cli import app

    return app.run(words)
