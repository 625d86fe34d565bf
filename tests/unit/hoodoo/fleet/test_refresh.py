from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from hoodoo import settings
from hoodoo.fleet import budget, lastruns, nudge, purse, refresh
from hoodoo.inventory.environment import Environment, Place
from hoodoo.inventory.state import Health, State
from hoodoo.journal import journal, rows

MINUTE_MS = 60_000
NOW_MS = 1_000 * MINUTE_MS


def environment(name: str, *, model: str = 'm', spec: str = 'git+https://x/y') -> Environment:
    return Environment(
        name=name,
        service='s',
        cloud='c',
        region='r',
        stage='p',
        controller='prod',
        model=model,
        spec=spec,
        place=Place(file=Path('s.yaml'), line=1),
    )


def minutes_ago(minutes: int | None, **more: object) -> State:
    at_ms = None if minutes is None else NOW_MS - minutes * MINUTE_MS
    return State(**{'health': Health.READY, 'seen_ms': at_ms, 'drift_ms': at_ms, **more})  # type: ignore[arg-type]


ALL = tuple(environment(name) for name in ('new', 'old', 'older', 'fresh'))
STATES = {'old': minutes_ago(11), 'older': minutes_ago(90), 'fresh': minutes_ago(9)}


def test_what_was_never_seen_comes_first_then_the_oldest_and_what_is_fresh_not_at_all() -> None:
    due = refresh.due(ALL, STATES, now_ms=NOW_MS, after_s=600)
    assert [one.name for one in due] == ['new', 'older', 'old']


def test_nothing_is_fresh_for_one_who_wants_all_seen_now() -> None:
    assert len(refresh.due(ALL, STATES, now_ms=NOW_MS, after_s=0)) == 4


@pytest.mark.parametrize(
    ('state', 'spec', 'compared'),
    [
        (minutes_ago(90), 'x', True),
        (minutes_ago(None), 'x', True),
        (minutes_ago(9), 'x', False),
        (minutes_ago(90), '', False),
        (minutes_ago(90, health=Health.ABSENT), 'x', False),
        (minutes_ago(90, health=Health.UNREACHABLE), 'x', False),
        (minutes_ago(90, health=Health.BLOCKED), 'x', True),
    ],
)
def test_only_models_that_were_seen_and_have_a_spec_are_compared(
    state: State, spec: str, compared: bool
) -> None:
    one = environment('a', spec=spec)
    assert bool(refresh.drift_due((one,), {'a': state}, now_ms=NOW_MS, after_s=600)) is compared


@pytest.mark.parametrize(
    ('states', 'rest_s'),
    [({}, 0), ({'a': minutes_ago(9)}, 60), ({'a': minutes_ago(30)}, 0), ({'a': minutes_ago(0)}, 600)],
)
def test_the_next_round_is_when_the_oldest_is_due(states: dict[str, State], rest_s: float) -> None:
    assert refresh.next_s((environment('a'),), states, now_ms=NOW_MS, after_s=600) == rest_s


def run(number: int, model: str, *, outcome: str = 'done', uuid: str = 'u', request: str = '') -> rows.Run:
    return rows.Run(
        id=number,
        model=model,
        model_uuid=uuid,
        outcome=outcome,
        request=request,
        started_ms=1,
        ended_ms=None if outcome == 'running' else 2,
        changes=0,
        error='',
        process='',
        line='',
        **dict.fromkeys(('spec', 'stage', 'project', 'workspace', 'series', 'manifest'), ''),
    )


def test_the_last_run_of_each_model_is_known_and_what_the_last_good_one_deployed() -> None:
    one, other = environment('a', model='admin/m'), environment('b', model='n')
    good = run(3, 'prod:m', request='{"revision": "abc"}')
    found = dict(lastruns.changed((one, other), {}, [run(4, 'prod:m', outcome='failed')], [good]))
    assert found == {'a': State(run=4, run_outcome='failed', run_ms=2, revision='abc')}
    assert not dict(lastruns.changed((one,), found, [run(4, 'prod:m', outcome='failed')], [good]))


def test_what_was_deployed_to_an_earlier_model_of_that_name_is_nothing_now() -> None:
    before = run(3, 'prod:m', uuid='old', request='{"revision": "abc"}')
    (found,) = lastruns.changed((environment('a'),), {}, [run(4, 'prod:m', outcome='running')], [before])
    assert found == ('a', State(run=4, run_outcome='running', run_ms=1, revision=''))


def test_a_run_on_another_controller_is_no_matter() -> None:
    assert not dict(lastruns.changed((environment('a'),), {}, [run(4, 'test:m')], []))


def test_the_journal_tells_the_last_run_of_each_model(tmp_path: Path) -> None:
    kept = journal.Journal(tmp_path / 'journal.db')
    new = rows.New(spec='s', stage='', project='', workspace='', series='', manifest='')
    line = rows.New(spec='s', stage='', project='', workspace='', series='', manifest='', line='sleep')
    for number, (uuid, outcome, what) in enumerate(
        [
            ('u', 'done', new),
            ('u', 'done', line),
            ('u', 'failed', new),
            ('v', 'done', new),
            ('', 'done', new),
        ],
        1,
    ):
        assert kept.begin(what, []) == number
        kept.found_model(number, uuid)
        kept.mark(number, outcome)
    assert [found.id for found in kept.latest()] == [4, 3]
    assert [found.id for found in kept.latest(outcome='done')] == [4, 1]
    kept.close()


def test_processes_share_what_a_controller_may_be_asked(tmp_path: Path) -> None:
    rate = budget.Budget(per_minute=60)
    one = purse.Purse(tmp_path / 'refresh.db', rate, now_ms=lambda: NOW_MS)
    other = purse.Purse(tmp_path / 'refresh.db', rate, now_ms=lambda: NOW_MS)
    assert one.take('a', 20) == 0
    assert other.take('a', 3) == 3
    assert other.take('b', 3) == 0
    one.close()
    later = purse.Purse(tmp_path / 'refresh.db', rate, now_ms=lambda: NOW_MS + 5000)
    assert later.take('a', 2) == 0
    other.close()
    later.close()


def test_one_process_refreshes_and_one_that_was_killed_is_in_nobodys_way(tmp_path: Path) -> None:
    lock = tmp_path / 'state' / nudge.LOCK
    with refresh.alone(lock) as ours:
        assert ours
        with refresh.alone(lock) as also:
            assert not also
    child = os.fork()
    if not child:
        fcntl.flock(os.open(lock, os.O_RDWR), fcntl.LOCK_EX)
        os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    with refresh.alone(lock) as ours:
        assert ours


@pytest.mark.parametrize(
    ('value', 'seconds'),
    [('', 600), ('5', 300), ('0', 0), ('off', 0), ('0.5', 30), ('often', 600), ('-3', 0)],
)
def test_how_often_is_said_in_minutes(value: str, seconds: float) -> None:
    assert settings.refresh_after_s({'HOODOO_REFRESH': value}) == seconds


@pytest.mark.parametrize(
    'environ', [{'HOODOO_REFRESH': '0'}, {'HOODOO_OFFLINE': '1'}, {'HOODOO_ENVIRONMENT': 'a'}, {}]
)
def test_nothing_is_started_where_nobody_wants_it_or_there_is_nothing_to_refresh(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    inventory = tmp_path / 'inventory'
    if environ:
        inventory.mkdir()
    given = {'HOME': str(tmp_path), 'HOODOO_INVENTORY': str(inventory), **environ}
    assert not nudge.nudge(settings.load(given))
    assert not (tmp_path / '.local').exists()


def test_nothing_is_started_soon_after_the_last_time(tmp_path: Path) -> None:
    given = settings.load({'HOME': str(tmp_path), 'HOODOO_INVENTORY': str(tmp_path)})
    given.state.mkdir(parents=True)
    (given.state / nudge.LOCK).touch()
    assert not nudge.nudge(given)
