"""The juju program that the scripts of a spec find."""

from __future__ import annotations

import shutil
from pathlib import Path

from hoodoo import settings
from hoodoo.juju import clientfiles, connect
from hoodoo.runner import connecting


def _target(home: Path) -> connect.Target:
    program = home / 'bin' / 'juju'
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\n')
    controller = clientfiles.Controller(
        name='pocket', endpoints=(), ca='', cloud='pocket', user='admin', password=''
    )
    return connect.Target(controller=controller, program=program, juju_data=home / 'juju')


def test_runs_on_controllers_of_one_name_have_each_their_own_program(tmp_path: Path) -> None:
    loaded = settings.load({'HOME': str(tmp_path)})
    one, other = _target(tmp_path / 'one'), _target(tmp_path / 'other')
    folders = [connecting.program_folder(loaded, target) for target in (one, other)]
    # What happens to one of them does nothing to a run on the other.
    shutil.rmtree(tmp_path / 'other')
    assert (folders[0] / 'juju').resolve() == one.program
    assert (folders[0] / 'juju').is_file()
    assert connecting.program_folder(loaded, one) == folders[0]
