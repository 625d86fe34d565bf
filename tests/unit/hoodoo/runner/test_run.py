"""Whole runs against a model in memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bedrock import errors
from hoodoo import model, settings, testing
from hoodoo.journal import events, journal
from hoodoo.juju import connect, driver
from hoodoo.review import request
from hoodoo.runner import run

CHARM = """
name: {name}
requires: {{backend: {{interface: {name}}}}}
provides: {{site: {{interface: http}}}}
config: {{options: {{port: {{type: int, default: 80}}}}}}
"""


class World:
    """A spec, a root and a model."""

    def __init__(self, tmp_path: Path) -> None:
        self.spec = tmp_path / 'specs' / 'mirror'
        self.stage = self.spec / 'ci'
        self.stage.mkdir(parents=True)
        for name in ('web', 'http'):
            folder = tmp_path / 'charms' / name
            (folder / 'src').mkdir(parents=True)
            (folder / 'charmcraft.yaml').write_text(CHARM.format(name=name))
            (folder / 'src/charm.py').write_text('#!/usr/bin/env python3\n')
        self.charms = tmp_path / 'charms'
        self.write('collect', 'web ../../charms/web\nhttp ../../charms/http\n')
        self.services(port=81)
        self.write('relations', 'relations:\n- ["http:backend", "web:site"]\n')
        self.manifest('collect\ndeploy config=services\ndeploy config=relations\nverify WHO=world\n')
        self.program('verify', 'echo "hello $WHO from $MOJO_STAGE on $JUJU_MODEL"')
        environ = {'HOME': str(tmp_path), 'PATH': '/usr/bin:/bin'}
        self.settings = settings.load(environ)
        self.journal = journal.Journal(self.settings.root / 'journal.db')
        self.juju = testing.FakeDriver()
        self.connections = 0

    def write(self, name: str, text: str) -> None:
        (self.stage / name).write_text(text)

    def services(self, *, port: int) -> None:
        text = f'services:\n  web: {{num_units: 2, options: {{port: {port}}}}}\n  http: {{expose: true}}\n'
        self.write('services', text)

    def manifest(self, text: str) -> None:
        (self.spec / 'manifest').write_text(text)

    def program(self, name: str, text: str) -> None:
        self.write(name, f'#!/bin/sh\n{text}\n')
        (self.stage / name).chmod(0o755)

    def run(self) -> list[events.Event]:
        """Run it and return what the journal says, whatever happened."""
        asked = request.complete(request.Given(spec=str(self.spec), stage='ci'), self.settings)
        runner = run.Runner(settings=self.settings, journal=self.journal, connect=self._connect)
        runner.run(asked)
        return self.events()

    def problems(self) -> dict[str, str]:
        """Run it and return what is wrong with it, by place in the spec."""
        with pytest.raises(errors.Problems) as failure:
            self.run()
        return {p.where.removeprefix(f'{self.spec}/'): p.message for p in failure.value.problems}

    def events(self) -> list[events.Event]:
        newest = self.journal.runs(limit=1)
        return [record.event for record in self.journal.records(newest[0].id)] if newest else []

    def _connect(
        self, wanted: str, default: str, note: connect.Note, making: connect.Making | None
    ) -> tuple[driver.Driver, Mapping[str, str]]:
        self.connections += 1
        self.made = making is not None
        self.default_model = default
        return self.juju, {'JUJU_MODEL': 'fake:m'}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def _ended(found: list[events.Event]) -> list[tuple[str, str, str]]:
    return [(e.title, e.outcome, e.summary) for e in found if isinstance(e, events.PhaseEnded)]


def test_a_first_run_makes_the_model(world: World) -> None:
    found = world.run()
    assert sorted(world.juju.calls[:2]) == ['deploy http from http', 'deploy web from web']
    assert world.juju.calls[2:] == ['expose http', 'integrate http:backend web:site']
    assert _ended(found) == [
        ('collect', 'done', '2 sources: 2 new; 2 charms changed'),
        ('deploy services', 'done', '3 changes'),
        ('deploy relations', 'done', '1 change'),
        ('verify', 'done', 'exit status 0'),
    ]
    assert 'hello world from ci on fake:m' in [e.text for e in found if isinstance(e, events.Line)]
    assert world.default_model == 'mirror-ci'


def test_a_second_run_changes_nothing_and_says_so(world: World) -> None:
    world.run()
    world.juju.calls.clear()
    found = world.run()
    assert world.juju.calls == []
    assert ('deploy services', 'done', 'no change') in _ended(found)
    assert [e.changes for e in found if isinstance(e, events.RunEnded)] == [0]


def test_a_model_is_made_for_lines_that_deploy_only(world: World) -> None:
    world.run()
    assert world.made
    world.manifest('verify\n')
    world.run()
    assert not world.made


def test_where_no_model_is_programs_run_and_waiting_for_it_fails(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(*_: object) -> tuple[None, dict[str, str]]:
        return None, {'JUJU_MODEL': 'fake:absent'}

    monkeypatch.setattr(world, '_connect', nothing)
    world.manifest('script config=who\njuju-check-wait\n')
    world.program('who', 'echo "on $JUJU_MODEL"')
    with pytest.raises(errors.Fault, match='there is no model "mirror-ci"'):
        world.run()
    assert [(title, outcome) for title, outcome, _ in _ended(world.events())] == [
        ('script who', 'done'),
        ('juju-check-wait', 'failed'),
    ]
    assert 'on fake:absent' in [e.text for e in world.events() if isinstance(e, events.Line)]


def test_a_changed_option_is_all_that_changes(world: World) -> None:
    world.run()
    world.juju.calls.clear()
    world.services(port=82)
    world.run()
    assert world.juju.calls == ["set web [('port', '82')]"]


def test_a_unit_that_was_removed_by_hand_comes_back(world: World) -> None:
    world.run()
    world.juju.calls.clear()
    web = world.juju.seen.applications['web']
    world.juju.put(dataclasses.replace(web, units=web.units[:1]))
    world.run()
    assert world.juju.calls == ['add 1 to web']


def test_a_changed_charm_is_refreshed(world: World) -> None:
    world.run()
    world.juju.calls.clear()
    (world.charms / 'web/src/charm.py').write_text('#!/usr/bin/env python3\nprint(1)\n')
    world.run()
    assert world.juju.calls == ['refresh web']


@pytest.mark.parametrize(
    ('broken', 'problems'),
    [
        ('sleeep config=1\n', {'manifest:1:1': 'unknown phase "sleeep"'}),
        ('script config=collect\n', {'manifest:1:8': 'is not executable'}),
        ('sleep config=${PAUSE}\n', {'manifest:1:7': 'variable PAUSE is not set'}),
        ('collect\ndeploy config=services wait=maybe\n', {'manifest:2:24': 'wait takes True or False'}),
        ('collect\ndeploy config=services --target=x\n', {'manifest:2:24': 'no option "--target"'}),
        ('sleep\n', {'manifest:1:1': 'does not say how long'}),
        (
            'collect\ndeploy config=relations\n',
            {'ci/relations:2:3': 'nothing deploys application'},
        ),
        (
            'collect\ndeploy config=servces tiemout=3\nverify config=gone retry\n',
            {
                'manifest:2:8': 'cannot find file "servces"',
                'manifest:2:23': 'no option "tiemout"',
                'manifest:3:20': 'not an option',
            },
        ),
        (
            'collect\ndeploy config=servces\ndeploy config=relations\nverify config=gone\n',
            {'manifest:2:8': 'cannot find file "servces"', 'manifest:4:8': 'cannot find file "gone"'},
        ),
    ],
)
def test_a_broken_manifest_is_refused_before_anything_is_touched(
    world: World, broken: str, problems: Mapping[str, str]
) -> None:
    world.manifest(broken)
    found = world.problems()
    assert found.keys() == problems.keys()
    for where, message in problems.items():
        assert message in found[where]
    assert world.connections == 0
    assert not (world.settings.root / 'mirror').exists()
    assert world.events() == []


@pytest.mark.parametrize(
    ('broken', 'where'),
    [
        ('colect\ndeploy config=services\n', 'manifest:1:1'),
        ('collect x\ndeploy config=services\n', 'manifest:1:9'),
        ('collect confg=collect\ndeploy config=services\n', 'manifest:1:9'),
        ('collect config=${NOPE}\ndeploy config=services\n', 'manifest:1:9'),
        ('collect config=colect\ndeploy config=services\n', 'manifest:1:9'),
        ('collect\ndeploy config=${NOPE}\ndeploy config=relations\n', 'manifest:2:8'),
        ('collect\ndeplyo config=services\ndeploy config=relations\n', 'manifest:2:1'),
        ('collect\ndeploy confg=services\n', 'manifest:2:8'),
        ('collect\nverify config=${NOPE}\n', 'manifest:2:8'),
        ('sleep config=long\n', 'manifest:1:7'),
    ],
)
def test_one_mistake_is_one_problem(world: World, broken: str, where: str) -> None:
    """What an unreadable line would have brought is not reported as missing from the lines after it."""
    world.manifest(broken)
    assert list(world.problems()) == [where]


def test_a_collect_file_with_a_bad_line_does_not_blame_the_bundle(world: World) -> None:
    world.write('collect', 'web\nhttp ../../charms/http\n')
    assert world.problems() == {'ci/collect:1:1': '"web" has no source'}


def test_all_problems_come_together(world: World) -> None:
    world.manifest('collekt\ndeploy config=services x=1\nverify config=gone\nsleep config=-1\n')
    assert list(world.problems()) == ['manifest:1:1', 'manifest:2:24', 'manifest:3:8', 'manifest:4:7']


def test_a_broken_bundle_does_not_blame_the_relations(world: World) -> None:
    world.write('services', 'services:\n  web: {options: {prot: 1}}\n  http: {}\n')
    assert list(world.problems().values()) == ['charm of web has no option "prot"']


def test_a_failed_program_ends_the_run_with_its_last_lines(world: World) -> None:
    world.program('verify', 'echo fine; echo "no answer from $WHO" >&2; exit 3')
    with pytest.raises(errors.Fault, match='exit status 3') as failure:
        world.run()
    assert 'no answer from world' in str(failure.value)
    found = world.events()
    assert _ended(found)[-1][:2] == ('verify', 'failed')
    assert {e.text for e in found if isinstance(e, events.Line)} == {'fine', 'no answer from world'}
    (newest,) = world.journal.runs(limit=1)
    assert newest.outcome == 'failed'
    assert 'no answer from world' in newest.error


def test_a_failed_hook_ends_the_run(world: World) -> None:
    world.run()
    failed = model.Status(value='error', message='hook failed: "config-changed"')
    world.services(port=82)

    def set_options(application: str, options: Mapping[str, str]) -> None:
        units = (testing.unit('web/0', workload=failed), testing.unit('web/1'))
        world.juju.put(testing.application(application, *units))

    world.juju.set_options = set_options
    world.juju.log = ['unit-web-0: 10:00:00 WARNING unit.web/0.config-changed KeyError: 1']
    with pytest.raises(errors.Fault) as failure:
        world.run()
    assert 'web/0: hook failed: "config-changed"' in str(failure.value)
    assert 'KeyError: 1' in str(failure.value)


def test_a_run_retries_a_hook_that_failed_before(world: World) -> None:
    world.run()
    world.juju.calls.clear()
    failed = model.Status(value='error', message='hook failed: "start"')
    web = world.juju.seen.applications['web']
    broken = dataclasses.replace(web.units[0], workload=failed)
    world.juju.put(dataclasses.replace(web, units=(broken, *web.units[1:])))
    world.run()
    assert world.juju.calls == ['retry web/0']


def test_an_earlier_deploy_does_not_wait_for_what_a_later_one_brings(world: World) -> None:
    blocked = model.Status(value='blocked', message='needs a backend')
    plain, plain_integrate = world.juju.deploy, world.juju.integrate

    def deploy(wanted: model.WantedApplication, charm: str, to: Sequence[str]) -> None:
        plain(wanted, charm, to)
        if wanted.name == 'http':
            world.juju.put(testing.application('http', testing.unit('http/0', workload=blocked)))

    def integrate(one: model.Endpoint, other: model.Endpoint) -> None:
        world.juju.put(testing.application('http', testing.unit('http/0'), exposed=True))
        plain_integrate(one, other)

    def settle(juju: testing.FakeDriver) -> None:
        (unit,) = juju.seen.applications['http'].units
        assert unit.workload.value == 'active', 'it waits for a relation that is still to come'

    world.juju.deploy, world.juju.integrate, world.juju.on_wait = deploy, integrate, settle
    world.run()


def test_ctrl_c_is_recorded_as_cancelled(world: World) -> None:
    def interrupt(_: testing.FakeDriver) -> None:
        raise KeyboardInterrupt

    world.juju.on_wait = interrupt
    starting = model.Status(value='maintenance')
    world.juju.put(testing.application('db', testing.unit('db/0', workload=starting)))
    with pytest.raises(KeyboardInterrupt):
        world.run()
    (newest,) = world.journal.runs(limit=1)
    assert (newest.outcome, newest.changes) == ('cancelled', 3), 'what was done before is counted'
    assert _ended(world.events())[-1][1] == 'cancelled'


def test_secrets_reach_the_local_directory(world: World) -> None:
    secrets = world.settings.root / 'LOCAL' / 'mirror' / 'ci'
    secrets.mkdir(parents=True)
    (secrets / 'key').write_text('k')
    world.manifest('verify\n')
    world.program('verify', 'cat "$MOJO_LOCAL_DIR/key"')
    assert 'k' in [e.text for e in world.run() if isinstance(e, events.Line)]


def test_a_script_may_edit_the_workspaces_copy_before_deploy(world: World) -> None:
    world.manifest('collect\nscript config=edit\ndeploy config=services\n')
    world.program('edit', 'sed -i s/81/99/ "$MOJO_SPEC_DIR/$MOJO_STAGE/services"')
    world.run()
    assert world.juju.live['web']['port'].value == '99'
    assert '81' in (world.stage / 'services').read_text()
