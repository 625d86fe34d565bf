"""Small files: written whole or not at all, and private ones belonging to whose folder they are in.

Programs here run as root, often for somebody who said ``sudo``: what they put into that person's folders is
to be that person's.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

__all__ = ['give_to_owner', 'home_of_invoker', 'make_private_folder', 'write', 'write_private']


def write(path: Path, text: str) -> None:
    """Replace *path* by *text* in one step, for whoever may read its folder, which is made if need be.

    One process at a time may write a file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f'.{path.name}.new')
    fresh.write_text(text)
    fresh.replace(path)


def write_private(path: Path, text: str) -> None:
    """Replace *path* by *text* in one step; only its owner may read it."""
    import tempfile  # every juju command imports this module, few write

    make_private_folder(path.parent)
    # mkstemp makes the file with mode 0600, so the text is never readable by others.
    number, scratch = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.')
    try:
        with os.fdopen(number, 'w') as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        give_to_owner(Path(scratch))
        Path(scratch).replace(path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise


def make_private_folder(folder: Path) -> None:
    """Make *folder* and what is missing above it, which only the owner may enter, unless it is there."""
    if not folder.is_dir():
        make_private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        give_to_owner(folder)


def give_to_owner(path: Path) -> None:
    """Let *path* belong to whoever has the folder that it is in. Only root can, and only root need."""
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.chown(path, folder.st_uid, folder.st_gid, follow_symlinks=False)


def home_of_invoker(environ: Mapping[str, str]) -> Path:
    """The home of the person who started this program: under sudo, of the person who said so."""
    if os.geteuid() == 0 and environ.get('SUDO_UID', '').isdecimal():
        try:
            return Path(pwd.getpwuid(int(environ['SUDO_UID'])).pw_dir)
        except KeyError:  # a user that is known elsewhere only
            pass
    return Path(environ.get('HOME') or '/root')
