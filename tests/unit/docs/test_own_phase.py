"""The phase that docs/howto/own-phase.md shows is found, checks its lines and runs."""

from __future__ import annotations

import importlib
import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from bedrock import errors
from hoodoo import settings, testing
from hoodoo.journal import journal
from hoodoo.juju import connect, driver
from hoodoo.review import request
from hoodoo.runner import run

PAGE = Path(__file__).parents[3] / 'docs' / 'howto' / 'own-phase.md'
MODULE = 'hoodoo_service_active'


def _block(language: str) -> str:
    found = re.findall(rf'```{language}\n(.*?)```', PAGE.read_text(), re.DOTALL)
    assert len(found) == 1
    return found[0]


class World:
    """The page's package, put where pip would put it, a spec that uses it, and a model."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        project = tomllib.loads(_block('toml'))['project']
        site = tmp_path / 'site'
        info = site / f'{project["name"].replace("-", "_")}-{project["version"]}.dist-info'
        info.mkdir(parents=True)
        (info / 'METADATA').write_text(f'Name: {project["name"]}\nVersion: {project["version"]}\n')
        lines = [f'[{group}]\n' for group in project['entry-points']]
        lines += [f'{name} = {place}\n' for name, place in project['entry-points']['hoodoo.phases'].items()]
        (info / 'entry_points.txt').write_text(''.join(lines))
        (site / f'{MODULE}.py').write_text(_block('python'))
        monkeypatch.setattr(sys, 'path', [str(site), *sys.path])
        importlib.invalidate_caches()
        monkeypatch.delitem(sys.modules, MODULE, raising=False)

        self.spec = tmp_path / 'spec'
        charm = self.spec / 'charms' / 'greeter'
        (charm / 'src').mkdir(parents=True)
        (charm / 'charmcraft.yaml').write_text('name: greeter\n')
        (charm / 'src/charm.py').write_text('#!/usr/bin/env python3\n')
        (self.spec / 'collect').write_text('greeter charms/greeter\n')
        (self.spec / 'deploy').write_text('services:\n  greeter: {num_units: 2}\n')
        self.settings = settings.load({'HOME': str(tmp_path), 'PATH': '/usr/bin:/bin'})
        self.juju = testing.FakeDriver()
        self.juju.executed = self._execute
        self.state = 'active'
        self.scripts: list[tuple[str, str]] = []

    def run(self, line: str) -> None:
        (self.spec / 'manifest').write_text(f'collect\ndeploy\n{line}\n')
        asked = request.complete(request.Given(spec=str(self.spec)), self.settings)
        opened = journal.Journal(self.settings.root / 'journal.db')
        try:
            run.Runner(settings=self.settings, journal=opened, connect=self._connect).run(asked)
        finally:
            opened.close()

    def _connect(
        self, wanted: str, default: str, note: connect.Note, making: connect.Making | None
    ) -> tuple[driver.Driver, Mapping[str, str]]:
        return self.juju, {}

    def _execute(self, machine: str, script: str) -> driver.Executed:
        self.scripts.append((machine, script))
        code = 0 if self.state == 'active' else 3
        return driver.Executed(returncode=code, stdout=f'{self.state}\n', stderr='')


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def test_the_phase_asks_every_unit(world: World) -> None:
    world.run('service-active application=greeter service=greeter')
    assert world.scripts == [(machine, 'systemctl is-active greeter') for machine in ('0', '1')]


def test_a_service_that_is_not_active_ends_the_run(world: World) -> None:
    world.state = 'failed'
    with pytest.raises(errors.Fault, match='greeter on greeter/0 is failed'):
        world.run('service-active application=greeter service=greeter')


@pytest.mark.parametrize(
    ('line', 'problem'),
    [
        ('service-active application=greter service=greeter', 'no line before this deploys "greter"'),
        (
            'service-active application=greeter servce=greeter',
            'phase "service-active" has no option "servce"',
        ),
    ],
)
def test_a_wrong_line_is_found_before_anything_is_changed(world: World, line: str, problem: str) -> None:
    with pytest.raises(errors.Problems) as caught:
        world.run(line)
    assert [found.message for found in caught.value.problems] == [problem]
    assert world.juju.calls == []
