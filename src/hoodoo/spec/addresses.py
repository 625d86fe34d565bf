"""How a spec is named: a directory, or where a version control system has it, with a branch or a revision."""

from __future__ import annotations

import re
import urllib.parse
from dataclasses import dataclass, field

from bedrock import errors
from hoodoo import wording

DIRECTORY = 'directory'
GIT = 'git'
BZR = 'bzr'

_KINDS = {
    'git': GIT,
    'git+http': GIT,
    'git+https': GIT,
    'git+ssh': GIT,
    'git+file': GIT,
    'git+lp': GIT,
    # A spec is never a single file, so what collect would download is a repository here.
    'http': GIT,
    'https': GIT,
    'ssh': GIT,
    'lp': BZR,
    'bzr': BZR,
    'bzr+ssh': BZR,
    'bzr+http': BZR,
    'bzr+https': BZR,
    'bzr+file': BZR,
    'nosmart+bzr': BZR,
    'nosmart+bzr+ssh': BZR,
    'nosmart+lp': BZR,
    'file': DIRECTORY,
}
_OPTIONS = {GIT: ('branch', 'revno'), BZR: ('revno',)}
_SCHEME = re.compile(r'([A-Za-z][A-Za-z0-9+.-]*)://|((?:nosmart\+|git\+)?lp):')
# The short form of ssh: [user@]host:path, where no slash comes before the colon.
_SHORT_SSH = re.compile(r'[\w.-]+@[\w.-]+:(?!//)')
_LAUNCHPAD_GIT = 'https://git.launchpad.net/'


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a spec is to be had."""

    kind: str
    """`DIRECTORY`, `GIT` or `BZR`."""
    url: str
    """As the version control system takes it; for a directory its path."""
    options: dict[str, str] = field(default_factory=dict[str, str])
    """``branch`` (git) and ``revno``: a revision, or for git any commit, tag or branch."""

    @property
    def name(self) -> str:
        """The last part of the address, which names the spec."""
        last = self.url.rstrip('/').rpartition('/')[2]
        if self.kind != DIRECTORY:
            last = last.rpartition(':')[2].removesuffix('.git').removeprefix('~')
        return last


def parse(spec: str) -> Address:
    """Read *spec*: a path, or an address in codetree's form, ``address[;option=value,...]``.

    A path to a git repository with a ``branch`` or a ``revno`` is cloned like any other address.

    Raises:
        UsageFault: it is of no known kind, its options make no sense, or it holds a password.
    """
    bare, options = _options(spec)
    found = _SCHEME.match(bare)
    if found is None:
        kind = GIT if options or _SHORT_SSH.match(bare) else DIRECTORY
        return Address(kind=kind, url=bare, options=_checked(spec, kind, options))
    scheme = (found[1] or found[2]).lower()
    if scheme not in _KINDS:
        raise errors.UsageFault(
            f'cannot fetch spec "{spec}": nothing here reads {scheme}: addresses',
            hint=f'{wording.guess(scheme, _KINDS)} Known are {", ".join(_KINDS)}, and directories.'.strip(),
        )
    _refuse_password(bare, scheme)
    kind, rest = _KINDS[scheme], bare[found.end() :]
    if kind == DIRECTORY:
        path = urllib.parse.unquote(rest.removeprefix('localhost'))
        kind = GIT if options else DIRECTORY
        return Address(kind=kind, url=path, options=_checked(spec, kind, options))
    return Address(kind=kind, url=_url(scheme, bare, rest), options=_checked(spec, kind, options))


def _url(scheme: str, bare: str, rest: str) -> str:
    if scheme == 'git+lp':
        return _LAUNCHPAD_GIT + rest.lstrip('/')
    if scheme in ('bzr+http', 'bzr+https'):
        return bare.removeprefix('bzr+')  # as codetree does
    return bare.removeprefix('git+').removeprefix('nosmart+')


def _options(spec: str) -> tuple[str, dict[str, str]]:
    """*spec* without its options, and these."""
    bare, semicolon, tail = spec.rpartition(';')
    if not semicolon:
        return spec, {}
    options: dict[str, str] = {}
    for part in tail.split(','):
        key, equals, value = (piece.strip() for piece in part.partition('='))
        if not (key and equals and value) or '=' in value:
            raise errors.UsageFault(
                f'cannot read the options of spec "{spec}": "{part}" is not of the form option=value',
                hint='Write ADDRESS;branch=NAME or ADDRESS;revno=REVISION.',
            )
        options[key] = value
    return bare.strip(), options


def _checked(spec: str, kind: str, options: dict[str, str]) -> dict[str, str]:
    known = _OPTIONS.get(kind, ())
    for key in options:
        if key not in known:
            raise errors.UsageFault(
                f'cannot fetch spec "{spec}": there is no option "{key}" for it',
                hint=f'{wording.guess(key, known)} Known options: {", ".join(known)}.'.strip(),
            )
    if len(options) > 1:
        raise errors.UsageFault(
            f'cannot fetch spec "{spec}": it names a branch and a revision',
            hint='Name the revision alone; a branch is a revision too.',
        )
    return options


def _refuse_password(bare: str, scheme: str) -> None:
    try:
        parts = urllib.parse.urlsplit(bare)
        password = parts.password
    except ValueError:
        raise errors.UsageFault(f'cannot read the address of a spec: it is no {scheme} address') from None
    if password is not None:
        raise errors.UsageFault(
            f'cannot use a password in the address of a spec, at {parts.hostname}: each run would keep it',
            hint='Use an SSH key, or give the password to git with a credential helper or ~/.netrc.',
        )
