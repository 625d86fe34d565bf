"""From what is seen to what is wanted."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from hoodoo import model, testing
from hoodoo.bundle.planning import after, plan, steps


def _wanted(name: str = 'a', **changes: object) -> model.WantedApplication:
    facts: dict[str, object] = {'name': name, 'charm': model.LocalCharm(path=Path('/c')), **changes}
    return model.WantedApplication(**facts)  # type: ignore[arg-type]


def _model(
    *applications: model.WantedApplication, pairs: tuple[tuple[str, str], ...] = ()
) -> model.WantedModel:
    relations = tuple(model.WantedRelation(one=_end(one), other=_end(other)) for one, other in pairs)
    return model.WantedModel(applications={a.name: a for a in applications}, relations=relations)


def _end(text: str) -> model.Endpoint:
    application, _, name = text.partition(':')
    return model.Endpoint(application=application, name=name)


def _seen(*applications: model.Application, **facts: object) -> plan.Seen:
    facts = {'snapshot': testing.snapshot(*applications), **facts}
    return plan.Seen(**facts)  # type: ignore[arg-type]


def _texts(made: steps.Plan) -> list[str]:
    return [str(step) for step in made.steps]


def _option(value: object, kind: str) -> model.OptionValue:
    return model.OptionValue(value=value, type=kind, source='user')


def _options(**options: model.OptionValue) -> dict[str, model.Settings]:
    """That application a is set to these."""
    return {'a': model.Settings(options=options)}


def test_an_empty_model_gets_everything_in_order() -> None:
    wanted = _model(_wanted('a', expose=True, num_units=2), _wanted('b'), pairs=(('a:x', 'b:y'),))
    made = plan.plan(wanted, _seen())
    assert _texts(made) == ['deploy a, 2 units', 'deploy b, 1 unit', 'integrate a:x b:y', 'expose a']
    assert [len(stage) for stage in made.stages()] == [2, 1, 1]


def test_a_model_that_is_as_wanted_gets_no_step() -> None:
    relation = model.Relation(id=1, endpoints=(_end('b:y'), _end('a:x')))
    snapshot = testing.snapshot(
        testing.application('a', testing.unit('a/0'), exposed=True),
        testing.application('b', testing.unit('b/0')),
        relations=(relation,),
    )
    seen = plan.Seen(
        snapshot=snapshot,
        settings=_options(n=_option(8, 'int'), on=_option(True, 'boolean'), s=_option('t', 'string')),
        digests={Path('/c'): 'd'},
        deployed={name: model.Deployed(digest='d', charm=f'local:{name}-0') for name in ('a', 'b')},
    )
    options = {'n': '8', 'on': 'True', 's': 't'}
    wanted = _model(_wanted('a', expose=True, options=options), _wanted('b'), pairs=(('a', 'b:y'),))
    assert plan.plan(wanted, seen) == steps.Plan()


def test_only_the_option_that_differs_is_set() -> None:
    seen = _seen(
        testing.application('a', testing.unit('a/0')),
        settings=_options(n=_option(8, 'int'), s=_option('old', 'string')),
    )
    (step,) = plan.plan(_model(_wanted(options={'n': '8', 's': 'new'})), seen).steps
    assert step == steps.SetOptions(application='a', options={'s': 'new'})


def test_an_options_value_is_never_shown() -> None:
    step = steps.SetOptions(application='a', options={'password': 'hunter2'})
    assert str(step) == 'configure a: password'


@pytest.mark.parametrize(
    ('units', 'wanted', 'steps', 'remarks'),
    [
        (2, 2, [], 0),
        (1, 3, ['add 2 units to a'], 0),
        (0, 1, ['add 1 unit to a'], 0),
        (3, 1, [], 1),
    ],
)
def test_missing_units_are_added_and_none_is_removed(
    units: int, wanted: int, steps: list[str], remarks: int
) -> None:
    there = testing.application('a', *(testing.unit(f'a/{number}') for number in range(units)))
    made = plan.plan(_model(_wanted(num_units=wanted)), _seen(there))
    assert _texts(made) == steps
    assert len(made.remarks) == remarks


def test_a_dying_unit_counts_as_gone() -> None:
    there = testing.application('a', testing.unit('a/0'), testing.unit('a/1', life='dying'))
    assert _texts(plan.plan(_model(_wanted(num_units=2)), _seen(there))) == ['add 1 unit to a']


def test_a_subordinates_units_are_left_to_its_principals() -> None:
    there = testing.application('s', subordinate_to=('a',))
    assert plan.plan(_model(_wanted('s', num_units=1)), _seen(there)).steps == ()


@pytest.mark.parametrize(
    ('deployed', 'refreshed'),
    [
        (model.Deployed(digest='new', charm='local:a-0'), []),
        (model.Deployed(digest='old', charm='local:a-0'), ['refresh a: its charm has changed']),
        (model.Deployed(digest='new', charm='local:a-7'), ['refresh a: it may have another charm']),
        (None, ['refresh a: it may have another charm']),
    ],
)
def test_a_charm_is_refreshed_when_its_content_or_the_deployed_one_changed(
    deployed: model.Deployed | None, refreshed: list[str]
) -> None:
    there = testing.application('a', testing.unit('a/0'))
    seen = _seen(there, digests={Path('/c'): 'new'}, deployed={'a': deployed} if deployed else {})
    assert _texts(plan.plan(_model(_wanted()), seen)) == refreshed


@pytest.mark.parametrize(
    ('wanted', 'channel', 'newer', 'refreshed'),
    [
        (model.StoreCharm(name='a'), '8/stable', '', ''),
        (model.StoreCharm(name='a'), '8/stable', 'ch:a-9', 'its channel has ch:a-9'),
        (model.StoreCharm(name='a', channel='8'), '8/stable', '', ''),
        (model.StoreCharm(name='a', channel='8/edge'), '8/stable', '', 'from channel 8/stable to 8/edge'),
        (model.StoreCharm(name='a', revision=7), '8/stable', 'ch:a-9', ''),
        (model.StoreCharm(name='a', revision=5), '8/stable', '', 'from revision 7 to 5'),
    ],
)
def test_a_store_charm_is_refreshed_when_another_is_wanted(
    wanted: model.StoreCharm, channel: str, newer: str, refreshed: str
) -> None:
    facts = {'charm': 'ch:amd64/noble/a-7', 'channel': channel, 'revision': 7, 'newer': newer}
    there = testing.application('a', testing.unit('a/0'), **facts)
    made = plan.plan(_model(_wanted(charm=wanted)), _seen(there))
    assert _texts(made) == ([f'refresh a: {refreshed}'] if refreshed else [])


def test_another_charm_for_an_application_is_refused_before_anything_changes() -> None:
    there = testing.application('a', testing.unit('a/0'), charm='ch:amd64/noble/b-7')
    made = plan.plan(_model(_wanted(charm=model.StoreCharm(name='a'))), _seen(there))
    assert ['runs charm "b"' in problem for problem in made.problems] == [True]


def test_a_local_charm_gives_way_to_one_of_the_store() -> None:
    there = testing.application('a', testing.unit('a/0'))
    (step,) = plan.plan(_model(_wanted(charm=model.StoreCharm(name='a'))), _seen(there)).steps
    assert isinstance(step, steps.Refresh)
    assert step.switch


def _set_up(**changes: object) -> plan.Seen:
    """Application a, set up like this."""
    settings = {'a': model.Settings(**changes)}  # type: ignore[arg-type]
    return _seen(testing.application('a', testing.unit('a/0')), settings=settings)


@pytest.mark.parametrize(
    ('wanted', 'live', 'steps_'),
    [
        ({'mem': '2G'}, {'mem': '2048M', 'arch': 'amd64'}, []),
        ({'mem': '4G'}, {'mem': '2048M', 'arch': 'amd64'}, ['set constraints of a for new units: mem=4G']),
        ({'tags': 'b,a'}, {'tags': 'a,b'}, []),
        ({}, {'mem': '2048M'}, []),
    ],
)
def test_constraints_that_differ_are_set_and_others_kept(
    wanted: dict[str, str], live: dict[str, str], steps_: list[str]
) -> None:
    made = plan.plan(_model(_wanted(constraints=wanted)), _set_up(constraints=live))
    assert _texts(made) == steps_
    if made.steps:
        (step,) = made.steps
        assert isinstance(step, steps.SetConstraints)
        assert step.constraints == {'arch': 'amd64', 'mem': '4G'}


def test_trust_and_annotations_are_given_and_never_taken() -> None:
    wanted = _model(_wanted(trust=True, annotations={'gui-x': '1'}))
    assert _texts(plan.plan(wanted, _set_up())) == [
        "trust a with the cloud's credentials",
        'annotate a: gui-x',
    ]
    assert plan.plan(_model(_wanted()), _set_up(trust=True, annotations={'gui-x': '1'})).steps == ()


@pytest.mark.parametrize(
    ('expose', 'exposed', 'steps_', 'remarks'),
    [
        (True, False, ['expose a'], 0),
        (False, True, ['unexpose a'], 0),
        (None, True, [], 1),
        (None, False, [], 0),
        (False, False, [], 0),
    ],
)
def test_only_an_explicit_false_closes_what_is_open(
    expose: bool | None, exposed: bool, steps_: list[str], remarks: int
) -> None:
    there = testing.application('a', testing.unit('a/0'), exposed=exposed)
    made = plan.plan(_model(_wanted(expose=expose)), _seen(there))
    assert (_texts(made), len(made.remarks)) == (steps_, remarks)


def test_without_apply_config_changes_settings_stay_and_units_come() -> None:
    wanted = _model(
        _wanted(
            num_units=2, options={'s': 'new'}, constraints={'mem': '1G'}, trust=True, annotations={'n': '1'}
        )
    )
    made = plan.plan(wanted, _set_up(), apply_config_changes=False)
    assert _texts(made) == ['add 1 unit to a']
    assert len(made.remarks) == 4
    assert all('left as it is' in remark for remark in made.remarks)


@pytest.mark.parametrize(
    ('units', 'scale', 'there', 'steps_', 'remarks'),
    [
        (2, 0, 0, ['scale a from 0 to 2 units'], []),
        (1, 0, 2, ['scale a from 0 to 1 unit'], []),  # two are still on their way out
        (2, 2, 0, [], []),  # none has started yet
        (3, 2, 1, ['scale a from 2 to 3 units'], []),
        (0, 0, 0, [], []),
        (
            0,
            2,
            1,
            [],
            ['a has 2 units and the bundle wants 0: left as it is ("juju scale-application a 0" removes)'],
        ),
    ],
)
def test_of_pods_the_scale_tells_how_many_there_are(
    units: int, scale: int, there: int, steps_: list[str], remarks: list[str]
) -> None:
    pods = (testing.unit(f'a/{number}', machine='') for number in range(there))
    seen = _seen(testing.application('a', *pods, scale=scale))
    wanted = dataclasses.replace(_model(_wanted(num_units=units)), on_kubernetes=True)
    made = plan.plan(wanted, dataclasses.replace(seen, snapshot=_on_kubernetes(seen.snapshot)))
    assert (_texts(made), list(made.remarks)) == (steps_, remarks)
    then = after.after(seen, made.steps)
    assert then.snapshot.applications['a'].size == max(units, scale)


def test_an_image_that_nothing_brings_is_missed_only_by_what_is_new() -> None:
    wanted = _model(_wanted(unnamed_images=('x-image',)))
    (said,) = plan.plan(wanted, _seen()).problems
    assert said.startswith('a cannot be deployed')
    assert 'resources: {x-image: IMAGE}' in said
    assert plan.plan(wanted, _seen(testing.application('a', testing.unit('a/0')))).problems == ()


def _on_kubernetes(snapshot: model.ModelSnapshot) -> model.ModelSnapshot:
    return dataclasses.replace(snapshot, on_kubernetes=True)


def test_units_too_many_are_named_in_the_command_that_removes_them() -> None:
    there = testing.application('a', *(testing.unit(f'a/{number}') for number in (0, 2, 10)))
    (remark,) = plan.plan(_model(_wanted(num_units=1)), _seen(there)).remarks
    assert remark.endswith('left as it is ("juju remove-unit a/2 a/10" removes)')
