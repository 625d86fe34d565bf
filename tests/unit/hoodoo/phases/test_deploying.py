"""The phases deploy and bundle within runs, against a model in memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bedrock import errors
from hoodoo import settings, testing
from hoodoo.journal import journal
from hoodoo.juju import driver
from hoodoo.review import request
from hoodoo.runner import run
from tests.unit.hoodoo.bundle import bundles


class World:
    """A spec, its secrets, and a model."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spec = folder / 'specs' / 'mirror'
        (self.spec / 'ci').mkdir(parents=True)
        bundles.shelf(folder)
        for name in bundles.CHARMS:
            (folder / 'charms' / name / 'src').mkdir()
            (folder / 'charms' / name / 'src/charm.py').write_text('#!/usr/bin/env python3\n')
        self.write('collect', ''.join(f'{name} ../../charms/{name}\n' for name in bundles.CHARMS))
        self.settings = settings.load({'HOME': str(folder), 'PATH': '/usr/bin:/bin'})
        self.secrets = self.settings.root / 'LOCAL' / 'mirror' / 'ci'
        self.secrets.mkdir(parents=True)
        self.journal = journal.Journal(self.settings.root / 'journal.db')
        self.juju = testing.FakeDriver()

    def write(self, name: str, text: str) -> None:
        (self.spec / name).write_text(text)

    def run(self, manifest: str) -> list[str]:
        """Run the manifest's lines after collect; what was done to the model."""
        self.write('manifest', f'collect\n{manifest}\n')
        self.juju.calls.clear()
        asked = request.complete(request.Given(spec=str(self.spec), stage='ci'), self.settings)
        run.Runner(settings=self.settings, journal=self.journal, connect=self._connect).run(asked)
        return self.juju.calls

    def _connect(self, *_: object) -> tuple[driver.Driver, Mapping[str, str]]:
        return self.juju, {'JUJU_MODEL': 'fake:m'}

    def problems(self, manifest: str) -> list[str]:
        """What is wrong with the manifest's lines after collect."""
        with pytest.raises(errors.Problems) as failure:
            self.run(manifest)
        found = [(p.where.removeprefix(f'{self.spec}/'), p.message, p.hint) for p in failure.value.problems]
        return [f'{where} {message} | {hint}'.removesuffix(' | ') for where, message, hint in found]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_bundle_of_juju_s_own_with_overlays_becomes_the_model(world: World) -> None:
    world.write(
        'bundle',
        'applications:\n  web: {charm: "./{{ series }}/web", num_units: 1}\n'
        '  cache: {charm: "./{{ series }}/cache", num_units: 1}\nrelations: [["web:backend", cache]]\n',
    )
    world.write('ci/more', 'applications: {web: {options: {port: 1, note: spec}}}\n')
    (world.secrets / 'secret').write_text('applications: {web: {options: {note: hidden}}}\n')
    calls = world.run('bundle overlays=more local=secret max-wait=60')
    assert sorted(calls) == ['deploy cache from cache', 'deploy web from web', 'integrate cache web:backend']
    assert {key: value.value for key, value in world.juju.live['web'].items()} == {
        'port': '1',
        'note': 'hidden',
    }
    assert world.run('bundle overlays=more local=secret') == []


def test_changed_options_are_applied_unless_the_line_says_otherwise(world: World) -> None:
    world.write('deploy', 'services: {web: {options: {port: {{ PORT }}}}}'.replace('{{ PORT }}', '1'))
    world.run('deploy')
    world.write('deploy', 'services: {web: {options: {port: 2}}, cache: {}}')
    assert world.run('deploy apply-config-changes=False') == ['deploy cache from cache']
    assert world.run('deploy') == ["set web [('port', '2')]"]


def test_a_local_file_is_merged_over_the_bundle_whatever_it_is_called(world: World) -> None:
    world.write('services', 'services: {web: {options: {port: 1, note: spec}}}')
    (world.secrets / 'secret').write_text('services: {web: {options: {note: hidden}}}\n')
    world.run('deploy config=services local=secret')
    assert {key: value.value for key, value in world.juju.live['web'].items()} == {
        'port': '1',
        'note': 'hidden',
    }


def test_a_local_file_is_found_before_the_first_run_and_missed_before_any_change(world: World) -> None:
    world.write('services', 'services: {web: {options: {note: "include-file://{{ local_dir }}/note"}}}')
    found = world.problems('deploy config=services local=secret\ndeploy config=services')
    assert (
        found[0]
        == f'manifest:2:24 there is no "secret" in the local directory | Put it into {world.secrets}.'
    )
    assert found[1].startswith('services:1:28 cannot find the file of "include-file://')
    assert found[1].endswith(f'Put it at {world.secrets}/note.')
    (world.secrets / 'note').write_text('hidden')
    assert world.run('deploy config=services') == ['deploy web from web']
    assert world.juju.live['web']['note'].value == 'hidden'


@pytest.mark.parametrize(
    ('line', 'problem'),
    [
        (
            'deploy target=thre',
            (
                'manifest:2:8 there is no deployment "thre" (in {spec}/deploy)'
                ' | Did you mean "three"? Deployments: one, three.'
            ),
        ),
        (
            'deploy',
            (
                'manifest:2:1 the bundle has 2 deployments, so target= must name one (in {spec}/deploy)'
                ' | Deployments: one, three.'
            ),
        ),
        ('bundle overlays=gone', 'manifest:2:8 cannot find file "gone" | Looked in {spec}/ci/, {spec}/.'),
    ],
)
def test_what_is_wrong_with_the_line_is_said_at_the_line(world: World, line: str, problem: str) -> None:
    world.write('deploy', 'one: {services: {web: {}}}\nthree: {services: {web: {}}}\n')
    world.write('bundle', 'applications: {}')
    assert world.problems(line) == [problem.format(spec=world.spec)]


def test_relations_may_reach_what_lines_before_deploy(world: World) -> None:
    world.write('deploy', 'services: {web: {}}')
    world.write('bundle', 'applications: {}\nrelations: [["web:other", cache]]\n')
    assert [p.partition(' | ')[0] for p in world.problems('deploy\nbundle')] == [
        'bundle:2:13 relation to "cache": nothing deploys application "cache"'
    ]
    world.write('deploy', 'services: {web: {}, cache: {}}')
    assert world.run('deploy\nbundle')[-1] == 'integrate cache web:other'
