"""How a run gets its model, and what makes the scripts of a spec use the same one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from hoodoo import settings as settings_module
from hoodoo.juju import connect, driver

Connect = Callable[[str, str, connect.Note], tuple[driver.Driver, Mapping[str, str]]]
"""From the model asked for, its default name and a listener: a driver, and variables for scripts."""


def connect_juju(settings: settings_module.Settings) -> Connect:
    """Return what opens models with *settings*."""

    def connected(wanted: str, default: str, note: connect.Note) -> tuple[driver.Driver, Mapping[str, str]]:
        opened, target = connect.open_driver(settings, wanted=wanted, default=default, note=note)
        variables = {
            'JUJU_MODEL': opened.model,
            'JUJU_DATA': str(target.juju_data),
            'PATH': f'{_program_folder(settings, target)}:{settings.environ.get("PATH", os.defpath)}',
        }
        return opened, variables

    return connected


def _program_folder(settings: settings_module.Settings, target: connect.Target) -> Path:
    """A directory that holds the run's juju program as ``juju`` and nothing else."""
    folder = settings.cache / 'bin' / target.controller.name
    folder.mkdir(parents=True, exist_ok=True)
    program = target.program.resolve() if target.program.is_absolute() else target.program
    fresh = folder / f'.juju.{os.getpid()}'
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(program)
    fresh.replace(folder / 'juju')
    return folder
