"""Files for the juju program."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from hoodoo import model
from hoodoo.juju import handing


def _program(folder: Path) -> Path:
    folder.mkdir(parents=True)
    program = folder / 'juju'
    program.write_text('#!/bin/sh\n')
    program.chmod(0o755)
    return program


@pytest.mark.parametrize(('place', 'inner'), [('usr/bin', None), ('snap/bin', 'home/snap/juju/common')])
def test_only_a_snap_is_given_files_in_its_own_directory(
    tmp_path: Path, place: str, inner: str | None
) -> None:
    found = handing.scratch(_program(tmp_path / place), home=tmp_path / 'home')
    assert found == (tmp_path / inner if inner else None)


def test_options_are_in_a_private_file_that_does_not_stay(tmp_path: Path) -> None:
    with handing.options_file('a', {'key': 'value'}, tmp_path / 'common') as name:
        assert Path(name).parent == tmp_path / 'common'
        assert Path(name).stat().st_mode & 0o077 == 0
        assert yaml.safe_load(Path(name).read_text()) == {'a': {'key': 'value'}}
    assert not Path(name).exists()


@pytest.mark.parametrize(
    ('pods', 'kind'), [(False, {}), (True, {'bundle': 'kubernetes'})], ids=['machines', 'pods']
)
def test_what_has_no_unit_yet_is_a_bundle_for_its_kind_of_model(
    tmp_path: Path, pods: bool, kind: dict[str, str]
) -> None:
    wanted = model.WantedApplication(
        name='web', charm=model.LocalCharm(path=tmp_path), num_units=0, options={'key': 'v'}, trust=True
    )
    told = {'charm': '/a.charm', 'options': {'key': 'v'}, 'trust': True}
    with handing.bundle_file(wanted, '/a.charm', None, pods=pods) as name:
        assert Path(name).suffix == '.yaml'
        found = yaml.safe_load(Path(name).read_text())
    units = found['applications']['web'].pop('scale' if pods else 'num_units')
    assert (units, found) == (0, {**kind, 'applications': {'web': told}})


def test_a_charm_is_copied_only_for_a_snap(tmp_path: Path) -> None:
    archive = tmp_path / '.cache' / 'a.charm'
    archive.parent.mkdir()
    archive.write_text('zip')
    with handing.charm(str(archive), None) as given:
        assert given == str(archive)
    with handing.charm(str(archive), tmp_path / 'common') as given:
        assert Path(given).is_relative_to(tmp_path / 'common')
        assert Path(given).read_text() == 'zip'
        assert Path(given).name == 'a.charm'
    with handing.charm('ubuntu', tmp_path / 'common') as given:
        assert given == 'ubuntu'
    assert list((tmp_path / 'common').iterdir()) == []
