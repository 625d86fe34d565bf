"""The client's own SSH key pair, $JUJU_DATA/ssh/juju_id_rsa, as Juju's client keeps it."""

from __future__ import annotations

from pathlib import Path

from bedrock import files, process

_MAKE_S = 60.0


def ensure(juju_data: Path) -> Path:
    """The private key; it is made when there is none.

    Raises:
        ProgramFault: it cannot be made.
    """
    key = juju_data / 'ssh' / 'juju_id_rsa'
    if not key.is_file():
        files.make_private_folder(key.parent)
        make = ['ssh-keygen', '-q', '-t', 'rsa', '-b', '3072', '-N', '', '-C', 'juju-client-key', '-f', key]
        process.run(make, timeout_s=_MAKE_S)
        files.give_to_owner(key)
        files.give_to_owner(key.with_suffix('.pub'))
    return key


def authorized(juju_data: Path) -> str:
    """The public keys that a new model lets in, one a line."""
    ensure(juju_data)
    public = sorted((juju_data / 'ssh').glob('*.pub'))
    return '\n'.join(path.read_text().strip() for path in public)
