"""A build directory, a cache, and things to collect."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from hoodoo.collect import grammar, lock, orders, sources
from tests import charmstore


class Repository:
    """A git repository with one commit on ``main``, tagged v1."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f'git+file://{path}'
        path.mkdir()
        self.git('init', '--initial-branch=main')
        self.commit('1')
        self.git('tag', 'v1')

    def git(self, *words: str) -> str:
        identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'protocol.file.allow=always']
        done = subprocess.run(
            ['git', '-C', str(self.path), *identity, *words], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, text: str, name: str = 'file') -> str:
        (self.path / name).write_text(text)
        self.git('add', '.')
        self.git('commit', '-m', text)
        return self.git('rev-parse', 'HEAD')


class Place:
    """Where things are collected to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.build = path / 'build'
        self.spec = path / 'spec'
        self.cache = path / 'cache'
        self.spec.mkdir()
        self.charmhub = 'http://127.0.0.1:1'
        self.progress: list[str] = []

    def collect(
        self,
        text: str,
        *,
        offline: bool = False,
        pins: Mapping[str, lock.Pin] | None = None,
        build: Path | None = None,
        fallback: bool = False,
    ) -> dict[str, orders.Got]:
        read = grammar.parse(text, exists=lambda name: (self.build / name).is_dir())
        assert read.problems == ()
        means = orders.Means(
            build=build or self.build,
            origin=self.spec,
            cache=self.cache,
            series='noble',
            charmhub=self.charmhub,
            offline=offline,
        )
        got = sources.collect(
            read.directives, means, pins=pins, fallback=fallback, progress=self.progress.append
        )
        return {one.destination: one for one in got}

    def states(self, text: str, *, offline: bool = False) -> dict[str, str]:
        return {name: one.state for name, one in self.collect(text, offline=offline).items()}

    def locked(self, text: str) -> dict[str, lock.Pin]:
        """The pins of what *text* brings."""
        directives = {one.destination: one for one in grammar.parse(text).directives}
        return {
            name: lock.Pin(source=directives[name].text, revision=one.revision, digest=one.digest)
            for name, one in self.collect(text).items()
        }

    def read(self, name: str) -> str:
        return (self.build / name).read_text()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / 'origin')


@pytest.fixture
def store(place: Place) -> Iterator[charmstore.FakeStore]:
    with charmstore.listening() as fake:
        place.charmhub = fake.url
        yield fake
