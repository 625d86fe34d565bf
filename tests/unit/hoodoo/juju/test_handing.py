"""Files for the juju program."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

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
