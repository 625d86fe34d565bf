"""The command line: results on stdout, the rest on stderr, exit codes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hoodoo import cli


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ('MOJO_PROJECT', 'MOJO_SERIES', 'MOJO_SPEC', 'MOJO_STAGE', 'MOJO_WORKSPACE', 'MOJO_LOGFILE'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('MOJO_ROOT', str(tmp_path / 'root'))
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))


def _spec(tmp_path: Path, manifest: str) -> str:
    folder = tmp_path / 'mirror'
    folder.mkdir()
    (folder / 'manifest').write_text(manifest)
    return str(folder)


def test_a_run_without_a_model_prints_plain_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.invoke(['run', _spec(tmp_path, 'sleep config=0\n')]) == 0
    out, err = capsys.readouterr()
    assert 'sleep 0: done' in out
    assert 'run 1 done' in out
    assert err == ''


def test_json_lines_hold_every_event(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.invoke(['run', _spec(tmp_path, 'sleep config=0\n'), '--format', 'json']) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record['event']['type'] for record in events] == [
        'run-started',
        'spec-ready',
        'phase-started',
        'phase-ended',
        'run-ended',
    ]


def test_the_log_file_gets_what_the_terminal_gets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('MOJO_LOGFILE', str(tmp_path / 'log'))
    assert cli.invoke(['run', _spec(tmp_path, 'sleep config=0\n')]) == 0
    assert (tmp_path / 'log').read_text() == capsys.readouterr().out


def test_a_log_file_that_cannot_be_written_is_no_place_to_look(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('MOJO_LOGFILE', str(tmp_path))
    assert cli.invoke(['run', _spec(tmp_path, 'sleep config=0\n')]) == 0
    out, err = capsys.readouterr()
    assert f'WARNING cannot write the log file {tmp_path}' in err
    assert str(tmp_path) not in out.partition('log: ')[2]
    assert 'log: hoodoo log 1' in out


def test_an_invalid_spec_exits_2_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.invoke(['run', _spec(tmp_path, 'sleeep config=0\n')]) == 2
    out, err = capsys.readouterr()
    assert out == ''
    assert '/mirror/manifest:1:1: unknown phase "sleeep"' in err
    assert 'Did you mean "sleep"?' in err
    assert not (tmp_path / 'root' / 'mirror').exists()


def test_check_runs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.invoke(['run', _spec(tmp_path, 'sleep config=0\n'), '--check']) == 0
    assert capsys.readouterr().out == 'no problem found in 1 manifest\n'
    assert not (tmp_path / 'root').exists()
    assert cli.invoke(['runs', '--format', 'json']) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_runs_and_show_tell_what_happened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.invoke(['run', _spec(tmp_path, 'sleep config=0\n')])
    capsys.readouterr()
    assert cli.invoke(['runs', '--format', 'json']) == 0
    (run,) = json.loads(capsys.readouterr().out)
    assert (run['run'], run['outcome'], run['spec']) == (1, 'done', 'mirror')
    assert cli.invoke(['show', '1', '--log']) == 0
    shown = capsys.readouterr().out
    assert 'sleep 0' in shown
    assert 'run 1 done' in shown


@pytest.mark.parametrize('words', [['ci', 'run', 'x'], ['ci', 'reap']])
def test_a_connected_shell_is_about_its_environment_alone(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv('HOODOO_ENVIRONMENT', 'mirror/aws/tokyo/production')
    assert cli.invoke(words) == 2
    assert 'in mirror/aws/tokyo/production: this shell is' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('argv', 'code', 'text'),
    [
        (['show', '7'], 2, 'cannot find run 7'),
        (['shwo'], 2, 'Did you mean "show"?'),
        (['run', '--nothing'], 2, 'No such option'),
        (['run'], 2, 'no spec is named'),
        (['project-new', 'a/b'], 2, 'name of a project'),
    ],
)
def test_wrong_usage_exits_2(
    argv: list[str], code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.invoke(argv) == code
    assert text in capsys.readouterr().err


def test_an_unreachable_controller_exits_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {'uuid': 'c', 'api-endpoints': ['127.0.0.1:1'], 'ca-cert': '', 'cloud': 'lxd'}
    controllers = {'controllers': {'gone': entry}, 'current-controller': 'gone'}
    (tmp_path / 'controllers.yaml').write_text(json.dumps(controllers))
    monkeypatch.setenv('JUJU_DATA', str(tmp_path))
    monkeypatch.setenv('HOODOO_JUJU', '/bin/true')
    assert cli.invoke(['run', _spec(tmp_path, 'juju-check-wait\n')]) == 3
    assert 'cannot reach controller "gone" at 127.0.0.1:1' in capsys.readouterr().err


def test_an_interrupted_run_exits_130(tmp_path: Path) -> None:
    spec = _spec(tmp_path, 'script\n')
    code = (
        'import os, signal, sys; from hoodoo import cli; from hoodoo.phases import countdown\n'
        'countdown.time.sleep = lambda _: os.kill(os.getpid(), signal.SIGINT)\n'
        'sys.exit(cli.invoke(sys.argv[1:]))'
    )
    Path(spec, 'manifest').write_text('sleep config=60\n')
    argv = [sys.executable, '-c', code, 'run', spec]
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    assert done.returncode == 130
    assert 'cancelled' in done.stdout
    assert 'interrupted' in done.stderr


def test_projects_and_workspaces_are_made_and_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.invoke(['project-new', 'p', '-s', 'jammy']) == 0
    assert cli.invoke(['project-new', 'p', '-s', 'jammy']) == 2
    spec = _spec(tmp_path, '')
    assert cli.invoke(['workspace-new', '--project', 'p', '-s', 'jammy', spec, 'w']) == 0
    capsys.readouterr()
    assert cli.invoke(['project-list', '--format', 'json']) == 0
    assert [row['project'] for row in json.loads(capsys.readouterr().out)] == ['p']
    assert cli.invoke(['workspace-list', '--format', 'json']) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row['workspace'], row['spec']) == ('w', spec)
    assert (tmp_path / 'root/p/jammy/w/spec/manifest').is_file()


def test_help_imports_nothing_heavy() -> None:
    code = (
        'import sys; from hoodoo import cli; cli.invoke(["--help"]);'
        'print([m for m in ("rich", "jinja2", "jubilant", "websockets", "yaml") if m in sys.modules])'
    )
    done = subprocess.run([sys.executable, '-c', code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == '[]'


def test_every_command_helps_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.invoke(['--help']) == 0
    listed = capsys.readouterr().out.partition('\nCommands:')[2]
    names = re.findall(r'^  (\S+)', listed, re.MULTILINE)
    assert {'run', 'runs', 'project-new', 'deploy', 'stop-on'} <= set(names)
    for name in names:
        assert cli.invoke([name, '--help']) == 0
        assert f'hoodoo {name}' in capsys.readouterr().out
