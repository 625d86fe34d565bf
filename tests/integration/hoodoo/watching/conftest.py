"""A watcher in a process of its own, real repositories, and attempts that end when they are told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bedrock import process
from hoodoo.ci.watch import history

_HERE = Path(__file__).parent
_WHO = ('-c', 'user.name=Tester', '-c', 'user.email=tester@example.com')
_PATIENCE_S = 30


@dataclass
class Repository:
    """A real git repository."""

    folder: Path

    def git(self, *words: str) -> str:
        return process.run(['git', '-C', self.folder, *words], timeout_s=60).stdout.strip()

    def commit(self, **files: str) -> str:
        """Write files (a directory and a name with ``__`` between), commit them; returns the commit."""
        for name, text in files.items():
            path = self.folder / name.replace('__', '/')
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git('add', '--all')
        self.git(*_WHO, 'commit', '--quiet', '--allow-empty', '--message', 'one')
        return self.git('rev-parse', 'HEAD')


@dataclass
class Running:
    """A watcher that runs, and what it has said."""

    child: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list[str])
    _said: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.child.stdout is not None
        for line in self.child.stdout:
            with self._said:
                self.lines.append(line.rstrip())
                self._said.notify_all()
        with self._said:
            self.lines.append('(end)')
            self._said.notify_all()

    def until(self, text: str, count: int = 1) -> str:
        """Wait until it has said that so often; returns the last such line."""

        def found() -> list[str]:
            return [line for line in self.lines if text in line]

        with self._said:
            assert self._said.wait_for(lambda: len(found()) >= count or '(end)' in self.lines, _PATIENCE_S), (
                self.lines
            )
            assert len(found()) >= count, self.lines
            return found()[-1]

    def end(self, number: signal.Signals) -> int:
        self.child.send_signal(number)
        return self.child.wait(_PATIENCE_S)


@dataclass
class Site:
    """A place for all of it."""

    folder: Path
    env: Mapping[str, str]
    children: list[subprocess.Popen[str]] = field(default_factory=list[subprocess.Popen[str]])

    @property
    def play(self) -> Path:
        return self.folder / 'play'

    @property
    def watched(self) -> Path:
        """Has the reports."""
        return self.folder / 'state' / 'hoodoo' / 'ci' / 'watched'

    def repository(self, name: str = 'repo') -> Repository:
        made = Repository(self.folder / name)
        made.folder.mkdir()
        made.git('init', '--quiet', '--initial-branch=main')
        return made

    def config(self, text: str) -> Path:
        file = self.folder / 'ci.yaml'
        file.write_text(text)
        return file

    def watch(self, config: Path) -> Running:
        child = subprocess.Popen(
            [sys.executable, _HERE / 'watcher.py', config],
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.children.append(child)
        return Running(child)

    def once(self, config: Path) -> process.Completed:
        words = [sys.executable, _HERE / 'watcher.py', config, '--once']
        return process.run(words, env=self.env, timeout_s=60, check=False)

    def hold(self, commit: str) -> None:
        """Let attempts of *commit* wait."""
        os.mkfifo(self.play / commit)

    def let(self, commit: str, verdict: str) -> None:
        """End an attempt that waits, or the next one."""
        (self.play / commit).write_text(f'{verdict}\n')

    def lines(self, name: str) -> list[str]:
        file = self.play / name
        return file.read_text().split() if file.exists() else []

    def rows(self) -> list[history.Revision]:
        opened = history.History(self.folder / 'state' / 'hoodoo' / 'ci.db')
        try:
            return opened.newest(99)
        finally:
            opened.close()


@pytest.fixture
def site(tmp_path: Path) -> Generator[Site]:
    (tmp_path / 'play').mkdir()
    env = {
        **os.environ,
        'PLAY': str(tmp_path / 'play'),
        'XDG_STATE_HOME': str(tmp_path / 'state'),
        'MOJO_ROOT': str(tmp_path / 'mojo'),
    }
    made = Site(folder=tmp_path, env=env)
    yield made
    for child in made.children:
        if child.poll() is None:
            child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


def site_begun(site: Site, *commits: str) -> None:
    """Wait until these attempts have begun, and no other."""
    deadline = time.monotonic() + _PATIENCE_S
    while site.lines('begun') != list(commits):
        assert time.monotonic() < deadline, site.lines('begun')
        time.sleep(0.02)
