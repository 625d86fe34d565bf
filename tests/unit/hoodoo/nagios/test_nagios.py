"""NRPE checks, with the real shell."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from hoodoo import testing
from hoodoo.juju import driver
from hoodoo.nagios import checks, rounds


def _run(folder: Path, *skips: str, only: tuple[str, ...] = ()) -> list[checks.Result]:
    script = checks.script(skips, only=only).replace('/etc/nagios/nrpe.d', str(folder))
    done = subprocess.run(['sh', '-c', script], check=True, capture_output=True, text=True)
    return checks.read('a/0', done.stdout)


def test_each_configured_command_is_run_and_judged(tmp_path: Path) -> None:
    (tmp_path / 'a.cfg').write_text(
        '# command[check_off]=/bin/false\n'
        'command[check_good]=echo "all fine | x=1"\n'
        "command[check_bad] = sh -c 'echo two; echo lines; exit 2'\n"
        'command[check_skipped]=/bin/false\n'
    )
    (tmp_path / 'b.cfg').write_text('command[check_reads]=cat\n')
    (tmp_path / 'ignored').write_text('command[check_none]=/bin/false\n')
    found = _run(tmp_path, 'check_skipped', 'check_of_another_time')
    assert [(r.name, r.status, r.output) for r in found] == [
        ('check_good', 0, 'all fine | x=1'),
        ('check_bad', 2, 'two\nlines'),
        ('check_skipped', None, ''),
        ('check_reads', 0, ''),
    ]
    assert [r.name for r in found if not r.is_good()] == ['check_bad']
    assert str(found[1]) == 'a/0 check_bad: critical: two\nlines'


def test_a_machine_without_checks_has_no_results(tmp_path: Path) -> None:
    assert _run(tmp_path / 'absent') == []


def test_a_skip_cannot_smuggle_in_a_command(tmp_path: Path) -> None:
    (tmp_path / 'a.cfg').write_text('command[check_good]=/bin/true\n')
    assert [r.name for r in _run(tmp_path, "x'; echo owned 0 -; '")] == ['check_good']


def test_each_machine_is_asked_once_through_its_principal() -> None:
    seen = testing.snapshot(
        testing.application('web', testing.unit('web/0', machine='0'), testing.unit('web/1', machine='1')),
        testing.application('nrpe', testing.unit('nrpe/0', machine='0', principal='web/0')),
        testing.application('gone', testing.unit('gone/0', machine='3', life='dying')),
    )
    assert checks.places(seen) == {'0': 'web/0', '1': 'web/1'}
    assert checks.places(seen, ['nrpe']) == {'0': 'nrpe/0'}


def test_only_the_named_checks_run_when_some_are_named(tmp_path: Path) -> None:
    (tmp_path / 'a.cfg').write_text('command[check_a]=/bin/true\ncommand[check_ab]=/bin/false\n')
    assert [r.name for r in _run(tmp_path, only=('check_a',))] == ['check_a']


class Machines:
    """Machines whose checks go as told, each time they are asked."""

    def __init__(self, **answers: list[str]) -> None:
        """*answers*: by machine, ``name:status ...`` for each time; empty for no answer."""
        self.answers = answers
        self.scripts: list[str] = []
        self._lock = threading.Lock()
        self.juju = testing.FakeDriver()
        self.juju.executed = self._execute

    def _execute(self, machine: str, script: str) -> driver.Executed:
        with self._lock:
            self.scripts.append(script)
            said = self.answers[machine].pop(0)
        if not said:
            raise driver.JujuFault(f'cannot run a command on machine {machine}: timed out')
        lines = [f'{name} {status} -' for name, _, status in (word.partition(':') for word in said.split())]
        return driver.Executed(returncode=0, stdout='\n'.join(lines), stderr='')

    def run(self, rules: rounds.Rules, *, down: Sequence[str] = ()) -> list[str]:
        places = {machine: f'{machine}/0' for machine in self.answers}
        results = rounds.run(self.juju, places, rules, rest=lambda _: None, down=down)
        return [f'{r.unit} {r.name or "-"} {r.state} {r.tries}' for r in results]


def test_a_machine_that_does_not_answer_is_one_result_and_the_others_go_on() -> None:
    machines = Machines(a=['one:0'], b=[''], c=['one:2'])
    assert machines.run(rounds.Rules()) == ['a/0 one ok 1', 'b/0 - no answer 1', 'c/0 one critical 1']


def test_a_machine_that_is_down_is_not_asked() -> None:
    machines = Machines(a=['one:0'], b=[])
    assert machines.run(rounds.Rules(), down=['b']) == ['a/0 one ok 1', 'b/0 - no answer 1']


def test_only_what_was_bad_runs_again_and_it_shows_which_try_was_good() -> None:
    machines = Machines(a=['one:0 two:2 three:1', 'two:0 three:1', 'three:0'], b=['one:0'])
    found = machines.run(rounds.Rules(retry=5))
    assert found == ['a/0 one ok 1', 'a/0 two ok 2', 'a/0 three ok 3', 'b/0 one ok 1']
    limits = [line for script in machines.scripts for line in script.splitlines() if line.startswith('only=')]
    assert sorted(limits[2:]) == ["only=' ''two three'' '", "only=' 'three' '"]


def test_retries_end() -> None:
    machines = Machines(a=['one:2', 'one:2', ''])
    assert machines.run(rounds.Rules(retry=2)) == ['a/0 - no answer 3']


def test_a_machine_that_answers_late_is_asked_for_all_its_checks() -> None:
    machines = Machines(a=['', 'one:0 two:0'])
    assert machines.run(rounds.Rules(retry=1)) == ['a/0 one ok 2', 'a/0 two ok 2']


def test_a_warning_that_is_fine_is_not_tried_again() -> None:
    machines = Machines(a=['one:1 two:3'])
    found = machines.run(rounds.Rules(retry=3, fine=frozenset({'warning', 'unknown'})))
    assert found == ['a/0 one warning 1', 'a/0 two unknown 1']


@pytest.mark.parametrize(
    ('status', 'state', 'good'),
    [
        (0, 'ok', True),
        (1, 'warning', False),
        (3, 'unknown', False),
        (124, 'timed out', False),
        (126, 'exit status 126', False),
        (None, 'skipped', True),
    ],
)
def test_every_status_is_judged(status: int | None, state: str, good: bool) -> None:
    result = checks.Result(unit='a/0', name='x', status=status)
    assert (result.state, result.is_good()) == (state, good)


def test_the_table_shows_unit_check_state_and_what_the_check_said() -> None:
    results = [
        checks.Result(unit='web/0', name='check_http', status=0, output='HTTP OK | time=0.1', tries=2),
        checks.Result(unit='cache/10', name='', status=None, output='machine 3 is down'),
    ]
    assert checks.table(results) == [
        'Unit      Check       State      Output',
        'web/0     check_http  ok, try 2  HTTP OK',
        'cache/10  -           no answer  machine 3 is down',
    ]
