"""Carrying out plans: what is killed half way is neither lost nor done twice, and targets are waited for."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import pytest

from bedrock import errors
from hoodoo import model, testing
from hoodoo.bundle import apply
from hoodoo.bundle.planning import drift, facts, memory, placing, plan, steps
from hoodoo.bundle.wanted import charms
from hoodoo.journal import journal
from hoodoo.juju import driver


class Killed(BaseException):
    """Stands for the end of the process: nothing after it is done."""


class Quiet:
    """Hears nothing."""

    def step(self, text: str, state: str) -> None:
        """See `told.Told`."""

    def note(self, text: str) -> None:
        """See `told.Told`."""


class World:
    """A model in memory, a journal, a charm."""

    def __init__(self, folder: Path) -> None:
        self.charm = folder / 'web'
        self.charm.mkdir()
        (self.charm / 'metadata.yaml').write_text('name: web\nsummary: x\n')
        (self.charm / 'dispatch').write_text('#!/bin/sh\n')
        self.journal = journal.Journal(folder / 'journal.db')
        self.juju = testing.FakeDriver()
        self.hands = apply.Hands(driver=self.juju, memory=self.journal, cache=folder / 'cache', told=Quiet())

    def application(self, name: str, **facts: object) -> model.WantedApplication:
        given: dict[str, object] = {'name': name, 'charm': model.LocalCharm(path=self.charm), **facts}
        return model.WantedApplication(**given)  # type: ignore[arg-type]

    def plan(self, wanted: model.WantedModel) -> list[str]:
        return [str(step) for step in plan.plan(wanted, apply.look(wanted, self.hands)).steps]

    def apply(self, wanted: model.WantedModel, *, apply_config_changes: bool = True) -> None:
        seen = apply.look(wanted, self.hands)
        made = plan.plan(wanted, seen, apply_config_changes=apply_config_changes)
        apply.apply(wanted, made, seen, self.hands)

    def drift(self, wanted: model.WantedModel) -> list[tuple[str, str]]:
        """In what the model differs, and why."""
        uuid, seen = self.juju.model_uuid, apply.look(wanted, self.hands)
        was, now = facts.remembered(self.journal, uuid), facts.of_wanted(wanted, seen, uuid)
        found = drift.drift(was, now, facts.of_seen(seen), uuid=uuid)
        return [(entry.what, entry.kind.value) for entry in found]


@pytest.fixture
def world(tmp_path: Path) -> Generator[World]:
    made = World(tmp_path)
    yield made
    made.journal.close()


def _model(*applications: model.WantedApplication, machines: tuple[str, ...] = ()) -> model.WantedModel:
    return model.WantedModel(
        applications={each.name: each for each in applications},
        machines={name: model.WantedMachine(name=name) for name in machines},
    )


def _dies(work: Callable[..., object], *, after: bool) -> Callable[..., object]:
    """*work* that is killed just before or just after it did its part."""

    def dying(*args: object, **named: object) -> object:
        if after:
            work(*args, **named)
        raise Killed

    return dying


@pytest.mark.parametrize(('after', 'left'), [(True, []), (False, ['deploy web, 1 unit'])])
def test_a_deploy_that_was_killed_is_known_to_be_done_or_not(
    world: World, monkeypatch: pytest.MonkeyPatch, after: bool, left: list[str]
) -> None:
    wanted = _model(world.application('web'))
    with monkeypatch.context() as patched:
        patched.setattr(world.juju, 'deploy', _dies(world.juju.deploy, after=after))
        with pytest.raises(Killed):
            world.apply(wanted)
    assert world.plan(wanted) == left
    world.apply(wanted)
    assert world.juju.calls == ['deploy web from web']
    assert world.plan(wanted) == []


@pytest.mark.parametrize(('after', 'left'), [(True, []), (False, ['refresh web: its charm has changed'])])
def test_a_refresh_that_was_killed_is_known_to_be_done_or_not(
    world: World, monkeypatch: pytest.MonkeyPatch, after: bool, left: list[str]
) -> None:
    wanted = _model(world.application('web'))
    world.apply(wanted)
    (world.charm / 'dispatch').write_text('#!/bin/sh\nexit 0\n')
    with monkeypatch.context() as patched:
        patched.setattr(world.juju, 'refresh', _dies(world.juju.refresh, after=after))
        with pytest.raises(Killed):
            world.apply(wanted)
    assert world.plan(wanted) == left
    world.apply(wanted)
    assert world.juju.calls[1:] == ['refresh web']


def test_a_charm_in_another_form_is_the_one_that_was_given(world: World, tmp_path: Path) -> None:
    source = _model(world.application('web'))
    world.apply(source)
    packed = tmp_path / 'packed'
    shutil.copytree(world.charm, packed)
    (packed / 'venv').write_text('what packing adds')
    other = _model(world.application('web', charm=model.LocalCharm(path=packed)))
    assert world.plan(other) == ['refresh web: its charm has changed']
    given = memory.same_charm(charms.digest(world.charm))
    world.journal.note(world.juju.model_uuid, memory.SAME, charms.digest(packed), given)
    assert (world.plan(source), world.plan(other)) == ([], [])
    assert (world.drift(source), world.drift(other)) == ([], [])
    (packed / 'venv').write_text('more')
    assert world.plan(other) == ['refresh web: its charm has changed']


@pytest.mark.parametrize('on_kubernetes', [True, False])
def test_units_too_many_stay_and_are_nobodys_change(world: World, on_kubernetes: bool) -> None:
    def wanted(units: int) -> model.WantedModel:
        made = _model(world.application('web', num_units=units))
        return dataclasses.replace(made, on_kubernetes=on_kubernetes)

    world.juju.seen = dataclasses.replace(world.juju.seen, on_kubernetes=on_kubernetes)
    for units in (0, 2, 0):
        world.apply(wanted(units))
        assert world.plan(wanted(units)) == []
    assert world.juju.calls[1:] == ['scale web to 2' if on_kubernetes else 'add 2 to web']
    assert world.drift(wanted(0)) == [('units', 'not rolled out yet')]
    world.apply(wanted(0))
    assert world.drift(wanted(0)) == [('units', 'not rolled out yet')]
    world.apply(wanted(2))
    assert world.drift(wanted(2)) == []
    assert len(world.juju.calls) == 2


def test_an_image_that_is_another_in_the_same_place_is_given(world: World, tmp_path: Path) -> None:
    index = tmp_path / 'layout' / 'index.json'
    index.parent.mkdir()
    index.write_text('one')
    wanted = _model(world.application('web', resources={'img': f'oci:{index.parent}', 'store': '3'}))
    world.apply(wanted)
    assert (world.plan(wanted), world.drift(wanted)) == ([], [])
    index.write_text('two')
    assert world.drift(wanted) == [('image img', 'not rolled out yet')]
    assert world.plan(wanted) == ['attach img to web: it has changed']
    world.apply(wanted)
    assert (world.plan(wanted), world.drift(wanted)) == ([], [])
    index.write_text('three')
    (world.charm / 'dispatch').write_text('#!/bin/sh\nexit 0\n')
    assert world.plan(wanted) == ['refresh web: its charm has changed (with img)']
    world.apply(wanted)
    assert (world.plan(wanted), world.drift(wanted)) == ([], [])
    assert world.juju.calls == ['deploy web from web', 'attach img to web', 'refresh web img']


def test_an_image_that_was_attached_by_a_killed_run_is_attached_once_more(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / 'image.tar'
    archive.write_text('one')
    wanted = _model(world.application('web', resources={'img': f'oci-archive:{archive}:v1'}))
    world.apply(wanted)
    archive.write_text('two')
    with monkeypatch.context() as patched:
        patched.setattr(world.juju, 'attach', _dies(world.juju.attach, after=True))
        with pytest.raises(Killed):
            world.apply(wanted)
    assert world.plan(wanted) == ['attach img to web: it has changed']
    world.apply(wanted)
    assert world.plan(wanted) == []


def test_a_charm_that_somebody_else_brings_after_a_settled_kill_is_noticed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = _model(world.application('web'))
    with monkeypatch.context() as patched:
        patched.setattr(world.juju, 'deploy', _dies(world.juju.deploy, after=True))
        with pytest.raises(Killed):
            world.apply(wanted)
    world.apply(wanted)
    world.juju.put(dataclasses.replace(world.juju.seen.applications['web'], charm='local:web-7'))
    assert world.plan(wanted) == ['refresh web: it may have another charm']


def test_a_deploy_that_failed_promises_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise driver.JujuFault('no')

    wanted = _model(world.application('web'))
    with monkeypatch.context() as patched:
        patched.setattr(world.juju, 'deploy', refused)
        with pytest.raises(errors.Fault, match='no'):
            world.apply(wanted)
    world.juju.put(testing.application('web', testing.unit('web/0')))
    assert world.plan(wanted) == ['refresh web: it may have another charm']


def test_a_deploy_that_was_interrupted_after_its_part_is_not_repeated(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = world.juju.deploy

    def interrupted(wanted: model.WantedApplication, charm: str, to: Sequence[str]) -> None:
        plain(wanted, charm, to)
        raise driver.JujuFault('killed by SIGTERM')

    wanted = _model(world.application('web'))
    with monkeypatch.context() as patched:
        patched.setattr(world.juju, 'deploy', interrupted)
        with pytest.raises(errors.Fault, match='SIGTERM'):
            world.apply(wanted)
    assert world.plan(wanted) == []


@pytest.mark.parametrize('where', ['add_machine', 'annotate'])
def test_a_machine_that_was_added_by_a_killed_run_is_taken(
    world: World, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    # A machine of somebody else's, so that numbers tell nothing.
    world.juju.add_machine(model.WantedMachine(name='foreign'))
    place = model.Placement(text='x', machine='x')
    wanted = _model(world.application('web', to=(place,)), machines=('x',))
    with monkeypatch.context() as patched:
        patched.setattr(world.juju, where, _dies(getattr(world.juju, where), after=where == 'add_machine'))
        with pytest.raises(Killed):
            world.apply(wanted)
    assert world.plan(wanted) == ['deploy web, 1 unit (to x)']
    world.apply(wanted)
    assert list(world.juju.seen.machines) == ['0', '1']
    assert world.juju.notes['1'] == {placing.MARK: 'x'}
    assert world.juju.seen.applications['web'].units[0].machine == '1'
    assert world.plan(wanted) == []


def test_a_unit_goes_beside_one_that_juju_is_still_placing(world: World) -> None:
    beside = model.Placement(text='lxd:db', application='db', unit=1, container='lxd')
    unplaced = testing.unit('db/1', machine='')
    world.juju.put(testing.application('db', testing.unit('db/0', machine='4'), unplaced, charm='ch:db-1'))
    looks: list[str] = []

    def place(juju: testing.FakeDriver) -> None:
        looks.append('look')
        if len(looks) == 2:
            units = (testing.unit('db/0', machine='4'), testing.unit('db/1', machine='6'))
            juju.put(testing.application('db', *units, charm='ch:db-1'))

    world.juju.on_wait = place
    db = model.WantedApplication(name='db', charm=model.StoreCharm(name='db'), num_units=2)
    wanted = _model(db, world.application('web', to=(beside,)))
    with pytest.raises(driver.JujuFault, match='lxd:6 not supported'):
        world.apply(wanted)
    assert looks == ['look', 'look']
    assert world.juju.calls == ['deploy web from web to lxd:6']


def test_what_is_beyond_the_model_is_made_once_and_drifts(world: World) -> None:
    limits = {'': model.Exposure(), 'site': model.Exposure(cidrs=('10.0.0.0/8',))}
    far = model.Endpoint(application='far', name='db')
    wanted = model.WantedModel(
        applications={'web': world.application('web', exposed_to=limits)},
        relations=(model.WantedRelation(one=far, other=model.Endpoint(application='web', name='db')),),
        offers={'pages': model.Offer(application='web', endpoints=('site',))},
        saas={'far': 'other.db'},
    )
    world.apply(wanted)
    assert sorted(world.juju.calls[:2]) == ['consume other.db as far', 'deploy web from web']
    assert sorted(world.juju.calls[2:4]) == ['integrate far:db web:db', 'offer web:site as pages']
    assert world.juju.calls[4:] == ['expose web  site']
    world.juju.seen = dataclasses.replace(world.juju.seen, saas={'far': 'here:admin/other.db'})
    world.apply(wanted)
    assert (len(world.juju.calls), world.drift(wanted)) == (5, [])
    world.juju.offer('mine', model.Offer(application='web', endpoints=('site',)))
    world.juju.unexpose('web')
    found = [('exposed', 'changed by hand'), ('', 'unknown to the spec')]
    assert sorted(world.drift(wanted)) == sorted(found)


def test_a_plan_with_problems_changes_nothing(world: World) -> None:
    made = steps.Plan(steps=(steps.Expose(application='web'),), problems=('it cannot be',))
    seen = plan.Seen(snapshot=world.juju.seen)
    with pytest.raises(errors.Fault, match='it cannot be'):
        apply.apply(_model(), made, seen, world.hands)
    assert world.juju.calls == []


def test_settings_that_were_left_as_they_are_count_as_not_rolled_out(world: World) -> None:
    first = model.WantedModel(applications={'a': world.application('a', options={'s': 'old'})})
    second = model.WantedModel(applications={'a': world.application('a', num_units=2, options={'s': 'new'})})
    world.apply(first)
    world.apply(second, apply_config_changes=False)
    assert world.drift(second) == [('option s', 'not rolled out yet')]
    world.apply(second)
    assert world.drift(second) == []
