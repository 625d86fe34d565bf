"""Which revision of a spec is tried, and a checkout of it that no other attempt has."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bedrock import errors, process, urls
from hoodoo.spec import addresses, sources
from hoodoo.vcs import bzr, git, gitmirror

_SHORT = 8
_VERIFY = ('rev-parse', '--verify', '--quiet')
_COMMIT = re.compile('[0-9a-f]{40}')
_PLACE = re.compile(r'[A-Za-z][A-Za-z0-9+.-]*://[^/]*/|[\w.-]+@[\w.-]+:|(?:nosmart\+|git\+)?lp:')


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A spec at one revision, on this disk."""

    origin: sources.Origin
    revision: str
    """A branch or tag that was asked for, else a short form of the commit; ``-dirty`` for changed files."""
    commit: str
    """Empty where no version control system has it."""


def split(text: str, is_directory: Callable[[str], bool]) -> tuple[str, str]:
    """Read ``SPEC[@REV]``; what is before the revision is an address or the longest path that is there."""
    if is_directory(text):
        return text, ''
    place = _PLACE.match(text)
    start = place.end() if place else 0
    ends = [match.start() for match in re.finditer('@', text) if match.start() >= start]
    for end in reversed(ends):
        spec, revision = text[:end], text[end + 1 :]
        if revision and (place or is_directory(spec)):
            return spec, revision
    return text, ''


def take(text: str, *, below: str, folder: Path, mirrors: Path) -> Taken:
    """Bring the spec that *text* names, as ``SPEC[@REV]``.

    Args:
        below: Where in its repository the spec is; empty where *text* says it, or for the top.
        folder: Gets the checkout of a revision; a directory without one is used where it is.
        mirrors: Where copies of repositories are kept.

    Raises:
        UsageFault: there is no such spec, repository or revision. UnreachableFault: it cannot be fetched,
            which says nothing of it.
    """
    try:
        return _taken(text, below, folder, mirrors)
    except process.ProgramFault as err:  # of git or bzr: nobody answers there, say, or the disk is full
        raise errors.UnreachableFault(f'cannot fetch {shown(text)}') from err
    except errors.UsageFault:
        raise
    except errors.Fault as err:
        raise errors.UsageFault(f'cannot take {shown(text)}: {err}', hint=err.hint) from err


def shown(text: str) -> str:
    """``SPEC[@REV]`` as messages may show it: without a password that its address may hold."""
    try:
        return urls.shown(text)
    except ValueError:  # it is no address
        return text


def _taken(text: str, below: str, folder: Path, mirrors: Path) -> Taken:
    spec, revision = split(text, lambda path: Path(path).is_dir())
    address = None if Path(spec).is_dir() else addresses.parse(spec)
    if address is not None and address.kind != addresses.DIRECTORY:
        return _fetched(address, revision, below, folder, mirrors)
    place = Path(address.url if address else spec, below)
    return _checked_out(place, revision, folder, mirrors) if revision and place.is_dir() else _as_it_is(place)


def _as_it_is(place: Path) -> Taken:
    origin = sources.find(str(place), clones=Path())
    commit = _git(origin.root, *_VERIFY, 'HEAD')
    if not commit:
        return Taken(origin=origin, revision='', commit='')
    top = Path(_git(origin.root, 'rev-parse', '--show-toplevel'))
    dirty = bool(_git(top, 'status', '--porcelain'))
    return Taken(origin=origin, revision=commit[:_SHORT] + ('-dirty' if dirty else ''), commit=commit)


def _checked_out(place: Path, revision: str, folder: Path, mirrors: Path) -> Taken:
    """The spec at *place* as the repository that holds it has it at *revision*."""
    root = place.resolve()
    top = _git(root, 'rev-parse', '--show-toplevel')
    if not top:
        raise errors.UsageFault(
            f'cannot take revision "{revision}" of {place}: no git repository holds it',
            hint='Leave the revision away to try the directory as it is.',
        )
    # The repository's own words for it: HEAD~1, a short hash, or a branch that only it has.
    commit = '' if revision.startswith('-') else _git(root, *_VERIFY, f'{revision}^{{commit}}')
    if not commit:
        raise errors.UsageFault(f'cannot take revision "{revision}": {top} has no such commit, tag or branch')
    below = _git(root, 'rev-parse', '--show-prefix').rstrip('/')
    git.fetch(top, folder, revno=commit, mirrors=mirrors)
    origin = _origin(folder, below, root.name, f'{root}@{commit}')
    ref = _git(root, 'rev-parse', '--symbolic-full-name', revision)
    named = revision != 'HEAD' and ref.startswith(('refs/heads/', 'refs/tags/'))
    return Taken(origin=origin, revision=_shown(revision if named else '', commit), commit=commit)


def _fetched(address: addresses.Address, revision: str, below: str, folder: Path, mirrors: Path) -> Taken:
    branch, revno = address.options.get('branch', ''), address.options.get('revno', '')
    if revision and address.options:
        raise errors.UsageFault(
            f'cannot take revision "{revision}": the address names another one',
            hint='Name the revision once, as SPEC@REV.',
        )
    url = urls.shown(address.url)
    if address.kind == addresses.BZR:
        commit = bzr.fetch(address.url, folder, revno=revision or revno).revision
        asked = revision or revno or commit
    else:
        found = git.fetch(address.url, folder, revno=revision or revno, branch=branch, mirrors=mirrors)
        commit = found.revision
        asked = _shown(revision or revno, commit)
    name = PurePosixPath(below).name or address.name
    return Taken(origin=_origin(folder, below, name, f'{url}@{commit}'), revision=asked, commit=commit)


def _origin(folder: Path, below: str, name: str, url: str) -> sources.Origin:
    root = folder.resolve() / below
    if not root.is_dir():
        raise errors.UsageFault(f'cannot find spec "{below}" in {url}: there is no such directory')
    # Places in messages are those of the repository, where who reads them has its files.
    return sources.Origin(name=name or 'spec', root=root, url=url, label=below or '.')


def _shown(asked: str, commit: str) -> str:
    return commit[:_SHORT] if not asked or _COMMIT.fullmatch(asked) else asked


def _git(folder: Path, *words: str) -> str:
    """What git prints; empty when it fails, as it does where there is no repository."""
    if not git.available():
        return ''
    done = gitmirror.attempt(folder, *words)
    return done.stdout.strip() if done.returncode == 0 else ''
