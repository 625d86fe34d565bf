"""The phase collect: what is known before a run, the lock file, what it tells."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from bedrock import errors
from hoodoo import settings
from hoodoo.journal import events, journal
from hoodoo.juju import connect, driver
from hoodoo.phases import base
from hoodoo.phases.builtin import collect
from hoodoo.review import check, request
from hoodoo.runner import run
from hoodoo.spec import lookup, manifest
from hoodoo.vcs import bzr, git


class World:
    """A spec with a collect file, and a workspace."""

    def __init__(self, tmp_path: Path) -> None:
        self.spec = tmp_path / 'spec'
        self.spec.mkdir()
        for name in ('web', 'data'):
            (tmp_path / name).mkdir()
            (tmp_path / name / 'file').write_text(name)
        (tmp_path / 'web/metadata.yaml').write_text('name: web\n')
        self.source = tmp_path / 'web'
        self.settings = settings.load({'HOME': str(tmp_path), 'PATH': os.environ['PATH']})
        self.journal = journal.Journal(tmp_path / 'journal.db')
        self.write('collect\n', 'manifest')
        asked = request.complete(request.Given(spec=str(self.spec)), self.settings)
        self.place = check.place(asked, lookup.SpecView(root=self.spec), cache=self.settings.cache)
        self.place.workspace.build.mkdir(parents=True)
        self.notes: list[str] = []
        self.write('web ../web\ndata ../data\nempty @\n')

    def write(self, text: str, name: str = 'collect') -> None:
        (self.spec / name).write_text(text)

    def prepare(self, line: str = 'collect') -> tuple[base.Job | None, base.Outlook]:
        (call,) = manifest.parse(line, file='manifest').calls
        outlook = base.Outlook()
        return collect.Collect().prepare(call, self.place, outlook), outlook

    def problems(self, line: str = 'collect') -> list[str]:
        job, outlook = self.prepare(line)
        assert job is None
        return [f'{problem.where}: {problem.message}' for problem in outlook.problems]

    def run(self, line: str = 'collect') -> str:
        """Run one line and return the phase's summary."""
        self.write(f'{line}\n', 'manifest')
        asked = request.complete(request.Given(spec=str(self.spec)), self.settings)
        runner = run.Runner(settings=self.settings, journal=self.journal, connect=_no_model)
        number = runner.run(asked)
        found = [record.event for record in self.journal.records(number)]
        self.notes = [event.text for event in found if isinstance(event, events.Note)]
        return next(event.summary for event in found if isinstance(event, events.PhaseEnded))


def _no_model(
    wanted: str, default: str, note: connect.Note, making: connect.Making | None
) -> tuple[driver.Driver, Mapping[str, str]]:
    raise AssertionError('collect needs no model')


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_each_source_is_told_with_its_state_and_charms_are_stocked(world: World) -> None:
    assert world.run() == '3 sources: 3 new; 1 charm changed'
    assert sorted(note for note in world.notes if note.startswith('new')) == [
        'new        empty  empty  directory',
        f'new        local  data   copy of {world.spec.parent / "data"}',
        f'new        local  web    copy of {world.source}',
    ]
    assert 'charm repository: web' in world.notes
    assert (world.place.workspace.repo / 'noble/web/metadata.yaml').exists()
    assert world.run() == '3 sources: 3 unchanged; no charm changed'
    (world.source / 'file').write_text('changed')
    assert world.run() == '3 sources: 1 updated, 2 unchanged; 1 charm changed'


def test_what_was_collected_is_locked_and_brought_again(world: World) -> None:
    world.run()
    lock = world.place.workspace.build / 'collect.lock'
    assert f'locked in {lock}' in world.notes
    first = lock.read_text()
    world.run()
    assert lock.read_text() == first
    assert not any('locked' in note for note in world.notes)
    lock.rename(world.spec / 'collect.lock')
    assert world.run('collect locked=True') == '3 sources: 3 unchanged; no charm changed'
    assert not lock.exists()
    (world.source / 'file').write_text('changed')
    (world.spec.parent / 'data/file').write_text('changed')
    with pytest.raises(errors.Fault) as failure:
        world.run('collect locked=True')
    assert 'cannot collect 2 of 3 sources' in str(failure.value)
    assert (world.place.workspace.build / 'web/file').read_text() == 'web'


def test_offline_is_for_the_whole_run_or_for_the_line(world: World) -> None:
    world.write('a https://127.0.0.1:1/f\n')
    world.settings = dataclasses.replace(
        world.settings, environ={**world.settings.environ, 'HOODOO_OFFLINE': '1'}
    )
    for line in ('collect', 'collect offline=True'):
        with pytest.raises(errors.Fault) as failure:
            world.run(line)
        assert 'cannot be had offline' in errors.render(failure.value)
        world.settings = settings.load({'HOME': str(world.spec.parent), 'PATH': os.environ['PATH']})


def test_a_lock_that_does_not_fit_is_told_before_with_all_that_differs(world: World) -> None:
    assert world.problems('collect locked=True') == [
        f'manifest:1:1: there is no lock file {world.spec}/collect.lock'
    ]
    world.run()
    lock = world.place.workspace.build / 'collect.lock'
    lock.rename(world.spec / 'collect.lock')
    world.write('web ../web;method=copy\nnew ../data\n')
    shown = f'{world.spec}/collect.lock'
    assert world.problems('collect locked=True') == [
        f'{world.spec}/collect:1:5: "web" is locked to "../web" in {shown}',
        f'{world.spec}/collect:2:5: "new" is not in {shown}',
        f'{shown}: "data" is locked but not in the collect file',
    ]
    for text in (
        '- a\n',
        'version: 9\n',
        'version: 1\nsources: [x]\n',
        'version: 1\nsources: {a: b}\n',
        ': :\n- [',
    ):
        world.write(text, 'collect.lock')
        (problem,) = world.problems('collect locked=True')
        assert problem.startswith(shown)


def test_everything_that_is_missing_is_told_before(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.write('a ../nowhere\nb lp:b\nc git://h/c\nd\n')
    monkeypatch.setattr(bzr, 'program', tuple)
    monkeypatch.setattr(git, 'available', lambda: False)
    file = world.spec / 'collect'
    assert world.problems() == [
        f'{file}:4:1: "d" has no source',
        f'{file}:1:3: there is no "../nowhere" to collect',
        f'{file}:2:3: {bzr.MISSING}',
        f'{file}:3:3: git is not installed',
    ]


def test_charms_that_will_be_there_are_foretold(world: World) -> None:
    world.write('web ../web\nhub ch:hub\nfile https://h/f\n')
    _, outlook = world.prepare()
    assert outlook.charms == {'web': world.source, 'hub': None}


def test_remarks_are_for_the_check_and_few_are_told_in_a_run(world: World) -> None:
    world.write(''.join(f'x{number} ../web;colour=red\n' for number in range(9)))
    _, outlook = world.prepare()
    assert len(outlook.remarks) == 9
    world.run()
    assert sum('option colour is not known' in note for note in world.notes) == 5
    assert 'and 4 more remarks of this kind on the collect file' in world.notes


def test_a_parent_of_an_earlier_run_is_accepted(world: World) -> None:
    world.write('web/inner ../data\n')
    assert 'is not collected' in world.problems()[0]
    (world.place.workspace.build / 'web').mkdir()
    assert world.run() == '1 source: 1 new; no charm changed'


def test_a_collect_file_that_is_no_text_is_a_problem(world: World) -> None:
    (world.spec / 'collect').write_bytes(b'\xff\xfe\x00')
    assert 'not UTF-8 text: byte 0xff' in world.problems()[0]
