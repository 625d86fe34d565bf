"""What a second run changed."""

from __future__ import annotations

import dataclasses

from hoodoo import model, testing
from hoodoo.ci import second

DONE = model.Status(value='started')


def _seen(*applications: model.Application, machines: tuple[model.Machine, ...] = ()) -> model.ModelSnapshot:
    seen = testing.snapshot(*applications)
    return dataclasses.replace(seen, machines={machine.id: machine for machine in machines})


def _machine(number: str, life: str = 'alive') -> model.Machine:
    return model.Machine(id=number, agent=DONE, instance=DONE, life=life)


def _option(value: object) -> model.OptionValue:
    return model.OptionValue(value=value, type='string', source='user')


WEB = testing.application('web', testing.unit('web/0'))
SET = {'web': model.Settings(options={'port': _option(80), 'password': _option('old')})}
BEFORE = second.facts(_seen(WEB, machines=(_machine('0'),)), SET)


def test_a_model_that_is_left_alone_has_no_differences() -> None:
    busy = model.Status(value='executing', since_ms=5)
    unit = dataclasses.replace(WEB.units[0], agent=busy, leader=False)
    after = _seen(dataclasses.replace(WEB, units=(unit,)), machines=(_machine('0'),))
    assert second.differences(BEFORE, second.facts(after, SET)) == ()


def test_what_came_went_and_changed_is_named_without_values() -> None:
    web = dataclasses.replace(WEB, charm='local:web-1', exposed=True, units=(testing.unit('web/1'),))
    options = {'port': _option(81), 'password': _option('new')}
    settings = {'web': model.Settings(options=options, constraints={'mem': '1M'}, trust=True)}
    after = second.facts(_seen(web, machines=(_machine('1'),)), settings)
    assert second.differences(BEFORE, after) == (
        'constraints of web changed',
        'exposure of web changed',
        'machine 0 went',
        'machine 1 came',
        'option password of web changed',
        'option port of web changed',
        'the charm of web changed',
        'trust of web changed',
        'unit web/0 went',
        'unit web/1 came',
    )


def test_what_is_on_its_way_out_is_gone() -> None:
    going = _seen(WEB, machines=(_machine('0'), _machine('1', 'dying')))
    assert second.differences(second.facts(going, SET), BEFORE) == ()
