"""Bare mirrors of git repositories, and the one place that runs git."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

from bedrock import errors, process, trees, urls
from hoodoo import wording

_TIMEOUT_S = 1800.0
_COMMIT = re.compile('[0-9a-f]{40}')
_DROPPED = ('GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_OBJECT_DIRECTORY', 'GIT_NAMESPACE')


class Mirror:
    """A bare repository that follows another one; whoever uses it holds its lock."""

    def __init__(self, url: str, store: Path, *, depth: int | None = None, wanted: str = '') -> None:
        self.url = url
        self._depth, self._wanted = depth, wanted or 'HEAD'
        key = url if depth is None else f'{url}\n{depth}\n{self._wanted}'
        self.path = store / hashlib.sha256(key.encode()).hexdigest()[:32]
        self._head = self.path / 'hoodoo-head'

    def held(self) -> contextlib.AbstractContextManager[None]:
        """Hold its lock, which other threads and processes wait for."""
        return trees.held(self.path.with_suffix('.lock'))

    def refresh(self, *, offline: bool, say: Callable[[str], object]) -> None:
        """Fetch what is new; nothing is when a commit is wanted that is here.

        Raises:
            Fault: it cannot be had; *offline*, it was never fetched.
        """
        if _COMMIT.fullmatch(self._wanted) and self._head.is_file() and self._commit(self._wanted):
            return
        if not offline:
            say('fetching')
            self._fetch()
        elif not self._head.is_file():
            raise errors.Fault(
                f'{urls.shown(self.url)} was never fetched here, so it cannot be had offline',
                hint='Collect once without offline=True.',
            )

    def tree_of(self, commit: str) -> str:
        """The hash of the content of *commit*."""
        return git(self.path, 'rev-parse', f'{commit}^{{tree}}').strip()

    def _fetch(self) -> None:
        if not self._head.is_file():
            trees.remove(self.path)
            self.path.mkdir(parents=True)
            run('init', '--quiet', '--bare', '--initial-branch=none', str(self.path))
        head = self._remote_head()
        if self._depth is not None:
            words = (f'--depth={self._depth}', *self._secretly(f'+{self._wanted}:refs/hoodoo/wanted'))
        else:
            words = ('--prune', *self._secretly('+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'))
        git(self.path, 'fetch', '--quiet', '--force', *words, url=self.url)
        if head.startswith('refs/'):
            git(self.path, 'symbolic-ref', 'HEAD', head)
        self._head.write_text(head)

    def find(self, revno: str, branch: str, *, offline: bool) -> tuple[str, str]:
        """The commit that is meant, and a name for it.

        Raises:
            Fault: there is none.
        """
        if self._depth is not None:
            found = self._commit('refs/hoodoo/wanted')
        elif branch:
            found = self._commit(f'refs/heads/{branch}')
        elif revno:
            found = self._find_any(revno) or ('' if offline else self._ask_for(revno))
        else:
            head = self._head.read_text()
            return self._commit(head), head.removeprefix('refs/heads/')
        if not found:
            names = git(self.path, 'for-each-ref', '--format=%(refname:lstrip=2)', 'refs/heads', 'refs/tags')
            what = f'branch "{branch}"' if branch else f'commit, tag or branch "{revno}"'
            hint = wording.guess(branch or revno, names.split())
            raise errors.Fault(f'{urls.shown(self.url)} has no {what}', hint=hint)
        return found, branch or revno

    def _find_any(self, revno: str) -> str:
        # A branch before a tag, and the remote's state of it: that is the newer.
        tried = (f'refs/heads/{revno}', f'refs/tags/{revno}', f'refs/hoodoo/{revno}', revno)
        return next((found for name in tried if (found := self._commit(name))), '')

    def _ask_for(self, revno: str) -> str:
        """Fetch what no branch or tag leads to; some servers give it."""
        words = self._secretly(f'+{revno}:refs/hoodoo/{revno}')
        done = attempt(self.path, 'fetch', '--quiet', '--force', *words, url=self.url)
        return self._commit(f'refs/hoodoo/{revno}') if done.returncode == 0 else ''

    def _remote_head(self) -> str:
        """The ref of the remote's default branch, or its commit when it has none."""
        said = git(self.path, 'ls-remote', '--symref', *self._secretly('HEAD'), url=self.url)
        found = re.search(r'^ref: (refs/heads/\S+)\tHEAD$', said, re.MULTILINE)
        if found:
            return found[1]
        if not said.strip():
            raise errors.Fault(f'{urls.shown(self.url)} has no commits')
        return said.split()[0]

    def _commit(self, name: str) -> str:
        done = attempt(self.path, 'rev-parse', '--verify', '--quiet', f'{name}^{{commit}}')
        return done.stdout.strip() if done.returncode == 0 else ''

    def _secretly(self, *words: str) -> tuple[str, ...]:
        return ('--', urls.shown(self.url), *words)


def git(folder: Path, *words: str, url: str = '') -> str:
    """Run git in *folder* and return what it printed; see `run`."""
    return run('-C', str(folder), *words, url=url).stdout


def attempt(folder: Path, *words: str, url: str = '') -> process.Completed:
    """`git` that may fail."""
    return run('-C', str(folder), *words, url=url, check=False)


def run(*words: str, url: str = '', check: bool = True, timeout_s: float = _TIMEOUT_S) -> process.Completed:
    """Run git, which asks nothing.

    Args:
        url: May hold a password: the words have it without, and git puts it in again.

    Raises:
        ProgramFault: it failed.
    """
    kept = {key: value for key, value in os.environ.items() if key not in _DROPPED}
    env = {**kept, 'GIT_TERMINAL_PROMPT': '0', 'LC_ALL': 'C', 'GIT_ADVICE': '0'}
    shown = urls.shown(url)
    if url != shown:
        env |= {
            'GIT_CONFIG_COUNT': '1',
            'GIT_CONFIG_KEY_0': f'url.{url}.insteadOf',
            'GIT_CONFIG_VALUE_0': shown,
        }
    return process.run(['git', *words], env=env, timeout_s=timeout_s, check=check)
