"""Single phases and the options that they share, run as lines of a manifest against a model in memory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from bedrock import errors
from hoodoo import settings, testing
from hoodoo.cli import _PHASES  # pyright: ignore[reportPrivateUsage]  the list that help shows
from hoodoo.journal import events, journal
from hoodoo.juju import connect, driver
from hoodoo.phases import aftermath, common, described, registry
from hoodoo.review import request
from hoodoo.runner import run


class World:
    """A spec with one stage, and a model."""

    def __init__(self, tmp_path: Path) -> None:
        self.spec = tmp_path / 'shop'
        self.stage = self.spec / 'ci'
        self.stage.mkdir(parents=True)
        self.settings = settings.load({'HOME': str(tmp_path), 'PATH': os.environ['PATH']})
        self.space = self.settings.root / 'shop' / 'noble' / 'ci'
        self.juju = testing.FakeDriver()
        self.journal = journal.Journal(self.settings.root / 'journal.db')

    def write(self, name: str, text: str) -> None:
        (self.stage / name).parent.mkdir(exist_ok=True)
        (self.stage / name).write_text(text)

    def program(self, name: str, text: str) -> None:
        self.write(name, f'#!/bin/sh\n{text}\n')
        (self.stage / name).chmod(0o755)

    def run(self, manifest: str, *, line: str = '') -> list[events.Event]:
        """Run it; what the journal says of it is in `said` and `events` also when it fails."""
        (self.spec / 'manifest').write_text(manifest)
        given = request.Given(spec=str(self.spec), stage='ci', line=line)
        runner = run.Runner(settings=self.settings, journal=self.journal, connect=self._connect)
        runner.run(request.complete(given, self.settings))
        return self.events()

    def events(self) -> list[events.Event]:
        (newest,) = self.journal.runs(limit=1)
        return [record.event for record in self.journal.records(newest.id)]

    def said(self) -> list[str]:
        """Notes and printed lines of the newest run."""
        return [e.text for e in self.events() if isinstance(e, events.Note | events.Line)]

    def ended(self) -> list[tuple[str, str, str]]:
        return [(e.title, e.outcome, e.summary) for e in self.events() if isinstance(e, events.PhaseEnded)]

    def problems(self, manifest: str) -> dict[str, str]:
        with pytest.raises(errors.Problems) as caught:
            self.run(manifest)
        return {p.where.removeprefix(f'{self.spec}/'): p.message for p in caught.value.problems}

    def _connect(
        self, wanted: str, default: str, note: connect.Note, making: connect.Making | None
    ) -> tuple[driver.Driver, Mapping[str, str]]:
        return self.juju, {'JUJU_MODEL': 'fake:m'}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def _charm(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / 'charmcraft.yaml').write_text('name: x\n')


# secrets


def test_a_secrets_line_brings_what_a_script_put_there_since(world: World) -> None:
    local = world.settings.root / 'LOCAL' / 'shop' / 'ci'
    local.mkdir(parents=True)
    (local / 'old').write_text('o')
    world.program('script', f'echo new >{local}/new')
    world.run('script\nsecrets\n')
    assert world.ended()[1] == ('secrets', 'done', '2 files, 1 changed')
    assert (world.space / 'local' / 'new').read_text() == 'new\n'


def test_no_secrets_are_no_error(world: World) -> None:
    world.run('secrets\n')
    assert world.ended() == [('secrets', 'done', f'none in {world.settings.root}/LOCAL/shop/ci')]


# repo


def test_repo_takes_what_its_file_names(world: World) -> None:
    _charm(world.spec / 'charms' / 'web')
    (world.spec / 'charms' / 'plain').mkdir()
    (world.spec / 'charms' / 'plain' / 'file').write_text('f')
    world.write('collect', 'web charms/web\nplain charms/plain\n')
    world.write('repo', '# ours\nplain \n\n')
    world.run('collect\nrepo\n')
    assert world.ended()[1] == ('repo', 'done', '2 charms, 1 changed')
    assert sorted(os.listdir(world.space / 'charms' / 'noble')) == ['plain', 'web']


def test_repo_without_a_file_takes_every_charm_that_a_build_made(world: World) -> None:
    world.program('build', 'mkdir "$MOJO_BUILD_DIR/made"; echo name: m >"$MOJO_BUILD_DIR/made/metadata.yaml"')
    world.run('build\nrepo\n')
    assert os.listdir(world.space / 'charms' / 'noble') == ['made']


def test_repo_names_that_nothing_brings_are_found_before_the_run(world: World) -> None:
    _charm(world.spec / 'charms' / 'web')
    world.write('collect', 'all @\nall/web charms/web\nmore charms\n')
    world.write('repo', 'all/web\nwbe\n../x\nmore/web\nmore/wbe\n')
    assert world.problems('collect\nrepo\n') == {
        'ci/repo:2:1': 'nothing collects "wbe"',
        'ci/repo:3:1': '"../x" leads out of the build directory',
        'ci/repo:5:1': 'nothing collects "more/wbe"',
    }


def test_repo_fails_when_a_program_did_not_make_what_it_names(world: World) -> None:
    world.program('build', 'true')
    world.write('repo', 'made\n')
    with pytest.raises(errors.Fault, match='has no directory made'):
        world.run('build\nrepo\n')


def test_a_repo_file_that_is_named_must_be_there(world: World) -> None:
    assert world.problems('repo config=mine\n') == {'manifest:1:6': 'cannot find file "mine"'}


# build and builddeps without a container


def test_a_build_gets_its_variables_and_may_write_to_local(world: World) -> None:
    world.program('build', 'echo "$WHO" >"$MOJO_LOCAL_DIR/cert"')
    world.run("build WHO='a b'\n")
    assert (world.space / 'local' / 'cert').read_text() == 'a b\n'


def test_builddeps_without_a_container_only_says_what_this_machine_lacks(world: World) -> None:
    world.write('builddeps', 'dpkg\nno-such-package-here # a remark\n')
    world.run('builddeps\n')
    assert 'the project has no container, and this machine lacks' in world.said()[0]
    assert 'no-such-package-here' in world.said()[0]


@pytest.mark.parametrize(
    ('line', 'where', 'message'),
    [
        ('builddeps', 'manifest:1:1', 'does not say what to install'),
        ('builddeps packages=a-b,--rm', 'manifest:1:11', '"--rm" cannot be the name of a package'),
        ('builddeps config=gone', 'manifest:1:11', 'cannot find file "gone"'),
    ],
)
def test_builddeps_wants_names_of_packages(world: World, line: str, where: str, message: str) -> None:
    assert message in world.problems(f'{line}\n')[where]


# verify


def test_verify_runs_all_of_a_directory_in_order_and_reports_each(world: World) -> None:
    for name, code in (('20-b', 3), ('10-a', 0), ('30-c', 0)):
        world.program(f'checks/{name}', f'echo "$0" | sed s,.*/,,; echo "to $TO" >&2; exit {code}')
    world.write('checks/README', 'not a program')
    with pytest.raises(errors.Fault, match='of 3 programs, 1 failed: 20-b') as caught:
        world.run('verify config=checks TO=me\n')
    assert 'exit status 3' in errors.render(caught.value)
    assert [text for text in world.said() if ': exit' in text] == [
        '10-a: exit status 0',
        '20-b: exit status 3',
        '30-c: exit status 0',
    ]
    world.program('checks/20-b', 'true')
    world.run('verify config=checks\n')
    assert world.ended() == [('verify checks', 'done', '3 programs passed')]


def test_a_directory_without_programs_verifies_nothing_and_is_refused(world: World) -> None:
    world.write('checks/README', 'not a program')
    assert 'holds no executable file' in world.problems('verify config=checks\n')['manifest:1:8']


# stop-on


def test_stop_on_ends_the_run_early_and_well(world: World) -> None:
    world.program('unchanged', 'exit 7')
    found = world.run('stop-on config=unchanged return-code=7\nsleep config=60\nsleep config=61\n')
    assert world.ended() == [
        ('stop-on unchanged', 'done', 'exit status 7: the run ends here'),
        ('sleep 60', 'skipped', ''),
        ('sleep 61', 'skipped', ''),
    ]
    assert [e.outcome for e in found if isinstance(e, events.RunEnded)] == ['done']


def test_stop_on_with_another_status_goes_on(world: World) -> None:
    world.program('stop-on', 'exit 1')
    world.run('stop-on\nsleep config=0\n')
    assert world.ended()[1] == ('sleep 0', 'done', '')


@pytest.mark.parametrize('text', ['no-such-command-here', 'kill -9 $$'])
def test_a_question_that_was_not_answered_fails(world: World, text: str) -> None:
    world.program('stop-on', text)
    with pytest.raises(errors.Fault, match='cannot finish stop-on'):
        world.run('stop-on\nsleep config=60\n')


# what many phases share


def test_a_retry_may_succeed(world: World) -> None:
    world.program('script', 'echo try >>"$MOJO_BUILD_DIR/tries"; test $(wc -l <"$MOJO_BUILD_DIR/tries") = 3')
    world.program('told', 'echo never')
    world.run('script retry=3 sleep=0 exec-on-failure=told\n')
    assert world.said() == [
        'try 1 of 4 failed, next in 0 s: cannot finish script "script": exit status 1',
        'try 2 of 4 failed, next in 0 s: cannot finish script "script": exit status 1',
    ]


def test_the_last_failure_counts_and_a_program_is_told_of_it(world: World) -> None:
    world.program('bad', 'exit 3')
    world.program(
        'told',
        'echo "$MOJO_FAILED_PHASE $MOJO_FAILED_CONFIG $MOJO_FAILED_TRIES $MOJO_STAGE: $MOJO_FAILED_ERROR"\n'
        'exit 9',
    )
    with pytest.raises(errors.Fault, match='cannot finish verify "bad": exit status 3'):
        world.run('verify config=bad retry=1 sleep=0 exec-on-failure=told\n')
    assert 'verify bad 2 ci: cannot finish verify "bad": exit status 3' in world.said()
    assert world.said()[-1] == 'exec-on-failure: told: exit status 9'


def test_invalid_input_is_not_tried_again(world: World) -> None:
    world.write('repo', 'x\n')
    world.program('build', 'rm "$MOJO_SPEC_DIR/ci/verify"')
    world.program('verify', 'true')
    with pytest.raises(errors.UsageFault):
        world.run('build\nscript config=verify retry=5 sleep=100\n')


def test_a_program_that_takes_too_long_is_ended_with_what_it_started(world: World, tmp_path: Path) -> None:
    world.program('script', f'sleep 1000 & echo $! >{tmp_path}/child; echo begun; wait')
    with pytest.raises(errors.Fault, match=r'cannot finish script "script" within 0.5 s\n    begun'):
        world.run('script timeout=0.5\n')
    child = Path('/proc', (tmp_path / 'child').read_text().strip(), 'status')
    assert not child.exists() or 'zombie' in child.read_text()


def test_debug_logs_are_kept_in_the_workspace(world: World) -> None:
    world.juju.put(testing.application('web', testing.unit('web/0')))
    world.juju.log = ['unit-web-0: it broke']
    world.juju.executed = lambda machine, script: driver.Executed(
        returncode=0, stdout=f'{machine}: {script}\n', stderr=''
    )
    world.program('verify', 'exit 1')
    world.program('more', 'echo more')
    with pytest.raises(errors.Fault):
        world.run('verify debug-logs=web,more,gone\n')
    (folder,) = (world.space / 'logs').iterdir()
    assert folder.name.endswith('-verify')
    kept = {file.name: file.read_text() for file in folder.iterdir()}
    assert kept == {
        'model.log': 'unit-web-0: it broke\n',
        'status': 'web/0: active (idle)\n',
        'web-0.log': f'0: {aftermath.unit_script("web/0")}\n',
        'more.log': 'more\n',
    }
    assert folder.stat().st_mode & 0o777 == 0o700
    assert 'unit-web-0: it broke' in world.said()
    assert 'debug-logs: the model has no application gone' in world.said()
    assert f'debug-logs: kept in {folder}' in world.said()


def test_kept_logs_hold_no_secrets(world: World) -> None:
    world.juju.log = ['unit-web-0: db at https://web:hunter22@db/']
    world.program('verify', 'exit 1')
    with pytest.raises(errors.Fault):
        world.run('verify debug-logs=True\n')
    (log,) = (world.space / 'logs').glob('*/model.log')
    assert log.read_text() == 'unit-web-0: db at https://***@db/\n'


def test_logs_that_cannot_be_had_do_not_hide_the_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def log_lines(limit: int) -> list[str]:
        raise errors.Fault('cannot reach the controller')

    monkeypatch.setattr(world.juju, 'log_lines', log_lines)
    world.program('verify', 'exit 1')
    with pytest.raises(errors.Fault, match='exit status 1'):
        world.run('verify debug-logs=True\n')
    assert 'debug-logs: model: cannot reach the controller' in world.said()


@pytest.mark.parametrize(
    ('line', 'column', 'message'),
    [
        ('collect retyr=1', 9, 'phase "collect" has no option "retyr"'),
        ('collect retry=x', 9, 'option retry takes a whole number'),
        ('collect timeout=1', 9, 'phase "collect" has no option "timeout"'),
        ('collect debug-logs=True', 9, 'phase "collect" has no option "debug-logs"'),
        ('sleep config=1 retry=1', 16, 'phase "sleep" has no option "retry"'),
        ('juju-check-wait exec-on-failure=gone', 17, 'cannot find file "gone"'),
        ('juju-check-wait exec-on-failure=collect', 17, 'file "'),
    ],
)
def test_shared_options_are_checked_where_they_mean_something(
    world: World, line: str, column: int, message: str
) -> None:
    world.write('collect', '')
    found = world.problems(f'{line}\n')
    assert list(found) == [f'manifest:1:{column}']
    assert found[f'manifest:1:{column}'].startswith(message)


def test_a_misspelt_shared_option_is_guessed(world: World) -> None:
    world.write('collect', '')
    with pytest.raises(errors.Problems) as caught:
        world.run('collect retyr=1\n')
    assert caught.value.problems[0].hint == 'Did you mean "retry"?'


def test_an_option_of_the_phase_itself_comes_before_the_shared_one() -> None:
    shared = {name: {field.name for field in common.of(phase)} for name, phase in registry.phases().items()}
    assert 'retry' not in shared['nagios-check']
    assert 'timeout' not in shared['deploy']
    assert {'retry', 'timeout', 'debug_logs'} <= shared['script']
    assert shared['sleep'] == set()


# what they say about themselves


def test_the_help_lists_every_phase() -> None:
    ours = {n for n, phase in registry.phases().items() if phase.own.__module__.startswith('hoodoo.')}
    assert set(_PHASES) == ours


def test_every_option_has_a_text() -> None:
    for name, phase in registry.phases().items():
        assert described.summary(phase), name
        assert [option.key for option in described.options(phase) if not option.text] == [], name


# one line by itself


def test_one_line_sees_what_a_script_edited_and_a_run_does_not(world: World) -> None:
    world.program('script', 'echo second')
    world.run('script\n')
    edited = world.space / 'spec' / 'ci' / 'script'
    edited.write_text('#!/bin/sh\necho "edited $WHO"\n')
    world.run('', line="script WHO='a b'")
    assert world.said() == ['edited a b']
    world.run('script\n')
    assert world.said() == ['second']


def test_one_line_makes_the_workspace_when_there_is_none(world: World) -> None:
    world.program('script', 'echo "$MOJO_SPEC_DIR"')
    world.run('', line='script')
    assert world.said() == [str(world.space / 'spec')]


def test_what_other_lines_would_have_brought_is_not_missed_by_one_line(world: World) -> None:
    world.juju.put(testing.application('web', testing.unit('web/0')))
    world.juju.put(testing.application('db', testing.unit('db/0')))
    world.write('relations', 'relations:\n- ["web:db", "db:db"]\n')
    world.run('', line='deploy config=relations')
    assert world.juju.calls == ['integrate db:db web:db']
