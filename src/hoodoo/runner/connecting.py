"""How a run gets its model, and what makes the scripts of a spec use the same one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from hoodoo import settings as settings_module
from hoodoo.juju import connect, driver, handing

Connect = Callable[
    [str, str, connect.Note, connect.Making | None], tuple[driver.Driver | None, Mapping[str, str]]
]
"""From the model asked for, its default name, a listener, and how to make what is not there, if at all: a
driver, if there is a model, and variables for scripts."""


def connect_juju(settings: settings_module.Settings) -> Connect:
    """Return what opens models with *settings*."""

    def connected(
        wanted: str, default: str, note: connect.Note, making: connect.Making | None
    ) -> tuple[driver.Driver | None, Mapping[str, str]]:
        if making:
            opened, target = connect.open_driver(
                settings, wanted=wanted, default=default, note=note, making=making
            )
        else:
            opened, target = connect.find_model(settings, wanted=wanted, default=default, note=note)
        if target is None:
            note('no Juju controller is registered: programs of the spec run without one')
            return None, {}
        # Also of one that is not there: scripts shall not meet whatever model is current instead.
        name = f'{target.controller.name}:{wanted.rpartition(":")[2] or default}'
        if opened is None:
            note(f'there is no model {name}: no line of this manifest makes it')
        variables = {
            'JUJU_MODEL': name,
            'JUJU_DATA': str(target.juju_data),
            'PATH': f'{program_folder(settings, target)}:{settings.environ.get("PATH", os.defpath)}',
        }
        return opened, variables

    return connected


def program_folder(settings: settings_module.Settings, target: connect.Target) -> Path:
    """A directory that holds the run's juju program as ``juju`` and nothing else."""
    if target.program.with_name(handing.BEHIND).is_symlink():
        return target.program.parent  # of a connected shell, which no other is to share
    program = target.program.resolve() if target.program.is_absolute() else target.program
    # Of each program one: other runs have other programs, those of controllers of the same name too.
    digest = hashlib.sha256(os.fsencode(program)).hexdigest()[:12]
    folder = settings.cache / 'bin' / f'{target.controller.name}-{digest}'
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f'.juju.{os.getpid()}'
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(program)
    fresh.replace(folder / 'juju')
    return folder
