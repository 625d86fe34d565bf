"""Branch and update Bazaar trees; the one place that runs Breezy.

Breezy is run as a program, not called: it keeps state of its own, and a program can be stopped. As with git,
a mirror of each branch is kept and trees take their place in one step.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors, process, trees

SCHEMES = (
    *('bzr', 'bzr+ssh', 'bzr+http', 'bzr+https', 'bzr+file', 'lp'),
    *('nosmart+bzr', 'nosmart+bzr+ssh', 'nosmart+lp'),
)
MISSING = 'Bazaar branches need Breezy, which is not installed'
INSTALL = "Run: pip install 'hoodoo[bzr]'"
_TIMEOUT_S = 1800.0
_OVERWRITE = 'Add overwrite=True to its collect line to start anew.'
_PREFIXES = ('bzr+http', 'bzr+https', 'bzr+file', 'nosmart+lp')

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A tree that is there."""

    revision: str
    """The revision's id, which no other revision of any branch has."""
    number: str
    """Its number on the branch."""
    changed: bool
    """Whether the tree is another than before."""


def plain_url(source: str) -> str:
    """The location that Breezy takes for a source as specs write it."""
    scheme, colon, rest = source.partition(':')
    return f'{scheme.partition("+")[2] if scheme in _PREFIXES else scheme}{colon}{rest}'


def program() -> tuple[str, ...]:
    """The words that run Breezy; empty when it is not there."""
    if importlib.util.find_spec('breezy') is not None:
        return (sys.executable, '-m', 'breezy')
    found = shutil.which('brz') or shutil.which('bzr')
    return (found,) if found else ()


def fetch(
    source: str,
    folder: Path,
    *,
    revno: str = '',
    lightweight: bool = False,
    anew: bool = False,
    mirrors: Path | None = None,
    offline: bool = False,
    keep: Sequence[str] = (),
    say: Say = lambda text: None,
) -> Fetched:
    """Bring *folder* to the newest *source*, in one step.

    Args:
        source: A URL or ``lp:`` name as specs write it.
        revno: Any revision that Breezy understands.
        lightweight: A tree without the branch's history.
        anew: Throw away what is there.
        mirrors: Where mirrors are kept; default: beside *folder*.
        offline: Use what the mirrors have.
        keep: Paths in *folder* that are not the branch's and stay.

    Raises:
        UsageFault: *folder* holds something else. Fault: Breezy is missing or failed.
    """
    url = plain_url(source)
    there = folder.is_dir() and not folder.is_symlink() and any(folder.iterdir()) and not anew
    if there and not (folder / '.bzr').is_dir():
        raise errors.UsageFault(f'cannot update {folder}: it is not a Bazaar tree', hint=_OVERWRITE)
    store = mirrors or folder.parent / '.mirrors'
    mirror = store / hashlib.sha256(url.encode()).hexdigest()[:32]
    with trees.held(mirror.with_suffix('.lock')):
        _mirror(url, mirror, offline=offline, say=say)
        number, revision = _revision(mirror, revno)
        fetched = Fetched(revision=revision, number=number, changed=True)
        if there and _at(folder) == revision:
            return Fetched(revision=revision, number=number, changed=False)
        say('checking out')
        with trees.replacing(folder, keep=keep) as new:
            if there and not lightweight:
                _update(folder, new, mirror, revision)
            elif lightweight:
                where = str(mirror) if offline else url
                _brz('checkout', '--lightweight', '-r', f'revid:{revision}', where, str(new))
            else:
                _brz('branch', '-r', f'revid:{revision}', str(mirror), str(new))
            if not lightweight:
                _brz('config', '-d', str(new), f'parent_location={url}')
    return fetched


def _mirror(url: str, mirror: Path, *, offline: bool, say: Say) -> None:
    filled = mirror.with_suffix('.filled')
    if offline:
        if not filled.exists():
            raise errors.Fault(
                f'{url} was never fetched here, so it cannot be had offline',
                hint='Collect once without offline=True.',
            )
    elif filled.exists():
        say('fetching')
        _brz('pull', '--overwrite', '-d', str(mirror), url)
    else:
        say('branching')
        trees.remove(mirror)
        _brz('branch', '--no-tree', url, str(mirror))
        filled.touch()


def _update(folder: Path, new: Path, mirror: Path, revision: str) -> None:
    # Breezy writes to its files in place, so nothing is shared with the tree that is left.
    trees.copied(folder, new)
    if _run('pull', '--no-remember', '-d', str(new), str(mirror), check=False).returncode != 0:
        raise errors.Fault(
            f'cannot update {folder}: it has revisions of its own, and has diverged from its parent',
            hint=_OVERWRITE,
        )
    done = _run('update', '-r', f'revid:{revision}', str(new), check=False)
    if done.returncode != 0:
        why = ''.join(f'\n    {line}' for line in done.stderr.strip().splitlines()[:20])
        raise errors.Fault(f'cannot update {folder}: files in it were changed{why}', hint=_OVERWRITE)


def _revision(mirror: Path, revno: str) -> tuple[str, str]:
    words = ('-r', revno) if revno else ()
    done = _run('revision-info', '-d', str(mirror), *words, check=False)
    parts = done.stdout.split()
    if done.returncode != 0 or len(parts) != 2 or parts[1] == 'null:':
        what = f'has no revision "{revno}"' if revno else 'has no revisions'
        raise errors.Fault(f'the branch {what}')
    return parts[0], parts[1]


def _at(folder: Path) -> str:
    """The revision that a tree is at."""
    return _brz('revision-info', '--tree', '-d', str(folder)).split()[1]


def _brz(*words: str) -> str:
    return _run(*words).stdout


def _run(*words: str, check: bool = True) -> process.Completed:
    known = program()
    if not known:
        raise errors.Fault(MISSING, hint=INSTALL)
    env = {
        **os.environ,
        'BRZ_LOG': os.devnull,
        'BZR_LOG': os.devnull,
        'BRZ_PROGRESS_BAR': 'none',
        'LC_ALL': 'C.UTF-8',
    }
    return process.run([*known, '--no-aliases', *words], env=env, timeout_s=_TIMEOUT_S, check=check)
