"""The readiness oracle against what models really did, and against models that are made up."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from hoodoo import model, testing
from hoodoo.readiness import changes, oracle
from tests.unit.hoodoo.readiness import traces

SETTLE_S = 2.0
RECORDED = sorted(traces.FOLDER.glob('*.json'))


def _replay(trace: traces.Trace, rules: oracle.Rules) -> list[oracle.Verdict]:
    state, verdicts = oracle.State(rules=rules), list[oracle.Verdict]()
    for frame in trace.frames:
        state, verdict = oracle.step(state, frame.seen, frame.at)
        verdicts.append(verdict)
    return verdicts


def _rules(trace: traces.Trace, **more: object) -> oracle.Rules:
    rules = oracle.Rules(settle_s=SETTLE_S, changes=trace.changes, retry_errors=9)
    return dataclasses.replace(rules, **more)


def test_there_are_recorded_traces() -> None:
    assert {path.stem for path in RECORDED} == {
        'add-unit',
        'configure',
        'deploy',
        'fail-and-retry',
        'reboot',
        'refresh',
        'relate',
    }


@pytest.mark.parametrize('path', RECORDED, ids=lambda path: path.stem)
def test_a_recorded_model_is_ready_when_it_stopped_moving_and_at_the_first_look_that_can_tell(
    path: Path,
) -> None:
    trace = traces.load(path)
    kinds = [verdict.kind for verdict in _replay(trace, _rules(trace))]
    first = kinds.index('ready')
    assert first >= trace.last_move, 'too early'
    idle_ms = max(u.agent.since_ms or 0 for u in trace.frames[-1].seen.units())
    due = next(i for i, f in enumerate(trace.frames) if f.seen.now_ms - idle_ms >= SETTLE_S * 1000)
    assert first <= max(due, trace.last_move), 'late'
    assert set(kinds[first:]) == {'ready'}, 'it changes its mind though nothing changed'


@pytest.mark.parametrize('path', RECORDED, ids=lambda path: path.stem)
@pytest.mark.parametrize('pick', [2, 3, 5])
def test_looking_more_rarely_is_never_too_early(path: Path, pick: int) -> None:
    trace = traces.load(path)
    rare = dataclasses.replace(trace, frames=(*trace.frames[:-1][::pick], trace.frames[-1]))
    kinds = [verdict.kind for verdict in _replay(rare, _rules(trace))]
    moved = trace.frames[trace.last_move].at
    assert all(frame.at >= moved for frame, kind in zip(rare.frames, kinds, strict=True) if kind == 'ready')
    assert kinds[-1] == 'ready'


def test_a_failing_hook_ends_the_wait_at_the_first_look_unless_errors_are_tolerated() -> None:
    trace = traces.load(traces.FOLDER / 'fail-and-retry.json')
    in_error = [any(u.workload.value == 'error' for u in f.seen.units()) for f in trace.frames]
    kinds = [verdict.kind for verdict in _replay(trace, _rules(trace, retry_errors=0))]
    assert kinds.index('failed') == in_error.index(True)
    tolerated = [verdict.kind for verdict in _replay(trace, _rules(trace, retry_errors=1))]
    assert 'failed' not in tolerated
    assert tolerated[-1] == 'ready'


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A unit that is made up: when it notices a change made at 0, and what it does then."""

    idle_before_s: float
    notices_after_s: float
    hooks: tuple[tuple[float, float], ...]
    """How long each hook takes, and how long the agent idles after it."""

    def agent(self, at: float) -> model.Status:
        """What the agent says at a time; times are from the middle of an hour, so that none is negative."""
        value, since = 'idle', -self.idle_before_s
        moment = self.notices_after_s
        for number, (busy_s, pause_s) in enumerate(self.hooks):
            if at >= moment:
                value, since = f'executing {number}', moment
            moment += busy_s
            if at >= moment and (pause_s or number + 1 == len(self.hooks)):
                value, since = 'idle', moment
            moment += pause_s
        status, _, hook = value.partition(' ')
        return model.Status(
            value=status, message=f'running hook-{hook} hook' if hook else '', since_ms=_ms(since)
        )

    @property
    def end(self) -> float:
        """When its last hook ends."""
        last_pause = self.hooks[-1][1]
        return self.notices_after_s + sum(busy + pause for busy, pause in self.hooks) - last_pause


def _ms(at: float) -> int:
    return round((at + 1800) * 1000)


_short = some.integers(0, 1900).map(lambda ms: ms / 1000)
_units = some.lists(
    some.builds(
        Made,
        idle_before_s=some.floats(0.01, 1000),
        notices_after_s=some.floats(0.01, 25),
        hooks=some.lists(some.tuples(some.floats(0.01, 40), _short), min_size=1, max_size=4).map(tuple),
    ),
    min_size=1,
    max_size=3,
)


def _seen(units: list[Made], at: float) -> model.ModelSnapshot:
    made = [testing.unit(f'a/{n}', agent=unit.agent(at)) for n, unit in enumerate(units)]
    return dataclasses.replace(testing.snapshot(testing.application('a', *made)), now_ms=_ms(at))


def _verdicts(units: list[Made], looks: list[float], skew_s: float) -> list[tuple[float, str]]:
    altered = changes.Altered(application='a', what='options', at=skew_s)
    state = oracle.State(rules=oracle.Rules(settle_s=SETTLE_S, changes=(altered,)))
    found: list[tuple[float, str]] = []
    for at in looks:
        state, verdict = oracle.step(state, _seen(units, at), at + skew_s)
        found.append((at, verdict.kind))
    return found


@settings(max_examples=300, deadline=None)
@given(
    units=_units,
    gaps=some.lists(some.floats(0.0, 20), min_size=1, max_size=40),
    skew_s=some.floats(-1e6, 1e6),
)
def test_a_made_up_model_is_never_ready_too_early_and_never_late(
    units: list[Made], gaps: list[float], skew_s: float
) -> None:
    looks = [0.0]
    for gap in gaps:
        looks.append(looks[-1] + gap)
    end = max(unit.end for unit in units)
    looks += [at for at in (end + SETTLE_S + 0.01, end + 60) if at > looks[-1]]
    verdicts = _verdicts(units, looks, skew_s)
    for at, kind in verdicts:
        if kind == 'ready':
            assert at >= end, 'too early'
        if at >= end + SETTLE_S + 0.002:  # times are told in milliseconds
            assert kind == 'ready', 'late'
    assert 'failed' not in {kind for _, kind in verdicts}


@settings(max_examples=100, deadline=None)
@given(units=_units, waits=some.lists(some.floats(0.0, 100), min_size=1, max_size=10))
def test_a_ready_model_in_which_nothing_changes_stays_ready(units: list[Made], waits: list[float]) -> None:
    at = max(unit.end for unit in units) + SETTLE_S + 0.01
    looks = [at]
    for wait_s in waits:
        looks.append(looks[-1] + wait_s)
    assert {kind for _, kind in _verdicts(units, looks, 0.0)} == {'ready'}


def test_without_knowing_our_change_the_calm_before_it_would_count() -> None:
    unit = Made(idle_before_s=100.0, notices_after_s=5.0, hooks=((1.0, 0.0),))
    ignorant = oracle.State(rules=oracle.Rules(settle_s=SETTLE_S))
    assert oracle.step(ignorant, _seen([unit], 1.0), 1.0)[1].kind == 'ready'
    assert _verdicts([unit], [1.0], 0.0) == [(1.0, 'waiting')]


def test_a_change_that_no_agent_ever_shows_holds_up_for_a_while_only() -> None:
    still = testing.snapshot(testing.application('a', testing.unit('a/0')))
    rules = oracle.Rules(changes=(changes.Altered(application='a', what='options', at=0.0),))
    state = oracle.State(rules=rules)
    state, early = oracle.step(state, still, 1.0)
    assert [str(reason) for reason in early.reasons] == ['a/0: has not noticed the new options yet']
    later = dataclasses.replace(still, now_ms=still.now_ms + 30_000)
    assert oracle.step(state, later, 31.0)[1].kind == 'ready'


def test_a_charm_that_stayed_the_same_is_nothing_to_notice() -> None:
    seen = testing.snapshot(testing.application('a', testing.unit('a/0')))
    altered = changes.Altered(application='a', what='charm', at=0.0, old_charm='local:a-0')
    assert oracle.step(oracle.State(rules=oracle.Rules(changes=(altered,))), seen, 1.0)[1].kind == 'ready'


def test_a_unit_that_still_runs_the_old_charm_is_not_ready() -> None:
    seen = testing.snapshot(testing.application('a', testing.unit('a/0', old_charm='local:a-3')))
    _, verdict = oracle.step(oracle.State(rules=oracle.Rules()), seen, 1.0)
    assert [str(reason) for reason in verdict.reasons] == ['a/0: still runs charm local:a-3']


def test_a_unit_that_has_its_new_charm_may_be_about_to_run_a_hook() -> None:
    """Its agent's calm from before does not count."""
    state, kinds = oracle.State(rules=oracle.Rules(settle_s=SETTLE_S)), list[str]()
    for at, old_charm in ((100.0, 'local:a-3'), (100.5, ''), (101.9, ''), (102.5, '')):
        unit = testing.unit('a/0', old_charm=old_charm)
        seen = dataclasses.replace(testing.snapshot(testing.application('a', unit)), now_ms=int(at * 1000))
        state, verdict = oracle.step(state, seen, at)
        kinds.append(verdict.kind)
    assert kinds == ['waiting', 'settling', 'settling', 'ready']


@pytest.mark.parametrize('count', [0, 1, 2])
def test_as_many_failures_are_tolerated_as_one_says(count: int) -> None:
    state, kinds = oracle.State(rules=oracle.Rules(retry_errors=count)), list[str]()
    for since_ms in (10, 10, 20, 30):
        error = model.Status(value='error', message='hook failed: "start"', since_ms=since_ms)
        seen = testing.snapshot(testing.application('a', testing.unit('a/0', workload=error)))
        state, verdict = oracle.step(state, seen, 1.0)
        kinds.append(verdict.kind)
    assert kinds.index('failed') == {0: 0, 1: 2, 2: 3}[count]


def test_a_retried_error_that_stays_is_fatal_in_the_end() -> None:
    error = model.Status(value='error', message='hook failed: "start"', since_ms=10)
    seen = testing.snapshot(testing.application('a', testing.unit('a/0', workload=error)))
    retried = changes.Retried(unit='a/0', since_ms=10, at=0.0)
    state, verdict = oracle.step(oracle.State(rules=oracle.Rules(changes=(retried,))), seen, 1.0)
    assert [str(reason) for reason in verdict.reasons] == ['a/0: hook failed: "start", to be retried']
    assert verdict.kind == 'waiting'
    assert oracle.step(state, seen, 31.0)[1].kind == 'failed'


def test_only_the_applications_that_matter_are_waited_for() -> None:
    busy = testing.unit('b/0', agent=model.Status(value='executing'))
    seen = testing.snapshot(testing.application('a', testing.unit('a/0')), testing.application('b', busy))
    assert oracle.step(oracle.State(rules=oracle.Rules(only=frozenset('a'))), seen, 1.0)[1].kind == 'ready'
    _, missing = oracle.step(oracle.State(rules=oracle.Rules(only=frozenset('ac'))), seen, 1.0)
    assert [str(reason) for reason in missing.reasons] == ['c: is not in the model']


def test_where_agents_tell_no_times_calm_counts_from_when_it_was_seen() -> None:
    seen = testing.snapshot(testing.application('a', testing.unit('a/0', agent=model.Status(value='idle'))))
    state, kinds = oracle.State(rules=oracle.Rules(settle_s=3)), list[str]()
    for now in (10.0, 12.0, 13.0):
        state, verdict = oracle.step(state, seen, now)
        kinds.append(verdict.kind)
    assert kinds == ['settling', 'settling', 'ready']
