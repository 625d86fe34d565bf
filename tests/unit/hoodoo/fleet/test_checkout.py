"""Workspaces: the spec as it is deployed, unless a run needs it as it is."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bedrock import errors, process
from hoodoo import settings as settings_module
from hoodoo.fleet import checkout
from hoodoo.inventory.state import State
from hoodoo.journal import events, journal, rows
from hoodoo.runner import locks
from tests.unit.hoodoo.fleet.conftest import Make

_AUTHOR = ('-c', 'user.name=T', '-c', 'user.email=t@example.com')


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Three commits: v1, v2 and one more."""
    folder = tmp_path / 'spec'
    (folder / 'production').mkdir(parents=True)
    (folder / 'production' / 'x').touch()
    process.run(['git', 'init', '--quiet', '.'], cwd=folder)
    for text in ('v1', 'v2', 'v3'):
        (folder / 'manifest').write_text(f'# {text}\n')
        process.run(['git', 'add', '--all'], cwd=folder)
        process.run(['git', *_AUTHOR, 'commit', '--quiet', '-m', text], cwd=folder)
        if text != 'v3':
            process.run(['git', 'tag', text], cwd=folder)
    return folder


@pytest.mark.parametrize(
    ('spec', 'revision', 'address'),
    [
        ('git+https://example.com/specs', 'v1', 'git+https://example.com/specs;revno=v1'),
        ('git+https://example.com/specs;branch=main', 'v1', 'git+https://example.com/specs;revno=v1'),
        ('git+https://example.com/specs;branch=main', '', 'git+https://example.com/specs;branch=main'),
        ('lp:~x/y', '12', 'lp:~x/y;revno=12'),
        ('/no/such/directory', 'v1', '/no/such/directory'),
    ],
)
def test_an_address_at_a_revision(spec: str, revision: str, address: str) -> None:
    assert checkout.pinned(spec, revision) == address


def test_what_was_deployed_goes_before_what_is_wanted(environment: Make) -> None:
    wanted = environment(revision='v2')
    assert checkout.deployed_revision(wanted, State(revision='abc')) == 'abc'
    assert checkout.deployed_revision(wanted, State()) == 'v2'


def _text(found: checkout.Checkout | None) -> str:
    assert found is not None
    return (found.folder / 'manifest').read_text()


def test_the_workspace_has_the_revision_and_follows_it(
    settings: settings_module.Settings, environment: Make, repository: Path
) -> None:
    there = environment(spec=f'git+file://{repository}')
    notes: list[str] = []
    for revision, text in (('v1', '# v1\n'), ('v2', '# v2\n'), ('', '# v3\n')):
        found = checkout.made(settings, there, revision=revision, note=notes.append)
        assert _text(found) == text
        assert found is not None
        assert len(found.revision) == 40
        assert found.variables['MOJO_SPEC_DIR'] == str(found.folder)
        assert found.variables['MOJO_STAGE'] == 'production'
        assert found.variables['MOJO_WORKSPACE'] == 'mirror+aws+tokyo+production'
    assert notes == []


def test_variables_around_us_do_not_matter(
    settings: settings_module.Settings, environment: Make, repository: Path
) -> None:
    other = dataclasses.replace(settings, project='p', workspace='w', stage='s', spec='x', model='m')
    found = checkout.made(other, environment(spec=str(repository), stage=''), revision='', note=print)
    assert found is not None
    assert (found.variables['MOJO_PROJECT'], found.variables['MOJO_STAGE']) == ('mirror', '')


def test_a_revision_that_is_gone_says_what_to_do(
    settings: settings_module.Settings, environment: Make, repository: Path
) -> None:
    there = environment(spec=f'git+file://{repository}')
    with pytest.raises(errors.Fault) as raised:
        checkout.made(settings, there, revision='gone', note=print)
    text = errors.render(raised.value)
    assert 'cannot check out the spec of mirror/aws/tokyo/production at revision gone (mirror.yaml:7)' in text
    assert '--revision' in text
    assert '--no-spec' in text


def test_offline_uses_what_is_there(
    settings: settings_module.Settings, environment: Make, repository: Path, tmp_path: Path
) -> None:
    there = environment(spec=f'git+file://{repository}')
    checkout.made(settings, there, revision='v1', note=print)
    repository.rename(tmp_path / 'away')
    with pytest.raises(errors.Fault):
        checkout.made(settings, there, revision='v1', note=print)
    offline = dataclasses.replace(settings, offline=True)
    assert _text(checkout.made(offline, there, revision='v1', note=print)) == '# v1\n'


def test_a_run_in_the_workspace_keeps_its_spec(
    settings: settings_module.Settings, environment: Make, repository: Path
) -> None:
    there = environment(spec=f'git+file://{repository}')
    found = checkout.made(settings, there, revision='v1', note=print)
    assert found is not None
    notes: list[str] = []
    space = found.folder.parent
    with locks.held(locks.workspace_lock(space), 'it'):
        assert _text(checkout.made(settings, there, revision='v2', note=notes.append)) == '# v1\n'
    assert 'a run is in the workspace' in notes[0]
    assert _text(checkout.made(settings, there, revision='v2', note=notes.append)) == '# v2\n'


def test_an_unfinished_run_can_still_be_resumed(
    settings: settings_module.Settings, environment: Make, repository: Path
) -> None:
    there = environment(spec=f'git+file://{repository}')
    found = checkout.made(settings, there, revision='v1', note=print)
    assert found is not None
    opened = journal.Journal(settings.root / 'journal.db')
    new = rows.New(
        spec='x',
        stage='production',
        project='mirror',
        workspace='mirror+aws+tokyo+production',
        series=found.variables['MOJO_SERIES'],
        manifest='manifest',
    )
    number = opened.begin(new, [])
    opened.emit(number, events.RunEnded(run=number, outcome='failed', seconds=1.0, changes=0, error='x'))
    opened.close()
    notes: list[str] = []
    assert _text(checkout.made(settings, there, revision='v2', note=notes.append)) == '# v1\n'
    assert notes == [f'the workspace keeps the spec of run {number}, failed: hoodoo resume {number}']


def test_a_directory_has_no_revisions(
    settings: settings_module.Settings, environment: Make, tmp_path: Path
) -> None:
    folder = tmp_path / 'inventory' / 'plain'
    (folder / 'production').mkdir(parents=True)
    (folder / 'manifest').write_text('# now\n')
    notes: list[str] = []
    assert (
        _text(checkout.made(settings, environment(spec='plain'), revision='v1', note=notes.append))
        == '# now\n'
    )
    assert 'a directory without history' in notes[0]
    assert checkout.made(settings, environment(), revision='', note=print) is None
