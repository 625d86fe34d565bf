"""``hoodoo ci watch`` and ``hoodoo ci history`` as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import hoodoo.cli
from hoodoo.ci.watch import history
from hoodoo.runner import locks


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path / 'state'))
    monkeypatch.setenv('MOJO_ROOT', str(tmp_path / 'mojo'))
    return tmp_path / 'state' / 'hoodoo'


def test_a_file_is_checked_without_watching(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / 'ci.yaml'
    file.write_text('repositories:\n- url: https://git.example.com/specs\n')
    assert hoodoo.cli.invoke(['ci', 'watch', str(file), '--check']) == 0
    assert capsys.readouterr().out == f'{file}: 1 spec, no problems\n'
    file.write_text('repositories:\n- url: https://git.example.com/specs\n  evry: true\n')
    assert hoodoo.cli.invoke(['ci', 'watch', str(file), '--check']) == 2
    said = capsys.readouterr().err
    assert f'{file}:3: "evry" is unknown here\n      Did you mean "every"?' in said
    assert hoodoo.cli.invoke(['ci', 'watch', str(tmp_path / 'none.yaml'), '--check']) == 2
    assert not state.exists()


def test_a_second_watcher_is_refused(state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / 'ci.yaml'
    file.write_text('repositories:\n- url: https://git.example.com/specs\n')
    with locks.held(state / 'ci' / 'watch.lock', 'the watcher'):
        assert hoodoo.cli.invoke(['ci', 'watch', str(file), '--once']) == 1
    assert f'cannot watch: another watcher works in {state}' in capsys.readouterr().err


def test_history_is_listed(state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert hoodoo.cli.invoke(['ci', 'history']) == 0
    assert capsys.readouterr() == ('', 'There are no such revisions.\n')
    kept = history.History(state / 'ci.db')
    new = [history.New(spec='a', branch='main', commit=c * 40, committed_ms=1) for c in 'bc']
    kept.saw('specs', (), new, now_ms=2)
    kept.begin(1, reports=str(tmp_path), now_ms=1_000)
    kept.end(1, verdict='failed', why='w', attempt=7, now_ms=3_500)
    kept.begin(2, reports=str(tmp_path / 'gone'), now_ms=1_000)
    kept.later(2, verdict='untried', why='no controller', attempt=8, now_ms=3_500)
    kept.close()
    assert hoodoo.cli.invoke(['ci', 'history', 'specs', '--state', 'done', '--format', 'json']) == 0
    (row,) = json.loads(capsys.readouterr().out)
    keys = ('revision', 'verdict', 'seconds', 'attempt', 'reports', 'why')
    assert [row[key] for key in keys] == ['b' * 8, 'failed', 2.5, 7, str(tmp_path), 'w']
    assert hoodoo.cli.invoke(['ci', 'history', '--state', 'queued', '--format', 'json']) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert [row[key] for key in keys] == ['c' * 8, 'untried', None, 8, '', 'no controller']
    assert hoodoo.cli.invoke(['ci', 'history', 'others', '--format', 'json']) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_history_says_how_much_is_no_longer_kept(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = history.History(state / 'ci.db')
    kept.saw('specs', (), [history.New(spec='a', branch='main', commit='c', committed_ms=1)], now_ms=2)
    kept.end(1, verdict='passed', why='', attempt=0, now_ms=3)
    kept.past.remove([1], tmp_path)
    kept.close()
    assert hoodoo.cli.invoke(['ci', 'history', 'specs', '--format', 'json']) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == []
    assert said.err == '1 older revision ended, and nothing more is kept of it.\n'
    assert hoodoo.cli.invoke(['ci', 'history', 'others']) == 0
    assert capsys.readouterr().err == 'There are no such revisions.\n'
