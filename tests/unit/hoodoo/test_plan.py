"""From what is seen to what is wanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from hoodoo import model, testing
from hoodoo.bundle import plan


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


def _texts(made: plan.Plan) -> list[str]:
    return [str(step) for step in made.steps]


def _option(value: object, kind: str) -> model.OptionValue:
    return model.OptionValue(value=value, type=kind, source='user')


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
        options={'a': {'n': _option(8, 'int'), 'on': _option(True, 'boolean'), 's': _option('t', 'string')}},
        digests={'a': 'd'},
        deployed={'a': model.Deployed(digest='d', charm='local:a-0')},
    )
    options = {'n': '8', 'on': 'True', 's': 't'}
    wanted = _model(_wanted('a', expose=True, options=options), _wanted('b'), pairs=(('a', 'b:y'),))
    assert plan.plan(wanted, seen) == plan.Plan()


def test_only_the_option_that_differs_is_set() -> None:
    seen = _seen(
        testing.application('a', testing.unit('a/0')),
        options={'a': {'n': _option(8, 'int'), 's': _option('old', 'string')}},
    )
    (step,) = plan.plan(_model(_wanted(options={'n': '8', 's': 'new'})), seen).steps
    assert step == plan.SetOptions(application='a', options={'s': 'new'})


def test_an_options_value_is_never_shown() -> None:
    step = plan.SetOptions(application='a', options={'password': 'hunter2'})
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
    seen = _seen(there, digests={'a': 'new'}, deployed={'a': deployed} if deployed else {})
    assert _texts(plan.plan(_model(_wanted()), seen)) == refreshed


def test_a_store_charm_is_never_refreshed() -> None:
    there = testing.application('a', testing.unit('a/0'))
    wanted = _wanted(charm=model.StoreCharm(name='a'))
    assert plan.plan(_model(wanted), _seen(there)).steps == ()
