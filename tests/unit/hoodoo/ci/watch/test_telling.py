"""What people are told."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bedrock import errors
from hoodoo.ci.watch import config, history, telling
from hoodoo.secrets import masker

TARGET = config.Target(name='t', source=config.Source(file=Path('x')), on=('each',), repositories=('*',))


def _revision(folder: Path, why: str = '') -> history.Revision:
    return history.Revision(
        id=1,
        repository='specs',
        spec='mirror',
        branch='main',
        commit_id='c' * 40,
        committed_ms=0,
        seen_ms=0,
        began_ms=0,
        ended_ms=0,
        state='done',
        owner='',
        tries=1,
        reports=str(folder),
        attempt=1,
        verdict='passed',
        why=why,
    )


def test_without_what_sends_nobody_is_promised_to_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'apprise', None)
    telling.check(())
    with pytest.raises(errors.UsageFault, match='the Python package apprise is not installed'):
        telling.check((TARGET,))


def test_a_long_summary_is_cut_at_a_line(tmp_path: Path) -> None:
    (tmp_path / 'summary.md').write_text('line of a summary\n' * 1000)
    title, body = telling.text(_revision(tmp_path), 'recovery', masker.Masker())
    assert title == 'specs mirror at cccccccc (main): passed again'
    lines = body.splitlines()
    assert len(body) < 8200
    assert lines[-4:] == ['', '(cut)', '', f'Reports: `{tmp_path}`']
    assert set(lines[:-4]) == {'line of a summary'}


def test_what_cannot_be_tried_yet_is_not_called_bad(tmp_path: Path) -> None:
    title, body = telling.text(_revision(tmp_path, 'no controller answers'), 'error', masker.Masker())
    assert title == 'specs mirror at cccccccc (main): cannot be tried yet'
    assert body.splitlines()[0] == 'no controller answers'


def test_without_a_summary_there_is_the_reason(tmp_path: Path) -> None:
    mask = masker.Masker()
    mask.learn(['letmein99'])
    _, body = telling.text(_revision(tmp_path, 'no letmein99 there'), 'each', mask)
    assert body.splitlines()[0] == 'no *** there'
