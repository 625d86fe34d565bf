"""Specs from real git repositories."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bedrock import errors
from hoodoo.spec import sources


class Repository:
    """A git repository whose work a test does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.git('init', '--quiet', '--initial-branch', 'main')

    def git(self, *words: str) -> str:
        identity = ('-c', 'user.name=test', '-c', 'user.email=test@example.org')
        done = subprocess.run(
            ['git', '-C', str(self.path), *identity, *words], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, manifest: str) -> str:
        (self.path / 'manifest').write_text(manifest)
        self.git('add', '--all')
        self.git('commit', '--quiet', '--message', manifest)
        return self.git('rev-parse', 'HEAD')


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / 'mirror')


def _text(origin: sources.Origin) -> str:
    return (origin.root / 'manifest').read_text()


def test_a_spec_from_git_follows_its_branch_or_stays_at_its_revision(
    tmp_path: Path, repository: Repository
) -> None:
    first = repository.commit('one')
    repository.git('tag', 'v1')
    repository.git('branch', 'next')
    url, clones = f'git+file://{repository.path}', tmp_path / 'clones'
    origin = sources.find(url, clones=clones)
    assert (_text(origin), origin.name, origin.url, origin.revision) == ('one', 'mirror', url, first)

    second = repository.commit('two')
    repository.git('checkout', '--quiet', 'next')
    third = repository.commit('three')
    repository.git('checkout', '--quiet', 'main')
    for spec, text, revision in (
        (url, 'two', second),
        (f'{url};branch=next', 'three', third),
        (f'{url};revno=v1', 'one', first),
        (f'{url};revno={second[:10]}', 'two', second),
        (f'{url};revno=next', 'three', third),
        # The plain path is the work tree as it is; with a revision it is a repository.
        (str(repository.path), 'two', ''),
        (f'{repository.path};revno=v1', 'one', first),
        (f'file://{repository.path}', 'two', ''),
        (f'file://{repository.path};branch=next', 'three', third),
    ):
        found = sources.find(spec, clones=clones)
        assert (_text(found), found.revision) == (text, revision), spec


def test_a_repository_that_does_not_answer_is_told_and_its_clone_may_be_used(
    tmp_path: Path, repository: Repository
) -> None:
    commit = repository.commit('one')
    url, clones = f'git+file://{repository.path}', tmp_path / 'clones'
    with pytest.raises(errors.UsageFault, match='never fetched here'):
        sources.find(url, clones=clones, offline=True)
    sources.find(url, clones=clones)
    shutil.rmtree(repository.path)
    with pytest.raises(errors.Fault, match='up to date') as caught:
        sources.find(url, clones=clones)
    assert '--offline' in caught.value.hint
    origin = sources.find(url, clones=clones, offline=True)
    assert (_text(origin), origin.revision) == ('one', commit)


@pytest.mark.parametrize('wrong', ['/gone', ';branch=gone', ';revno=gone'])
def test_what_cannot_be_fetched_leaves_nothing_behind(
    tmp_path: Path, repository: Repository, wrong: str
) -> None:
    repository.commit('one')
    clones = tmp_path / 'clones'
    with pytest.raises(errors.Fault, match='cannot fetch spec'):
        sources.find(f'git+file://{repository.path}{wrong}', clones=clones)
    assert [path.name for path in clones.iterdir() if path.is_dir() and path.name != '.mirrors'] == []


def test_a_revision_written_as_for_pip_is_explained(tmp_path: Path, repository: Repository) -> None:
    repository.commit('one')
    with pytest.raises(errors.Fault) as caught:
        sources.find(f'git+file://{repository.path}@v1', clones=tmp_path / 'clones')
    assert f'"git+file://{repository.path};revno=v1"' in caught.value.hint
