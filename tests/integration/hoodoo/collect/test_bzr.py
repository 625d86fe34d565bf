"""Collecting from real Bazaar branches."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bedrock import errors
from hoodoo.spec import sources
from hoodoo.vcs import bzr
from tests.integration.hoodoo.collect.conftest import Place

# Starting breezy is most of what it does: one program for all of its commands.
_BREEZY = """
import sys
import breezy
from breezy import commands
with breezy.initialize():
    commands.install_bzr_command_hooks()
    for line in sys.argv[1:]:
        if commands.run_bzr(line.split()):
            sys.exit(line)
"""


class Branch:
    """A branch with one revision."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f'bzr+file://{path}'
        path.mkdir()
        (path / 'file').write_text('1')
        self.brz('init .', 'add', 'commit -m 1')

    def brz(self, *commands: str) -> None:
        env = {**os.environ, 'BRZ_EMAIL': 't <t@example.com>', 'BRZ_LOG': os.devnull}
        done = subprocess.run(
            [sys.executable, '-c', _BREEZY, *commands],
            cwd=self.path,
            env=env,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr

    def commit(self, text: str) -> None:
        (self.path / 'file').write_text(text)
        self.brz(f'commit -m {text}')


@pytest.fixture
def branch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Branch:
    monkeypatch.setenv('BRZ_HOME', str(tmp_path))
    return Branch(tmp_path / 'origin')


def test_a_branch_is_collected_updated_locked_and_had_offline(
    place: Place, branch: Branch, tmp_path: Path
) -> None:
    line = f'a {branch.url}'
    pins = place.locked(line)
    assert place.collect(line)['a'].about == 'revision 1'
    assert place.states(line) == {'a': 'unchanged'}
    (place.build / 'a/built').write_text('by the build phase')
    branch.commit('2')
    assert place.states(line) == {'a': 'updated'}
    assert (place.read('a/file'), place.read('a/built')) == ('2', 'by the build phase')
    assert place.states(f'{line};revno=1') == {'a': 'updated'}
    assert place.read('a/file') == '1'
    assert place.states(f'{line};overwrite=True') == {'a': 'updated'}
    assert not (place.build / 'a/built').exists()
    place.collect(line, pins=pins)
    assert place.read('a/file') == '1'
    branch.path.rename(tmp_path / 'gone')
    place.collect(line, offline=True, build=tmp_path / 'other')
    assert (tmp_path / 'other/a/file').read_text() == '2'


def test_a_diverged_branch_is_refused_and_overwrite_replaces_it(place: Place, branch: Branch) -> None:
    line = f'a {branch.url}'
    place.collect(line)
    mine = Branch.__new__(Branch)
    mine.path = place.build / 'a'
    mine.commit('mine')
    branch.commit('2')
    with pytest.raises(errors.Fault) as failure:
        place.collect(line)
    assert 'has diverged' in errors.render(failure.value)
    assert place.read('a/file') == 'mine'
    place.collect(f'{line};overwrite=True')
    assert place.read('a/file') == '2'


def test_a_lightweight_checkout_has_no_history(place: Place, branch: Branch) -> None:
    line = f'a {branch.url};lightweight=True'
    place.collect(line)
    assert place.states(line) == {'a': 'unchanged'}
    assert not (place.build / 'a/.bzr/repository').exists()
    branch.commit('2')
    assert place.states(line) == {'a': 'updated'}
    assert place.read('a/file') == '2'


def test_what_is_wrong_is_told(place: Place, branch: Branch, monkeypatch: pytest.MonkeyPatch) -> None:
    for line, why in {
        f'a {branch.url};revno=77': 'has no revision "77"',
        f'a {branch.url}/nowhere': 'Not a branch',
    }.items():
        with pytest.raises(errors.Fault) as failure:
            place.collect(line)
        assert why in errors.render(failure.value)
    monkeypatch.setattr(bzr, 'program', tuple)
    with pytest.raises(errors.Fault) as failure:
        place.collect(f'a {branch.url}')
    assert "pip install 'hoodoo[bzr]'" in errors.render(failure.value)


def test_a_spec_is_had_from_a_branch(branch: Branch, tmp_path: Path) -> None:
    found = sources.find(f'{branch.url};revno=1', clones=tmp_path / 'clones')
    assert (found.root / 'file').read_text() == '1'
    assert found.revision.startswith('t@example.com-')


def test_urls_are_what_breezy_takes() -> None:
    assert [bzr.plain_url(url) for url in ('bzr+https://h/b', 'nosmart+lp:x', 'lp:x', 'bzr+ssh://h/b')] == [
        'https://h/b',
        'lp:x',
        'lp:x',
        'bzr+ssh://h/b',
    ]
