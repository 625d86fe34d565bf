"""What the phases that wait ask of the oracle, and what they say about their options."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import cast

import pytest

from hoodoo import model, testing
from hoodoo.bundle.planning import plan, steps
from hoodoo.nagios import checks
from hoodoo.phases import base
from hoodoo.phases.builtin import juju_check_wait, nagios_check, waiting
from hoodoo.readiness import changes
from hoodoo.spec import manifest


class Heard:
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def step(self, text: str, state: str) -> None:
        self.said.append(f'{state}: {text}')

    def note(self, text: str) -> None:
        self.said.append(text)


def _wanted(name: str, **more: object) -> model.WantedApplication:
    made = model.WantedApplication(name=name, charm=model.LocalCharm(path=Path(name)), num_units=2)
    return dataclasses.replace(made, **more)


_ONE, _OTHER = model.Endpoint(application='a', name='x'), model.Endpoint(application='b')


@pytest.mark.parametrize(
    ('step', 'expected'),
    [
        (steps.Deploy(wanted=_wanted('new')), [changes.Grown(application='new', units=2)]),
        (steps.Deploy(wanted=_wanted('new', subordinate=True)), [changes.Grown(application='new', units=0)]),
        (steps.AddUnits(application='a', count=3), [changes.Grown(application='a', units=4)]),
        (steps.Scale(application='a', units=3, was=1), [changes.Grown(application='a', units=3)]),
        (
            steps.SetOptions(application='a', options={'k': 'v'}),
            [changes.Altered(application='a', what='options', at=7.0)],
        ),
        (
            steps.Refresh(wanted=_wanted('a'), why='x'),
            [changes.Altered(application='a', what='charm', at=7.0, old_charm='local:a-0')],
        ),
        (steps.Integrate(one=_ONE, other=_OTHER), [changes.Related(one=_ONE, other=_OTHER, at=7.0)]),
        (steps.Retry(unit='a/0'), [changes.Retried(unit='a/0', since_ms=5, at=7.0)]),
        (steps.Expose(application='a'), []),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_step_says_what_the_model_must_show_of_it(step: steps.Step, expected: list[changes.Change]) -> None:
    failed = model.Status(value='error', since_ms=5)
    seen = plan.Seen(
        snapshot=testing.snapshot(testing.application('a', testing.unit('a/0', workload=failed)))
    )
    heard = Heard()
    noting = waiting.Noting(heard, clock=lambda: 7.0)
    noting.step(str(step), 'started')
    noting.step(str(step), 'done')
    assert noting.changes([step], seen) == tuple(expected)
    assert heard.said == [f'started: {step}', f'done: {step}'], 'it passes on what it hears'


def _problems(phase: base.Phase, line: str) -> list[str]:
    (call,) = manifest.parse(line).calls
    outlook = base.Outlook()
    # Neither phase looks at where it runs.
    job = phase.prepare(call, cast('base.Place', None), outlook)
    assert (job is None) == bool(outlook.problems)
    return [f'{p.column}: {p.message}. {p.hint}' for p in outlook.problems]


@pytest.mark.parametrize(
    ('line', 'said'),
    [
        ('additional-ready-states=blocked,waiting timeout=5 max-wait=6 retry-errors=2 settle=0', []),
        (
            'additional-ready-states=active,blokced',
            ['Did you mean "blocked"? Known states: active, blocked,'],
        ),
        ('additional-ready-states=error', ['A unit in error is never ready; retry-errors lets Juju retry']),
    ],
)
def test_juju_check_wait_says_where_a_state_is_wrong(line: str, said: list[str]) -> None:
    found = _problems(juju_check_wait.JujuCheckWait(), f'juju-check-wait {line}')
    for problem, hint in zip(found, said, strict=True):
        assert problem.startswith('17: "')
        assert hint in problem


@pytest.mark.parametrize(
    ('line', 'said'),
    [
        ('warning=ok unknown=fail retry=3 sleep=2 services=a,b skip-checks= skip-checks-extra=c', []),
        ('warning=okay', ['14: option warning takes fail or ok, not "okay". ']),
        ('unknown=True', ['14: option unknown takes fail or ok, not "True". ']),
    ],
)
def test_nagios_check_says_where_a_judgement_is_wrong(line: str, said: list[str]) -> None:
    assert _problems(nagios_check.NagiosCheck(), f'nagios-check {line}') == said


@pytest.mark.parametrize(
    ('given', 'skips', 'fine'),
    [
        (nagios_check.Options(), checks.DEFAULT_SKIPS, set[str]()),
        (nagios_check.Options(skip_checks=('a',)), ('a',), set[str]()),
        (nagios_check.Options(skip_checks_extra=('a',)), (*checks.DEFAULT_SKIPS, 'a'), set[str]()),
        (nagios_check.Options(warning='ok', unknown='ok'), checks.DEFAULT_SKIPS, {'warning', 'unknown'}),
    ],
)
def test_a_nagios_check_line_means(
    given: nagios_check.Options, skips: tuple[str, ...], fine: set[str]
) -> None:
    rules = given.rules()
    assert (rules.skips, rules.fine) == (skips, fine)
