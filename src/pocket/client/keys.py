"""The SSH keys that a new model lets in."""

from __future__ import annotations

from pathlib import Path

from bedrock import jujukeys


def authorized(juju_data: Path) -> str:
    """The public keys of the client, one a line.

    Raises:
        ProgramFault: there is none, and none can be made.
    """
    jujukeys.ensure(juju_data)
    public = sorted((juju_data / 'ssh').glob('*.pub'))
    return '\n'.join(path.read_text().strip() for path in public)
