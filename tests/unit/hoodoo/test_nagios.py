"""NRPE checks, with the real shell."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hoodoo import testing
from hoodoo.nagios import checks


def _run(folder: Path, *skips: str) -> list[checks.Result]:
    script = checks.script(skips).replace('/etc/nagios/nrpe.d', str(folder))
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
    assert [r.name for r in found if not r.good] == ['check_bad']
    assert str(found[1]) == 'a/0 check_bad: CRITICAL: two\nlines'


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
