from __future__ import annotations

import dataclasses

import pytest

from hoodoo import model
from hoodoo.fleet import health
from hoodoo.inventory.state import Health, State
from hoodoo.testing import application, snapshot, unit

BLOCKED = model.Status(value='blocked', message='no database')
WAITING = model.Status(value='waiting', message='for a\n  relation')
FAILED = model.Status(value='error', message='hook failed: "start"')
BUSY = model.Status(value='executing', message='running install hook')


@pytest.mark.parametrize(
    ('applications', 'found', 'why'),
    [
        pytest.param((), Health.READY, 'nothing is deployed', id='empty'),
        pytest.param((application('a', unit('a/0')),), Health.READY, '', id='ready'),
        pytest.param(
            (application('a', unit('a/0', agent=BUSY)),),
            Health.WAITING,
            'a/0: agent executing install',
            id='an agent is at work',
        ),
        pytest.param(
            (application('a', unit('a/0', workload=WAITING)),),
            Health.WAITING,
            'a/0: workload waiting: for a relation',
            id='one line',
        ),
        pytest.param(
            (application('a', unit('a/0', agent=BUSY), unit('a/1', workload=BLOCKED)),),
            Health.BLOCKED,
            'a/1: workload blocked: no database (and 1 more)',
            id='the worst comes first',
        ),
        pytest.param(
            (application('a', unit('a/0', workload=BLOCKED)), application('b', unit('b/0', workload=FAILED))),
            Health.ERROR,
            'b/0: hook failed: "start"',
            id='an error is worse than all',
        ),
    ],
)
def test_a_model_is_judged_by_its_worst_unit(
    applications: tuple[model.Application, ...], found: Health, why: str
) -> None:
    assert health.judged(snapshot(*applications)) == (found, why)


def test_a_look_leaves_what_is_known_of_runs_and_drift() -> None:
    known = State(health=Health.ERROR, why='x', run=7, drift=3, drift_ms=5, revision='r')
    seen = snapshot(application('a', unit('a/0'), unit('a/1')))
    now = health.seen(seen, life='alive', now_ms=9)(known)
    assert now == dataclasses.replace(
        known, health=Health.READY, why='', applications=1, units=2, machines=0, seen_ms=9
    )
    gone = health.unseen(Health.ABSENT, 'no\nmodel', now_ms=10)(now)
    assert gone == dataclasses.replace(
        known, health=Health.ABSENT, why='no model', applications=0, units=0, machines=0, seen_ms=10
    )


def test_a_model_that_goes_away_is_not_ready() -> None:
    seen = snapshot(application('a', unit('a/0')))
    assert health.seen(seen, life='dying', now_ms=1)(State()).health is Health.WAITING


def test_a_reason_acts_on_no_terminal() -> None:
    why = health.unseen(Health.ABSENT, 'no\nmodel\x1b[2J', now_ms=1)(State()).why
    assert why == 'no model [2J'


def test_the_summary_counts_the_good_first() -> None:
    kinds = [Health.UNREACHABLE, Health.READY, Health.BLOCKED, Health.READY]
    assert health.summary(State(health=kind) for kind in kinds) == '2 ready, 1 blocked, 1 unreachable'
    assert health.summary(()) == ''
    assert set(health.WORST_FIRST) == set(Health)
