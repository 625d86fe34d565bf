"""The tree of reasons: what blocks what."""

from __future__ import annotations

import dataclasses

from hoodoo import model, testing
from hoodoo.readiness import causes, unready

_INSTALLING = model.Status(value='executing', message='running install hook', since_ms=40_000)


def _waiting(message: str) -> model.Status:
    return model.Status(value='waiting', message=message, since_ms=70_000)


def _relation(one: str, other: str, **more: str) -> model.Relation:
    ends = [model.Endpoint(application=a, name=n) for a, _, n in (one.partition(':'), other.partition(':'))]
    return model.Relation(id=0, endpoints=tuple(ends), **more)


def _lines(seen: model.ModelSnapshot) -> list[str]:
    nodes = causes.tree(seen, unready.unready(seen))
    return list(causes.lines(nodes, causes.age(testing.NOW_MS)))


def test_a_unit_that_waits_for_a_relation_stands_above_what_the_other_side_does() -> None:
    seen = testing.snapshot(
        testing.application('db', testing.unit('db/0', agent=_INSTALLING)),
        testing.application('web', testing.unit('web/0', workload=_waiting('no database yet'))),
        relations=(_relation('web:db', 'db:clients'),),
    )
    assert _lines(seen) == [
        'web/0: workload waiting: no database yet, for 30 s',
        '  relation web:db - db:clients: waits for db',
        '    db/0: agent executing install, for 60 s',
    ]


def test_of_several_relations_the_one_that_the_charm_names_is_the_cause() -> None:
    seen = testing.snapshot(
        testing.application('cache', testing.unit('cache/0', agent=_INSTALLING)),
        testing.application('db', testing.unit('db/0', agent=_INSTALLING)),
        testing.application('web', testing.unit('web/0', workload=_waiting('Waiting for db.'))),
        relations=(_relation('web:cache', 'cache:x'), _relation('web:store', 'db:x')),
    )
    assert _lines(seen) == [
        'cache/0: agent executing install, for 60 s',
        'web/0: workload waiting: Waiting for db., for 30 s',
        '  relation web:store - db:x: waits for db',
        '    db/0: agent executing install, for 60 s',
    ]


def test_a_cause_of_several_is_shown_once() -> None:
    units = [testing.unit(f'web/{n}', workload=_waiting('no db')) for n in range(2)]
    seen = testing.snapshot(
        testing.application('db', testing.unit('db/0', agent=_INSTALLING)),
        testing.application('web', *units, testing.unit('web/2')),
        relations=(_relation('web:db', 'db:x'),),
    )
    assert _lines(seen) == [
        'web: 2 of 3 units are not ready',
        '  web/0: workload waiting: no db, for 30 s',
        '    relation web:db - db:x: waits for db',
        '      db/0: agent executing install, for 60 s',
        '  web/1: workload waiting: no db, for 30 s',
        '    relation web:db - db:x: waits for db, see above',
    ]


def test_two_that_wait_for_each_other_are_both_shown() -> None:
    seen = testing.snapshot(
        testing.application('a', testing.unit('a/0', workload=_waiting('b'))),
        testing.application('b', testing.unit('b/0', workload=_waiting('a'))),
        relations=(_relation('a:x', 'b:y'),),
    )
    assert _lines(seen) == [
        'a/0: workload waiting: b, for 30 s',
        '  relation a:x - b:y: waits for b',
        '    b/0: workload waiting: a, for 30 s',
        '      relation a:x - b:y: waits for a, see above',
    ]


def test_a_unit_without_a_machine_stands_above_what_the_machine_does() -> None:
    allocating = testing.unit('a/0', machine='7', agent=model.Status(value='allocating'))
    machine = model.Machine(
        id='7',
        agent=model.Status(value='pending'),
        instance=model.Status(value='allocating', message='building image x', since_ms=NOW_LONG_AGO),
    )
    seen = dataclasses.replace(
        testing.snapshot(testing.application('a', allocating)), machines={'7': machine}
    )
    assert _lines(seen) == ['a/0: agent allocating', '  machine 7: building image x, for 3 h']


NOW_LONG_AGO = testing.NOW_MS - 3 * 3_600_000


def test_what_belongs_to_no_unit_is_shown_too() -> None:
    seen = testing.snapshot(
        testing.application('a', testing.unit('a/0', leader=False)),
        testing.application('b', testing.unit('b/0')),
        relations=(_relation('a:x', 'b:y', status='joining'),),
    )
    assert _lines(seen) == ['a: has no leader', 'relation a:x - b:y: is being joined']


def test_every_reason_is_in_the_tree_once() -> None:
    waiting = [
        testing.application(name, testing.unit(f'{name}/0', workload=_waiting('all'))) for name in 'abcd'
    ]
    relations = tuple(
        _relation(f'{a}:x', f'{b}:y', status='joining') for a in 'abcd' for b in 'abcd' if a < b
    )
    seen = testing.snapshot(*waiting, relations=relations)
    lines = [line.strip() for line in _lines(seen)]
    for reason in unready.unready(seen):
        assert sum(line.startswith(str(reason)) for line in lines) == 1, reason
