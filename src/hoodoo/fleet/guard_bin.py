"""Puts the ``juju`` of a session into its ``bin``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from bedrock import errors, files
from hoodoo.fleet import guard
from hoodoo.juju import handing

__all__ = ['made']

# Without site packages it starts in a third of the time; without the user's variables nobody changes it.
_PROGRAM = """#!{python} -IS
import sys
sys.path.append({source!r})
from hoodoo.fleet.guard import main
sys.exit(main({folder!r}, sys.argv[1:]))
"""


def made(folder: Path, facts: Mapping[str, str], *, program: Path) -> Path:
    """Make ``bin`` with the guard in *folder*, a session's, and note *facts* for it; returns ``bin``."""
    for name, value in facts.items():
        if '\n' in value:
            raise errors.UsageFault(f'cannot use {name} "{value!r}": it has several lines')
    files.write_private(folder / guard.FACTS, ''.join(f'{name}={value}\n' for name, value in facts.items()))
    bin_folder = folder / 'bin'
    bin_folder.mkdir(mode=0o700)
    source = str(Path(__file__).resolve().parents[2])
    path = bin_folder / 'juju'
    path.write_text(_PROGRAM.format(python=sys.executable, source=source, folder=str(folder)))
    path.chmod(0o700)
    (bin_folder / handing.BEHIND).symlink_to(program)
    return bin_folder
