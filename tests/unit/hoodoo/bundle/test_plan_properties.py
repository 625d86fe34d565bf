"""Whatever is wanted and whatever is seen: what holds of every plan."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hoodoo import model, testing
from hoodoo.bundle.planning import after, placing, plan, steps

NAMES = ('a', 'b', 'c', 'd')
MACHINES = ('0', '1', 'x')
CHARMS = (
    model.LocalCharm(path=Path('/charms/one')),
    model.LocalCharm(path=Path('/charms/two')),
    model.StoreCharm(name='one'),
    model.StoreCharm(name='one', channel='edge'),
    model.StoreCharm(name='one', channel='8/stable', revision=3),
)
DIGESTS = {Path('/charms/one'): 'digest 1', Path('/charms/two'): 'digest 2'}

TEXTS = ('', '1', 'true', 'x y')


def dictionaries(keys: tuple[str, ...], values: tuple[str, ...]) -> st.SearchStrategy[dict[str, str]]:
    """Any of the *keys* with any of the *values*."""
    return st.dictionaries(st.sampled_from(keys), st.sampled_from(values))


EXPOSURES = (model.Exposure(), model.Exposure(cidrs=('10.0.0.0/8',)), model.Exposure(spaces=('p', 'q')))
OFFERS = tuple(model.Offer(application='a', endpoints=ends) for ends in (('x',), ('y',), ('x', 'y')))

exposures: st.SearchStrategy[dict[str, model.Exposure]]
exposures = st.dictionaries(st.sampled_from(['', 'x']), st.sampled_from(EXPOSURES))
offers: st.SearchStrategy[dict[str, model.Offer]]
offers = st.dictionaries(st.sampled_from(['offered', 'more']), st.sampled_from(OFFERS))
notes = dictionaries(('k', 'l'), ('v', 'w'))


@st.composite
def placements(draw: st.DrawFn, name: str) -> tuple[model.Placement, ...]:
    """Placements beside applications that come before *name*, so that none goes in circles."""
    earlier = NAMES[: NAMES.index(name)]
    found: list[model.Placement] = []
    for _ in range(draw(st.integers(0, 3))):
        container = draw(st.sampled_from(('', '', 'lxd')))
        kind = draw(st.sampled_from(('new', 'machine', 'beside')))
        if kind == 'machine':
            found.append(model.Placement(machine=draw(st.sampled_from(MACHINES)), container=container))
        elif kind == 'beside' and earlier:
            other, unit = draw(st.sampled_from(earlier)), draw(st.integers(0, 1))
            found.append(model.Placement(application=other, unit=unit, container=container))
        else:
            found.append(model.Placement(container=container))
    return tuple(found)


@st.composite
def applications(draw: st.DrawFn, name: str) -> model.WantedApplication:
    """An application that a bundle may want."""
    subordinate = name == 'd' and draw(st.booleans())
    exposed = draw(exposures)
    return model.WantedApplication(
        name=name,
        charm=draw(st.sampled_from(CHARMS)),
        num_units=0 if subordinate else draw(st.integers(0, 3)),
        subordinate=subordinate,
        options=draw(dictionaries(('o', 'p'), TEXTS)),
        constraints=draw(dictionaries(('mem', 'cores'), ('2', '4'))),
        to=() if subordinate else draw(placements(name)),
        expose=None if exposed else draw(st.sampled_from((None, True, False))),
        annotations=draw(notes),
        trust=draw(st.booleans()),
        exposed_to=exposed,
    )


@st.composite
def wanteds(draw: st.DrawFn) -> model.WantedModel:
    """What a bundle may want; every application is there, so that placements lead somewhere."""
    chosen = {name: draw(applications(name)) for name in NAMES}
    pairs = draw(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=4))
    return model.WantedModel(
        applications=chosen,
        relations=tuple(
            model.WantedRelation(
                one=model.Endpoint(application=one, name='x'), other=model.Endpoint(application=two)
            )
            for one, two in pairs
        ),
        machines={name: model.WantedMachine(name=name, annotations=draw(notes)) for name in MACHINES},
        offers=draw(offers),
        saas=draw(dictionaries(('far', 'farther'), ('m.offer', 'admin/m.offer'))),
    )


@st.composite
def seens(draw: st.DrawFn) -> plan.Seen:
    """A model in which some applications are, set up in any way, with units in error and too many."""
    there: list[model.Application] = []
    settings: dict[str, model.Settings] = {}
    deployed: dict[str, model.Deployed] = {}
    count = 0
    for name in NAMES:
        if not draw(st.booleans()):
            continue
        units: list[model.Unit] = []
        for number in range(draw(st.integers(0, 3))):
            workload = model.Status(value=draw(st.sampled_from(('active', 'error'))))
            life = draw(st.sampled_from(('alive', 'alive', 'dying')))
            units.append(testing.unit(f'{name}/{number}', machine=str(count), workload=workload, life=life))
            count += 1
        charm = draw(st.sampled_from(('local:one-2', 'ch:amd64/noble/one-3')))
        local = charm.startswith('local')
        facts = {'charm': charm, 'revision': 3, 'channel': '' if local else '8/stable'}
        newer = draw(st.sampled_from(('', 'ch:one-9')))
        to = draw(exposures)
        exposed = draw(st.booleans()) or bool(to)
        there.append(testing.application(name, *units, exposed=exposed, exposed_to=to, newer=newer, **facts))
        options = draw(dictionaries(('o', 'p'), TEXTS))
        settings[name] = model.Settings(
            options={k: model.OptionValue(value=v, type='string', source='user') for k, v in options.items()},
            constraints=draw(dictionaries(('mem',), ('2M', '9M'))),
            trust=draw(st.booleans()),
            annotations=draw(notes),
        )
        if draw(st.booleans()):
            deployed[name] = model.Deployed(digest='digest 1', charm='local:one-2')
    idle = {
        str(n): model.Machine(id=str(n), agent=testing.IDLE, instance=testing.ACTIVE) for n in range(count)
    }
    beyond = {'offers': draw(offers), 'saas': draw(dictionaries(('far',), ('admin/m.offer', 'n.offer')))}
    snapshot = dataclasses.replace(testing.snapshot(*there), machines=idle, **beyond)
    return plan.Seen(snapshot=snapshot, settings=settings, deployed=deployed, digests=DIGESTS)


def _with_machines(wanted: model.WantedModel, seen: plan.Seen) -> plan.Seen:
    return dataclasses.replace(seen, machines=placing.known_machines(wanted, seen.snapshot, {}, {}))


@given(wanteds(), seens(), st.booleans())
def test_nothing_is_left_to_do_after_a_plan(wanted: model.WantedModel, seen: plan.Seen, change: bool) -> None:
    seen = _with_machines(wanted, seen)
    made = plan.plan(wanted, seen, apply_config_changes=change)
    assert plan.plan(wanted, after.after(seen, made.steps), apply_config_changes=change).steps == ()


@given(wanteds(), seens())
def test_a_plan_removes_nothing(wanted: model.WantedModel, seen: plan.Seen) -> None:
    seen = _with_machines(wanted, seen)
    then = after.after(seen, plan.plan(wanted, seen).steps)
    assert then.snapshot.applications.keys() >= seen.snapshot.applications.keys()
    for name, application in seen.snapshot.applications.items():
        assert {unit.name for unit in application.units} <= {
            unit.name for unit in then.snapshot.applications[name].units
        }
        assert then.settings[name].options.keys() >= seen.settings[name].options.keys()
        assert then.settings[name].trust >= seen.settings[name].trust
        if wanted.applications[name].expose is not False:
            assert then.snapshot.applications[name].exposed_to.keys() >= application.exposed_to.keys()
    for name, offer in seen.snapshot.offers.items():
        assert set(then.snapshot.offers[name].endpoints) >= set(offer.endpoints)
    assert then.snapshot.saas.items() >= seen.snapshot.saas.items()
    assert set(then.snapshot.relations) >= set(seen.snapshot.relations)
    assert then.snapshot.machines.keys() >= seen.snapshot.machines.keys()


@given(wanteds(), seens())
def test_a_step_comes_after_all_that_it_needs(wanted: model.WantedModel, seen: plan.Seen) -> None:
    seen = _with_machines(wanted, seen)
    there = set(seen.snapshot.applications)
    machines = {*seen.machines, *seen.snapshot.machines}
    for stage in plan.plan(wanted, seen).stages():
        for step in stage:
            if isinstance(step, steps.Deploy | steps.AddUnits):
                assert {place.application for place in step.to} - {''} <= there
                assert {place.machine for place in step.to} - {''} <= machines
            elif isinstance(step, steps.Integrate):
                assert {step.one.application, step.other.application} <= there
            elif isinstance(step, steps.Annotate) and step.kind == 'machine':
                assert step.name in machines
            elif not isinstance(step, steps.AddMachine | steps.Consume):
                assert steps.subject(step) in there
        there |= {step.wanted.name for step in stage if isinstance(step, steps.Deploy)}
        machines |= {step.wanted.name for step in stage if isinstance(step, steps.AddMachine)}


@given(wanteds(), seens())
def test_every_missing_unit_is_asked_for_once(wanted: model.WantedModel, seen: plan.Seen) -> None:
    seen = _with_machines(wanted, seen)
    then = after.after(seen, plan.plan(wanted, seen).steps)
    for name, application in wanted.applications.items():
        before = seen.snapshot.applications.get(name)
        had = len(before.staying) if before else 0
        assert len(then.snapshot.applications[name].staying) == max(had, application.num_units)
