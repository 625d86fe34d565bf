"""Secrets come from LOCAL into the workspace, for the owner alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from bedrock import errors
from hoodoo.projects import layout, localsecrets


@pytest.fixture
def space(tmp_path: Path) -> layout.Workspace:
    project = layout.Project(root=tmp_path, name='p', series='noble')
    made = layout.Workspace(project=project, name='w')
    made.ensure(spec='', stage='lp/qa')
    localsecrets.source(made, 'lp/qa').mkdir(parents=True)
    return made


def test_modes_are_the_owners_whatever_they_were(space: layout.Workspace) -> None:
    start = localsecrets.source(space, 'lp/qa')
    (start / 'keys').mkdir(mode=0o755)
    (start / 'keys' / 'id').write_text('k')
    (start / 'keys' / 'id').chmod(0o666)
    assert localsecrets.bring(space, 'lp/qa') == localsecrets.Brought(1, 1)
    found = {path.name: path.stat().st_mode & 0o777 for path in space.local.rglob('*')}
    assert found == {'keys': 0o700, 'id': 0o600}
    assert space.local.stat().st_mode & 0o777 == 0o700
    assert localsecrets.bring(space, 'lp/qa') == localsecrets.Brought(1, 0)


def test_it_only_adds_and_mends_a_mode(space: layout.Workspace) -> None:
    (space.local / 'cert').write_text('made by a build')
    secret = localsecrets.source(space, 'lp/qa') / 'key'
    secret.write_text('1')
    localsecrets.bring(space, 'lp/qa')
    (space.local / 'key').chmod(0o644)
    assert localsecrets.bring(space, 'lp/qa').changed == 1
    assert (space.local / 'key').stat().st_mode & 0o777 == 0o600
    secret.write_text('22')
    localsecrets.bring(space, 'lp/qa')
    assert (space.local / 'key').read_text() == '22'
    assert (space.local / 'cert').read_text() == 'made by a build'


def test_a_link_in_the_workspace_is_replaced_and_not_written_through(
    space: layout.Workspace, tmp_path: Path
) -> None:
    elsewhere = tmp_path / 'elsewhere'
    elsewhere.write_text('mine')
    (space.local / 'key').symlink_to(elsewhere)
    (localsecrets.source(space, 'lp/qa') / 'key').write_text('k')
    localsecrets.bring(space, 'lp/qa')
    assert elsewhere.read_text() == 'mine'
    assert (space.local / 'key').read_text() == 'k'


def test_links_in_local_are_followed_but_not_in_circles(space: layout.Workspace, tmp_path: Path) -> None:
    shared = tmp_path / 'LOCAL' / 'shared'
    shared.mkdir()
    (shared / 'ca').write_text('c')
    start = localsecrets.source(space, 'lp/qa')
    (start / 'all').symlink_to('../../../shared')
    (start / 'again').symlink_to('.')
    assert localsecrets.bring(space, 'lp/qa').files == 1
    assert (space.local / 'all' / 'ca').read_text() == 'c'


def test_a_link_to_nowhere_is_named(space: layout.Workspace) -> None:
    (localsecrets.source(space, 'lp/qa') / 'gone').symlink_to('nowhere')
    with pytest.raises(errors.Fault, match='gone'):
        localsecrets.bring(space, 'lp/qa')
