"""A run that ended early goes on where it was, without doing again what was done."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import pytest

from bedrock import errors
from hoodoo.journal import events, rows
from hoodoo.phases import base, common, registry
from hoodoo.phases.builtin import sleep
from hoodoo.runner import locks, resuming, run
from hoodoo.spec import manifest
from tests.unit.hoodoo.runner.test_run import World


class Once:
    """A phase that may not be begun twice just so; fails while a file is there."""

    name = 'once'
    model_use = base.ModelUse.NONE
    repeatable = False
    own = sleep.Options
    shared = common.NONE

    def prepare(self, call: manifest.PhaseCall, place: base.Place, outlook: base.Outlook) -> base.Job | None:
        return self

    def run(self, context: base.Context) -> base.Outcome:
        with (context.place.workspace.path / 'trace').open('a') as file:
            file.write('once ')
        if (context.place.origin / 'broken').exists():
            raise errors.Fault('cannot do it')
        return base.Outcome()


class Case(World):
    """A spec of scripts that leave a trace."""

    def __init__(self, tmp_path: Path) -> None:
        super().__init__(tmp_path)
        for name in ('one', 'two', 'three'):
            self.program(name, f'printf "{name} " >> "$MOJO_SPEC_DIR/../trace"')
        self.manifest('script config=one\nscript config=two\nscript config=three\n')
        self.workspace = self.settings.root / 'mirror/noble/ci'

    @property
    def trace(self) -> str:
        return (self.workspace / 'trace').read_text()

    def runner(self) -> run.Runner:
        return run.Runner(settings=self.settings, journal=self.journal, connect=self._connect)

    def resume(self, number: int = 1, how: resuming.How = resuming.How.ASK) -> bool:
        return self.runner().resume(number, how)

    def fails(self) -> None:
        with pytest.raises(errors.Fault):
            self.run()

    def notes(self) -> list[str]:
        return [e.text for e in self.events() if isinstance(e, events.Note)]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


@pytest.fixture
def with_once(case: Case, monkeypatch: pytest.MonkeyPatch) -> Case:
    known: Mapping[str, base.Phase] = {**registry.phases(), 'once': Once()}
    monkeypatch.setattr(registry, 'phases', lambda: known)
    case.manifest('script config=one\nonce\nscript config=three\n')
    (case.spec / 'broken').touch()
    case.fails()
    (case.spec / 'broken').unlink()
    return case


def _mended(case: Case) -> None:
    """Mend the workspace's copy, as somebody would who looks into a failed run."""
    copy = case.workspace / 'spec/ci/two'
    copy.write_text((copy.parent / 'three').read_text().replace('three', 'two'))


def test_it_goes_on_with_the_phase_that_failed(case: Case) -> None:
    case.program('two', 'exit 1')
    case.fails()
    _mended(case)
    assert case.resume() is True
    assert case.trace == 'one two three '
    (only,) = case.journal.runs()
    assert (only.outcome, only.error) == (rows.DONE, '')
    assert [e.first for e in case.events() if isinstance(e, events.RunResumed)] == [1]


def test_it_may_fail_and_go_on_several_times(case: Case) -> None:
    case.program('two', 'exit 1')
    case.fails()
    for _ in range(2):
        with pytest.raises(errors.Fault, match='exit status 1'):
            case.resume()
    _mended(case)
    case.resume()
    assert case.trace == 'one two three '


def test_what_is_done_is_left_alone(case: Case) -> None:
    case.run()
    assert case.resume() is False
    assert case.trace == 'one two three '


def test_it_uses_its_own_copy_and_says_that_the_spec_has_changed(case: Case) -> None:
    case.program('two', 'exit 1')
    case.fails()
    case.program('two', 'exit 2')
    with pytest.raises(errors.Fault, match='exit status 1'):
        case.resume()
    assert any('has changed since' in note for note in case.notes())


def test_a_spec_that_is_the_same_is_not_talked_about(case: Case) -> None:
    case.program('two', 'exit 1')
    case.fails()
    with pytest.raises(errors.Fault, match='exit status 1'):
        case.resume()
    assert case.notes() == []


def test_the_author_may_have_removed_the_spec(case: Case) -> None:
    case.program('two', 'exit 1')
    case.fails()
    case.spec.rename(case.spec.with_name('away'))
    _mended(case)
    assert case.resume() is True


def test_a_later_run_in_the_workspace_ends_the_hope(case: Case) -> None:
    case.program('two', 'exit 1')
    case.fails()
    case.fails()
    with pytest.raises(errors.UsageFault, match='run 2 has used its workspace since'):
        case.resume(1)


def test_a_manifest_that_reads_differently_is_refused(case: Case) -> None:
    case.manifest('script config=${WHAT:-two}\n')
    case.program('two', 'exit 1')
    case.fails()
    environ = {**case.settings.environ, 'WHAT': 'one'}
    case.settings = dataclasses.replace(case.settings, environ=environ)
    with pytest.raises(errors.UsageFault, match='reads differently now'):
        case.resume()
    assert case.journal.get(1).outcome == 'failed'


def test_a_phase_that_may_not_be_repeated_needs_a_word(with_once: Case) -> None:
    with pytest.raises(errors.UsageFault, match='phase "once" was begun and not finished') as refusal:
        with_once.resume()
    assert 'hoodoo resume 1 --skip' in refusal.value.hint
    assert with_once.trace == 'one once '


def test_repeat_does_it_again(with_once: Case) -> None:
    with_once.resume(how=resuming.How.REPEAT)
    assert with_once.trace == 'one once once three '


def test_skip_takes_it_for_done(with_once: Case) -> None:
    with_once.resume(how=resuming.How.SKIP)
    assert with_once.trace == 'one once three '
    ends = [(e.title, e.outcome) for e in with_once.events() if isinstance(e, events.PhaseEnded)]
    assert ends[-2:] == [('once', 'skipped'), ('script three', 'done')]


def test_a_run_that_is_killed_at_any_event_goes_on_and_repeats_nothing(case: Case) -> None:
    """Each prefix of a run's events is a state that a kill can leave behind."""
    case.run()
    whole = case.journal.records(1)
    expected = resuming.past(whole)
    assert expected.first == 3
    for count in range(1, len(whole)):
        past = resuming.past(whole[:count])
        done = {r.event.phase for r in whole[:count] if isinstance(r.event, events.PhaseEnded)}
        assert past.completed == done
        assert past.first == len(done)
        assert past.begun in (-1, len(done))


def test_a_phase_that_ended_the_run_leaves_nothing_to_do() -> None:
    started = events.RunStarted(
        run=1, spec='', stage='', project='p', workspace='w', series='s', manifest='m', phases=('a', 'b', 'c')
    )
    stopped = events.PhaseEnded(phase=0, title='a', outcome='done', seconds=0, stop=True)
    records = [events.Record(seq=n, at_ms=0, event=e) for n, e in enumerate((started, stopped))]
    assert resuming.past(records).first == 3


def test_the_command_for_the_failed_phase_is_told(case: Case) -> None:
    case.manifest('script config=two WHO="a b" TOKEN=pl4in-secret\n')
    case.program('two', 'exit 1')
    case.fails()
    ended = case.events()[-1]
    assert isinstance(ended, events.RunEnded)
    resume, phase = ended.again
    assert resume == 'hoodoo resume 1'
    where = '--stage ci --project mirror --series noble --workspace ci'
    assert phase == f"hoodoo script {where} config=two 'WHO=a b' TOKEN=***"


def test_which_run_is_meant_when_none_is_named(case: Case) -> None:
    case.program('two', 'exit 1')
    case.fails()
    runs = case.journal.runs()
    found = resuming.unfinished(runs)
    assert found is not None
    assert found.id == 1
    later = dataclasses.replace(runs[0], id=2, outcome=rows.DONE)
    assert resuming.unfinished([later, *runs]) is None
    elsewhere = dataclasses.replace(later, workspace='other')
    assert resuming.unfinished([elsewhere, *runs]) == runs[0]
    by_itself = dataclasses.replace(later, line='script config=two')
    assert resuming.unfinished([by_itself, *runs]) == runs[0]


def test_two_workspaces_on_one_model_are_refused(case: Case) -> None:
    with locks.held(locks.model_lock(case.settings.root, case.juju.model_uuid), 'model') as lock:
        lock.sign(7)
        with pytest.raises(locks.BusyFault, match='cannot run in model fake:m: run 7 is in it'):
            case.run()
    assert not (case.workspace / 'trace').exists()


def test_a_run_that_was_refused_its_model_is_in_nobody_s_way(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.program('two', 'exit 1')
    case.fails()
    case.program('two', 'exit 2')

    def away(*_: object) -> None:
        raise errors.UnreachableFault('no controller answers')

    with monkeypatch.context() as patch:
        patch.setattr(case, '_connect', away)
        case.fails()
    newest = case.journal.runs()
    assert [(run.id, resuming.refused(case.journal, run)) for run in newest] == [(2, True), (1, False)]
    with pytest.raises(errors.Fault, match='exit status 1'):
        case.resume()
