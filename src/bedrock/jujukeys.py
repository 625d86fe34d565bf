"""The SSH key pair of Juju's client, $JUJU_DATA/ssh/juju_id_rsa, by which it logs in to machines."""

from __future__ import annotations

from pathlib import Path

from bedrock import files, process
from bedrock.jujulock import locked

__all__ = ['ensure']

_MAKE_S = 60.0


def ensure(juju_data: Path) -> Path:
    """Return the private key; what of the pair is absent is made.

    Raises:
        bedrock.process.ProgramFault: ssh-keygen is missing or failed.
    """
    private = juju_data / 'ssh' / 'juju_id_rsa'
    public = private.with_name('juju_id_rsa.pub')
    files.make_private_folder(private.parent)
    with locked(juju_data):
        if not private.is_file():
            _keygen('-q', '-t', 'rsa', '-b', '3072', '-N', '', '-C', 'juju-client-key', '-f', str(private))
            files.give_to_owner(private)
            files.give_to_owner(public)
        elif not public.is_file():
            files.write_private(public, _keygen('-y', '-f', str(private)))
    return private


def _keygen(*arguments: str) -> str:
    return process.run(['ssh-keygen', *arguments], timeout_s=_MAKE_S).stdout
