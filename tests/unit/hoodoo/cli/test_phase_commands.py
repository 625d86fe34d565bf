"""Each phase as a command: what it makes a line of, and which workspace that runs in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bedrock import errors
from hoodoo import cli
from hoodoo.cli.commands import phase


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ('PROJECT', 'SERIES', 'SPEC', 'STAGE', 'WORKSPACE', 'LOGFILE'):
        monkeypatch.delenv(f'MOJO_{name}', raising=False)
    monkeypatch.setenv('MOJO_ROOT', str(tmp_path / 'root'))
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    folder = tmp_path / 'shop'
    folder.mkdir()
    (folder / 'manifest').write_text('build\n')
    (folder / 'build').write_text('#!/bin/sh\necho "<$WHO>"\n')
    (folder / 'build').chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ('words', 'values', 'text'),
    [
        ((), {}, 'deploy'),
        (('config=x', 'timeout=9'), {}, 'deploy config=x timeout=9'),
        (('config=x',), {'config': 'y'}, 'deploy config=x config=y'),
        (('A=b c',), {}, "deploy A='b c'"),
        (('A=it\'s "so"',), {}, """deploy A='it'"'"'s "so"'"""),
    ],
)
def test_words_and_options_become_a_line(words: tuple[str, ...], values: dict[str, str], text: str) -> None:
    assert phase.line('deploy', words, values) == text


@pytest.mark.parametrize('word', ['specs/shop', '=x', 'A=b\nc'])
def test_what_no_line_can_hold_is_refused(word: str) -> None:
    with pytest.raises(errors.UsageFault):
        phase.line('deploy', (word,), {})


def test_a_phase_is_run_and_journalled(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.invoke(['build', '--spec', str(spec), 'WHO=a b', '--timeout', '60']) == 0
    assert 'build: <a b>' in capsys.readouterr().out
    assert cli.invoke(['runs', '--format', 'json']) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row['outcome'], row['source']) == ('done', str(spec))


def test_a_workspace_knows_its_spec(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.invoke(['run', str(spec)]) == 0
    capsys.readouterr()
    place = ['--project', 'shop', '--workspace', 'default']
    assert cli.invoke(['build', *place, 'WHO=me']) == 0
    assert 'build: <me>' in capsys.readouterr().out
    assert cli.invoke(['build', '--project', 'shop', '--workspace', 'defualt']) == 2
    assert 'Did you mean "default"?' in capsys.readouterr().err


def test_without_a_spec_it_says_what_to_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.invoke(['build']) == 2
    assert 'Name it with --spec or MOJO_SPEC' in capsys.readouterr().err


def test_a_wrong_line_changes_nothing(spec: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.invoke(['collect', '--spec', str(spec), 'workrs=3']) == 2
    assert 'command line:1:9: phase "collect" has no option "workrs"' in capsys.readouterr().err
    assert not (tmp_path / 'root' / 'shop').exists()


def test_the_help_lists_options_with_defaults_and_what_they_mean(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.invoke(['deploy', '--help']) == 0
    shown = ' '.join(capsys.readouterr().out.split())
    assert '--wait True|False Wait until the model is ready. [default: True]' in shown
    assert '--retry NUMBER How often to try again what failed. [default: 0]' in shown
