"""Clone and update git trees; the one place that runs git."""

from __future__ import annotations

import shutil
from pathlib import Path

from bedrock import errors, process

_TIMEOUT_S = 600.0


def fetch(
    url: str, folder: Path, *, revno: str = '', branch: str = '', depth: int | None = None, anew: bool = False
) -> str:
    """Bring *folder* to the newest *url* and return its commit.

    Args:
        revno: Any commit, tag or branch to check out.
        branch: Follow this branch instead of the repository's own.
        anew: Throw away what is there.

    Raises:
        UsageFault: *folder* holds something else. ProgramFault: git failed.
    """
    if anew and folder.exists():
        shutil.rmtree(folder)
    if folder.exists() and any(folder.iterdir()):
        _update(url, folder, branch=branch)
    else:
        folder.parent.mkdir(parents=True, exist_ok=True)
        words = ['git', 'clone', '--quiet', '--recurse-submodules']
        words += ['--branch', branch] if branch else []
        words += ['--depth', str(depth)] if depth is not None else []
        process.run([*words, '--', url, folder], timeout_s=_TIMEOUT_S)
    if revno:
        _git(folder, 'checkout', '--quiet', '--recurse-submodules', _commit(folder, revno))
    return _git(folder, 'rev-parse', 'HEAD').strip()


def _update(url: str, folder: Path, *, branch: str) -> None:
    if not (folder / '.git').exists():
        raise errors.UsageFault(
            f'cannot update {folder}: it is not a git tree', hint='Add overwrite=True to its collect line.'
        )
    origin = _git(folder, 'remote', 'get-url', 'origin').strip()
    if origin != url:
        raise errors.UsageFault(
            f'cannot update {folder}: it was cloned from {origin}, not from {url}',
            hint='Add overwrite=True to its collect line.',
        )
    _git(folder, 'fetch', '--quiet', '--tags', 'origin')
    # The remote's own default branch: it need not be called master.
    head = f'origin/{branch}' if branch else 'origin/HEAD'
    _git(folder, 'checkout', '--quiet', '--detach', head)
    _git(folder, 'submodule', '--quiet', 'update', '--init', '--recursive')


def _commit(folder: Path, revno: str) -> str:
    """The commit that *revno* names; a branch means the remote's, which is the newer."""
    for name in (f'origin/{revno}', revno):
        done = process.run(
            ['git', '-C', folder, 'rev-parse', '--verify', '--quiet', f'{name}^{{commit}}'],
            timeout_s=_TIMEOUT_S,
            check=False,
        )
        if done.returncode == 0:
            return done.stdout.strip()
    raise errors.Fault(f'cannot check out "{revno}" in {folder}: there is no such commit, tag or branch')


def _git(folder: Path, *words: str) -> str:
    return process.run(['git', '-C', folder, *words], timeout_s=_TIMEOUT_S).stdout
