"""``hoodoo env edit``: what an editor makes of a file is taken over whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from hoodoo import cli

NAME = 'blog/pocket/here/ci'


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The inventory's file, with one environment."""
    monkeypatch.setenv('HOODOO_INVENTORY', str(tmp_path / 'inventory'))
    monkeypatch.delenv('VISUAL', raising=False)
    words = ['--spec', str(tmp_path), '--controller', 'pocket', '--set', 'owners=web']
    assert cli.invoke(['env', 'add', NAME, *words]) == 0
    (made,) = (tmp_path / 'inventory').glob('*.yaml')
    return made


def _editor(monkeypatch: pytest.MonkeyPatch, folder: Path, program: str) -> None:
    path = folder / 'my-editor'
    path.write_text(f'#!/bin/sh\n{program}\n')
    path.chmod(0o755)
    monkeypatch.setenv('EDITOR', str(path))


def test_an_edited_file_is_taken_over(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _editor(monkeypatch, tmp_path, 'sed -i "s/web/front/" "$1"')
    before = file.read_text()
    assert cli.invoke(['env', 'edit', NAME, '--dry-run']) == 0
    assert file.read_text() == before
    assert '+' in capsys.readouterr().out
    assert cli.invoke(['env', 'edit', NAME]) == 0
    assert file.read_text() == before.replace('web', 'front')


@pytest.mark.parametrize(
    ('program', 'message'),
    [
        ('echo "  nonsense: [" >> "$1"', 'nothing was changed'),
        ('sed -i "s/owners/owmers/" "$1"', 'owmers'),
        ('sed -i "s/web/front/" "$1"; exit 3', 'ended with status 3; nothing was changed'),
    ],
)
def test_what_is_wrong_changes_nothing(
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    program: str,
    message: str,
) -> None:
    _editor(monkeypatch, tmp_path, program)
    before = file.read_bytes()
    assert cli.invoke(['env', 'edit', NAME]) == 2
    assert message in capsys.readouterr().err
    assert file.read_bytes() == before


@pytest.mark.parametrize('editor', ['vi', '/usr/bin/nano -w', ''])
def test_an_editor_of_the_terminal_needs_one(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], editor: str
) -> None:
    monkeypatch.setenv('EDITOR', editor)
    assert cli.invoke(['env', 'edit', NAME]) == 2
    assert 'there is no terminal' in capsys.readouterr().err
