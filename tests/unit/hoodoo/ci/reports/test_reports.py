"""Reports of attempts, as files that ``UPDATE_GOLDEN=1`` rewrites, and as their readers take them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hoodoo.ci.reports import cases, github, junit, markdown, report
from hoodoo.ci.reports.report import Case, Finding, Outcome, Place, Report, Seen
from hoodoo.journal import events
from tests import trying

GOLDEN = Path(__file__).parents[4] / 'data' / 'hoodoo' / 'ci'
MANIFEST = 'specs/mirror/manifest'
PLACES = tuple(Place(file=MANIFEST, line=line, column=1) for line in (1, 2, 4))
ERROR = (
    'ERROR cannot finish verify "check|it": exit status 3\n    <html> \x1b[31mno\x1b[0m\n  See its output.'
)

STARTED = events.RunStarted(
    run=1,
    spec='specs/mirror',
    stage='ci',
    project='mirror',
    workspace='ci',
    series='noble',
    manifest='manifest',
    phases=('collect', 'deploy services', 'verify'),
)


def _records(*said: events.Event) -> list[events.Record]:
    return [events.Record(seq=n, at_ms=1000 * n, event=event) for n, event in enumerate(said, 1)]


def _ended(phase: int, title: str, outcome: str = 'done', summary: str = '') -> events.PhaseEnded:
    return events.PhaseEnded(phase=phase, title=title, outcome=outcome, seconds=1.5, summary=summary)


FAILED = _records(
    STARTED,
    events.Note(phase=-1, text='creating model'),
    events.ModelReady(model='pocket:m'),
    events.PhaseStarted(phase=0, title='collect'),
    _ended(0, 'collect', summary='1 source: 1 new'),
    events.PhaseStarted(phase=1, title='deploy services'),
    events.Step(phase=1, text='deploy web', state='started'),
    events.Waiting(phase=1, reasons=('web/0: waiting',)),
    events.Step(phase=1, text='deploy web', state='done'),
    events.Step(phase=1, text='expose web', state='failed'),
    _ended(1, 'deploy services', summary='1 change'),
    events.PhaseStarted(phase=2, title='verify'),
    events.Line(phase=2, text='``` is <b>no</b> page\x00', stream='stderr'),
    _ended(2, 'verify', outcome='failed'),
    events.RunEnded(run=1, outcome='failed', seconds=4.5, changes=1, error=ERROR),
)


def _report(**changes: object) -> Report:
    facts: dict[str, object] = {
        'number': 12,
        'spec': 'mirror',
        'revision': 'main',
        'commit': '1f2e3d4c' * 5,
        'stage': 'ci',
        'model': 'pocket:ci-mirror-main-0123456789',
        'verdict': 'failed',
        'why': 'cannot finish verify "check|it": exit status 3',
        'began_ms': 1_800_000_000_000,
        'seconds': 63.21,
        'folder': 'build/ci',
        'cases': (
            Case(suite='prepare', name='check', seconds=0.2),
            *cases.cases('first run', FAILED, PLACES),
            Case(suite='second run', name='verify', outcome=Outcome.SKIPPED, message='not reached'),
        ),
        'findings': (
            Finding(severity='warning', message='50% is, say: odd', place=Place(file='a:b,c', line=3)),
            Finding(severity='error', message='there is no stage'),
        ),
        'changed': ('configure web: port',),
        'proof': (Seen(what='its machine 0', gone=True), Seen(what='its machine 1', gone=False)),
        'artifacts': ('failure/run-1.log',),
        'notes': ('The manifest proves nothing.',),
    }
    return Report(**{**facts, **changes})  # type: ignore[arg-type] - one of the tests gives each


@pytest.mark.parametrize('name', ['junit.xml', 'summary.md', 'github.txt'])
def test_a_report_is_as_it_was(name: str) -> None:
    told = _report()
    made = {
        'junit.xml': junit.junit(told),
        'summary.md': markdown.markdown(told),
        'github.txt': ''.join(f'{line}\n' for line in github.github(told)),
    }[name]
    file = GOLDEN / name
    if os.environ.get('UPDATE_GOLDEN'):
        file.parent.mkdir(exist_ok=True)
        file.write_text(made)
    assert made == file.read_text()


def test_junit_is_as_its_readers_want_it(tmp_path: Path) -> None:
    file = tmp_path / 'junit.xml'
    file.write_text(junit.junit(_report()))
    found = trying.cases(file)
    assert [(case.suite, case.name, case.failure is not None, case.skipped) for case in found] == [
        ('prepare', 'check', False, False),
        ('first run', 'collect', False, False),
        ('first run', 'deploy services', False, False),
        ('first run', 'verify', True, False),
        ('second run', 'verify', False, True),
    ]


def test_what_could_not_be_done_is_no_failure_of_the_spec(tmp_path: Path) -> None:
    case = Case(suite='prepare', name='find a controller', outcome=Outcome.ERROR, detail='ERROR gone\n  up?')
    told = _report(cases=(case,), verdict='untried', findings=())
    file = tmp_path / 'junit.xml'
    file.write_text(junit.junit(told))
    (found,) = trying.cases(file)
    assert (found.failure, found.error, found.skipped) == (None, 'ERROR gone\n  up?', False)
    assert '| prepare | find a controller | **error** |' in markdown.markdown(told)
    assert '```text\nERROR gone\n' in markdown.markdown(told)
    assert list(github.github(told)) == [
        '::error title=mirror%3A prepare%2C find a controller::ERROR gone%0A  up?'
    ]


@given(st.text(), st.lists(st.text()))
def test_any_text_fits_into_junit(text: str, output: list[str]) -> None:
    case = Case(
        suite=text, name=text or 'x', outcome=Outcome.FAILED, message=text, detail=text, output=tuple(output)
    )
    made = junit.junit(_report(cases=(case,), spec=text, why=text))
    assert trying.FIT.fullmatch(made)
    trying.ET.fromstring(made)


@given(st.text(), st.text())
def test_any_text_stays_one_workflow_command(text: str, file: str) -> None:
    place = Place(file=file, line=3)
    line = github.command('error', text, place, title=text)
    head, _, message = line.removeprefix('::error').partition('::')
    assert not {'\n', '\r'} & set(line)
    assert 'line=3' in head
    assert message.replace('%0A', '\n').replace('%0D', '\r').replace('%25', '%') == report.fit(text)


def test_a_phase_that_did_not_end_has_failed() -> None:
    found = cases.cases('first run', FAILED[:5] + FAILED[5:9])
    assert [(case.outcome, case.message) for case in found] == [
        (Outcome.PASSED, '1 source: 1 new'),
        (Outcome.FAILED, 'it did not end'),
        (Outcome.SKIPPED, 'not reached'),
    ]


def test_a_run_that_failed_before_its_phases_has_a_case_for_that() -> None:
    ended = events.RunEnded(run=1, outcome='failed', seconds=1, error='ERROR cannot reach controller "x"')
    said = events.Note(phase=-1, text='pocket is not running')
    found = cases.cases('first run', _records(STARTED, said, ended))
    assert [case.outcome for case in found] == [Outcome.SKIPPED] * 3 + [Outcome.FAILED]
    assert (found[-1].name, found[-1].message) == ('run', 'cannot reach controller "x"')
    assert found[-1].output == ('pocket is not running',)


def test_a_run_that_stopped_early_on_purpose_has_not_failed() -> None:
    skipped = [_ended(n, title, outcome='skipped') for n, title in ((1, 'deploy services'), (2, 'verify'))]
    done = events.RunEnded(run=1, outcome='done', seconds=1)
    started = events.PhaseStarted(phase=0, title='collect')
    found = cases.cases('first run', _records(STARTED, started, _ended(0, 'collect'), *skipped, done))
    assert [case.outcome for case in found] == [Outcome.PASSED, Outcome.SKIPPED, Outcome.SKIPPED]


def test_the_first_line_of_an_error_is_its_message() -> None:
    assert report.first_line(ERROR) == 'cannot finish verify "check|it": exit status 3'
