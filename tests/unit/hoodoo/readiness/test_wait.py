"""Why a model is not ready, and waiting for it."""

from __future__ import annotations

import dataclasses
import itertools
import time

import pytest

from bedrock import errors
from hoodoo import model, testing
from hoodoo.readiness import changes, hooklog, oracle, unready, wait


def _status(value: str, message: str = '') -> model.Status:
    return model.Status(value=value, message=message)


@pytest.mark.parametrize(
    ('unit', 'reasons'),
    [
        (testing.unit('a/0'), []),
        (testing.unit('a/0', workload=_status('unknown')), []),
        (testing.unit('a/0', agent=_status('executing', 'running update-status hook')), []),
        (
            testing.unit('a/0', agent=_status('executing', 'running install hook')),
            ['a/0: agent executing install'],
        ),
        (
            testing.unit('a/0', workload=_status('waiting', 'no peers'), agent=_status('allocating')),
            ['a/0: workload waiting: no peers, agent allocating'],
        ),
        (testing.unit('a/0', agent=_status('lost', 'gone')), ['a/0: agent lost: gone']),
        (testing.unit('a/0', life='dying'), ['a/0: is being removed']),
        (testing.unit('a/0', leader=False), ['a: has no leader']),
        (
            testing.unit('a/0', workload=_status('error', 'hook failed: "install"')),
            ['a/0: hook failed: "install"'],
        ),
    ],
)
def test_a_unit_is_ready_or_says_why_not(unit: model.Unit, reasons: list[str]) -> None:
    seen = testing.snapshot(testing.application('a', unit))
    assert [str(reason) for reason in unready.unready(seen)] == reasons


@pytest.mark.parametrize(
    ('agent', 'instance', 'reasons'),
    [
        ('started', _status('running', 'Running'), []),
        ('pending', _status('allocating', 'building image x'), [('machine 0: building image x', False)]),
        ('down', _status('running'), [('machine 0: is down', False)]),
        (
            'pending',
            _status('provisioning error', 'no room'),
            [('machine 0: cannot be provisioned: no room', True)],
        ),
    ],
)
def test_a_machine_is_ready_or_says_why_not(
    agent: str, instance: model.Status, reasons: list[tuple[str, bool]]
) -> None:
    machine = model.Machine(id='0', agent=_status(agent), instance=instance)
    seen = dataclasses.replace(testing.snapshot(), machines={'0': machine})
    assert [(str(reason), reason.fatal) for reason in unready.unready(seen)] == reasons


def test_only_an_error_is_fatal() -> None:
    units = [
        testing.unit('a/0', workload=_status('error', 'hook failed: "start"')),
        testing.unit('a/1', workload=_status('blocked')),
    ]
    reasons = unready.unready(testing.snapshot(testing.application('a', *units)))
    assert [(reason.subject, reason.fatal) for reason in reasons] == [('a/0', True), ('a/1', False)]


def test_a_blocked_unit_is_ready_where_that_is_accepted() -> None:
    seen = testing.snapshot(testing.application('a', testing.unit('a/0', workload=_status('blocked'))))
    assert unready.unready(seen, accepted=['blocked']) == ()


def test_a_subordinate_without_a_unit_beside_its_principal_is_not_ready() -> None:
    principal = testing.application('web', testing.unit('web/0'), testing.unit('web/1'))
    beside = testing.unit('nrpe/0', principal='web/0')
    seen = testing.snapshot(principal, testing.application('nrpe', beside, subordinate_to=('web',)))
    assert [str(reason) for reason in unready.unready(seen)] == ['nrpe: has no unit beside web/1']


def test_pods_that_have_not_started_are_awaited() -> None:
    applications = (
        testing.application('few', testing.unit('few/0'), scale=2),
        testing.application('enough', testing.unit('enough/0'), scale=1),
        testing.application('none', scale=0),
        testing.application('more', testing.unit('more/0'), scale=0),
    )
    found = unready.unready(testing.snapshot(*applications))
    assert [str(reason) for reason in found] == ['few: has 1 of 2 units']


def test_a_relation_that_is_being_joined_is_not_ready() -> None:
    ends = (model.Endpoint(application='a', name='x'), model.Endpoint(application='b', name='y'))
    relation = model.Relation(id=0, endpoints=ends, status='joining')
    applications = [testing.application(name, testing.unit(f'{name}/0')) for name in ('a', 'b')]
    seen = testing.snapshot(*applications, relations=(relation,))
    assert [str(reason) for reason in unready.unready(seen)] == ['relation a:x - b:y: is being joined']


def test_a_relation_to_an_application_without_units_does_not_hold_up() -> None:
    ends = (model.Endpoint(application='a'), model.Endpoint(application='b'))
    relation = model.Relation(id=0, endpoints=ends, status='joining')
    seen = testing.snapshot(
        testing.application('a', testing.unit('a/0')), testing.application('b'), relations=(relation,)
    )
    assert unready.unready(seen) == ()


def test_waiting_tells_each_change_of_reasons_and_ends_when_ready() -> None:
    juju = testing.FakeDriver()
    states = ['running install hook', 'running install hook', 'running start hook']
    juju.seen = testing.snapshot(testing.application('a', testing.unit('a/0', agent=_status('allocating'))))

    def change(fake: testing.FakeDriver) -> None:
        agent = _status('executing', states.pop(0)) if states else testing.IDLE
        fake.put(testing.application('a', testing.unit('a/0', agent=agent)))

    juju.on_wait = change
    told: list[tuple[str, ...]] = []
    clock = itertools.count()
    wait.wait(juju, told=told.append, clock=lambda: next(clock))
    assert told == [
        ('a/0: agent allocating',),
        ('a/0: agent executing install',),
        ('a/0: agent executing start',),
        (),
    ]


def test_changes_within_a_moment_are_told_as_one() -> None:
    juju = testing.FakeDriver()
    hooks = [f'running {name} hook' for name in ('install', 'config-changed', 'start')]
    now = 0.0

    def change(fake: testing.FakeDriver) -> None:
        nonlocal now
        now += 0.2
        agent = _status('executing', hooks.pop(0)) if hooks else testing.IDLE
        fake.put(testing.application('a', testing.unit('a/0', agent=agent)))

    juju.seen = testing.snapshot(testing.application('a', testing.unit('a/0', agent=_status('allocating'))))
    juju.on_wait = change
    told: list[tuple[str, ...]] = []
    wait.wait(juju, oracle.Rules(settle_s=0), told=told.append, clock=lambda: now)
    assert told == [('a/0: agent allocating',), ('a/0: agent executing start',), ()]


def test_a_model_that_was_idle_for_long_is_ready_at_once() -> None:
    juju = testing.FakeDriver()
    juju.seen = testing.snapshot(testing.application('a', testing.unit('a/0')))
    juju.on_wait = lambda _: pytest.fail('it waited')
    wait.wait(juju, oracle.Rules(settle_s=15))


def test_a_moment_of_idleness_is_not_enough() -> None:
    juju = testing.FakeDriver()
    fresh = model.Status(value='idle', since_ms=testing.NOW_MS - 1000)
    juju.seen = testing.snapshot(testing.application('a', testing.unit('a/0', agent=fresh)))
    waits: list[int] = []

    juju.on_wait = lambda fake: waits.append(fake.seen.now_ms)
    wait.wait(juju, oracle.Rules(settle_s=3))
    assert waits == [testing.NOW_MS + 2000]


def test_a_unit_in_error_ends_the_wait_with_its_hooks_traceback() -> None:
    juju = testing.FakeDriver()
    failed = _status('error', 'hook failed: "install"')
    juju.seen = testing.snapshot(testing.application('a', testing.unit('a/0', workload=failed)))
    juju.log = [
        'unit-a-0: 10:00:00 INFO unit.a/0.juju-log hello',
        'unit-a-0: 10:00:01 WARNING unit.a/0.install Traceback (most recent call last):',
        'unit-b-0: 10:00:01 INFO unit.b/0.juju-log of another',
        'unit-a-0: 10:00:01 WARNING unit.a/0.install   File "charm.py", line 3, in <module>',
        'unit-a-0: 10:00:01 WARNING unit.a/0.install ZeroDivisionError: division by zero',
    ]
    with pytest.raises(wait.NotReady) as failure:
        wait.wait(juju)
    text = str(failure.value)
    assert 'a/0: hook failed: "install"' in text
    assert 'Traceback' in text
    assert 'ZeroDivisionError: division by zero' in text
    assert 'of another' not in text
    assert 'hello' not in text


def test_an_error_that_is_being_retried_does_not_end_the_wait_but_a_new_one_does() -> None:
    juju = testing.FakeDriver()

    def failed(since_ms: int) -> model.ModelSnapshot:
        error = model.Status(value='error', message='hook failed: "start"', since_ms=since_ms)
        return testing.snapshot(testing.application('a', testing.unit('a/0', workload=error)))

    juju.seen = failed(1)
    waits: list[int] = []

    def fail_again(fake: testing.FakeDriver) -> None:
        waits.append(1)
        fake.seen = failed(2)

    juju.on_wait = fail_again
    retried = changes.Retried(unit='a/0', since_ms=1, at=time.monotonic())
    with pytest.raises(wait.NotReady):
        wait.wait(juju, oracle.Rules(changes=(retried,)))
    assert waits == [1]


def test_the_wait_ends_at_its_deadline_with_the_reasons() -> None:
    juju = testing.FakeDriver()
    juju.seen = testing.snapshot(
        testing.application('a', testing.unit('a/0', workload=_status('blocked', 'no')))
    )
    times = iter(range(0, 100, 4))
    with pytest.raises(wait.NotReady, match='a/0: workload blocked: no'):
        wait.wait(juju, timeout_s=10, clock=lambda: next(times))


def test_a_message_of_several_lines_stays_whole() -> None:
    lines = [
        'unit-a-0: 2026-11-22 10:00:01.123 ERROR unit.a/0.juju-log Traceback (most recent call last):',
        '  File "x"',
        'KeyError: 1',
        'machine-0: 10:00:02 INFO juju.x other',
    ]
    assert hooklog.tail(lines, 'a/0') == ['Traceback (most recent call last):', '  File "x"', 'KeyError: 1']


def test_when_time_is_over_the_tree_and_the_units_last_words_are_shown() -> None:
    juju = testing.FakeDriver()
    waiting = model.Status(value='waiting', message='no db', since_ms=testing.NOW_MS - 5000)
    juju.seen = testing.snapshot(
        testing.application('db', testing.unit('db/0', agent=_status('executing', 'running install hook'))),
        testing.application('web', testing.unit('web/0', workload=waiting)),
        relations=(
            model.Relation(
                id=0,
                endpoints=(
                    model.Endpoint(application='web', name='db'),
                    model.Endpoint(application='db', name='x'),
                ),
            ),
        ),
    )
    juju.log = [f'unit-db-0: 10:00:0{n} INFO unit.db/0.juju-log unpacking {n}' for n in range(8)]
    times = iter(range(0, 100, 4))
    with pytest.raises(wait.NotInTime) as failure:
        wait.wait(juju, timeout_s=0, clock=lambda: next(times))
    assert str(failure.value).splitlines()[1:] == [
        '  web/0: workload waiting: no db, for 5 s',
        '    relation web:db - db:x: waits for db',
        '      db/0: agent executing install',
        '  last of the log of db/0:',
        *(f'    unpacking {n}' for n in range(3, 8)),
    ]


class Absent(testing.FakeDriver):
    """A model whose controller does not answer at some looks."""

    def __init__(self, gone: int) -> None:
        super().__init__()
        self.gone = gone

    def snapshot(self) -> model.ModelSnapshot:
        self.gone -= 1
        if self.gone >= 0:
            raise errors.UnreachableFault('cannot reach controller "x"')
        return self.seen


def test_a_controller_that_goes_away_for_a_while_does_not_end_the_wait() -> None:
    juju, rests, told = Absent(7), list[float](), list[tuple[str, ...]]()
    wait.wait(juju, told=told.append, clock=lambda: sum(rests), rest=rests.append)
    assert rests == [1, 2, 4, 8, 16, 30, 30], 'it is asked more and more rarely'
    assert told[0] == ('the controller does not answer, trying again: cannot reach controller "x"',)
    assert told[-1] == ()


def test_a_controller_that_stays_away_ends_the_wait() -> None:
    rests = list[float]()
    with pytest.raises(errors.UnreachableFault):
        wait.wait(Absent(10**6), clock=lambda: sum(rests), rest=rests.append)
    assert sum(rests) == 600
