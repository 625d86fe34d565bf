"""The kinds of sources: which scheme is which, the options of each, and what is wrong with a directive."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from hoodoo import wording
from hoodoo.vcs import bzr, git

_SCHEMES: Mapping[str, str] = {
    **dict.fromkeys(git.SCHEMES, 'git'),
    **dict.fromkeys(bzr.SCHEMES, 'bzr'),
    **dict.fromkeys(('http', 'https'), 'web'),
    'file': 'local',
    **dict.fromkeys(('ch', 'cs'), 'charm'),
}
_METHODS = ('rsync', 'copy', 'link', 'hardlink')
DIGESTS: Mapping[str, int] = {'sha256': 64, 'sha384': 96, 'sha512': 128}
"""Options that hold a digest of a download, and how many hexadecimal digits each has."""
OPTIONS: Mapping[str, tuple[str, ...]] = {
    'empty': ('overwrite',),
    'local': ('overwrite', 'method'),
    'git': ('overwrite', 'revno', 'branch', 'depth'),
    'bzr': ('overwrite', 'revno', 'lightweight'),
    'web': ('overwrite', 'unpack', 'strip', *DIGESTS),
    'charm': ('overwrite', 'channel', 'base_url'),
}
_BOOLEAN = ('overwrite', 'lightweight', 'unpack')
_BOOLEANS = ('true', 'false', 't', 'f', '1', '0', 'yes', 'no', 'y', 'n', 'on', 'off')
_SCHEME = re.compile(r'([A-Za-z][A-Za-z0-9+.-]*):')
_FORGES = ('github.com', 'gitlab.com', 'opendev.org', 'git.launchpad.net', 'bitbucket.org', 'codeberg.org')
_CHARM = re.compile(
    r'(?:~(?P<owner>[\w.+-]+)/)?(?:(?P<series>\w+)/)?(?P<name>[a-z][a-z0-9-]*?)(?:-(?P<rev>\d+))?'
)


class Judged(Protocol):
    """What a directive says, as far as its kind matters."""

    @property
    def source(self) -> str: ...
    @property
    def shown(self) -> str: ...
    @property
    def options(self) -> Mapping[str, str]: ...
    @property
    def kind(self) -> str: ...
    def asks(self, option: str) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about a directive that its author should know."""

    message: str
    hint: str = ''
    option: str = ''
    """The option that it is about; empty when it is about the source."""
    forbids: bool = True
    """Whether it cannot be collected like that."""
    common: bool = False
    """Whether it is said once for all lines that it is true of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CharmName:
    """What a ``ch:`` or ``cs:`` source names."""

    name: str
    revision: int | None = None


def wrong(message: str, hint: str = '', option: str = '') -> Finding:
    """A finding that forbids to collect."""
    return Finding(message=message, hint=hint, option=option)


def odd(message: str, hint: str = '', option: str = '') -> Finding:
    """A finding that does not."""
    return Finding(message=message, hint=hint, option=option, forbids=False)


def kind(source: str) -> str:
    """One of the keys of `OPTIONS`; empty when the source's scheme is none that can be collected."""
    if source == '@':
        return 'empty'
    if git.is_scp(source):
        return 'git'
    found = _SCHEME.match(source)
    if found is None:
        return 'local'
    if found[1] == 'file' and source.rstrip('/').endswith('.git'):
        return 'git'
    return _SCHEMES.get(found[1], '')


def makes_file(directive: Judged) -> bool:
    """Whether what is collected is a file, so that nothing can be put below it."""
    return directive.kind == 'web' and not directive.asks('unpack')


def charm_name(source: str) -> CharmName | None:
    """The charm that a ``ch:`` or ``cs:`` source names; None when it names none."""
    scheme, _, rest = source.partition(':')
    if scheme == 'ch':
        # An architecture and a series, as Juju shows URLs, do not make it another charm.
        rest = re.sub(r'^(?:amd64|arm64|ppc64el|s390x|riscv64)/', '', rest)
    found = _CHARM.fullmatch(rest.strip('/'))
    if found is None or (scheme == 'ch' and found['owner']):
        return None
    revision = int(found['rev']) if found['rev'] else None
    return CharmName(name=found['name'], revision=revision)


def judge(directive: Judged) -> Iterator[Finding]:
    """Everything that can be said of a source and its options by reading them."""
    what = directive.kind
    if not what:
        yield _unknown_scheme(directive)
        return
    yield from _options(directive, OPTIONS[what])
    blank = re.search(r'\s', directive.source)
    if blank and '#' in directive.source[blank.end() :]:
        hint = 'A comment has a line of its own.'
        yield wrong(f'"{directive.shown}" ends in what looks like a comment, but is all source', hint)
    elif blank and what != 'local':
        yield wrong(f'there are blanks in "{directive.shown}"', 'A line has one destination and one source.')
    elif what == 'git':
        yield from _git(directive)
    elif what == 'web':
        yield from _web(directive)
    elif what == 'charm':
        yield from _charm(directive)
    elif what == 'local' and directive.options.get('method', 'rsync') not in _METHODS:
        method = directive.options['method']
        hint = wording.guess(method, _METHODS) or f'Known methods: {", ".join(_METHODS)}.'
        yield wrong(f'unknown method "{method}"', hint, 'method')


def _unknown_scheme(directive: Judged) -> Finding:
    scheme = directive.source.partition(':')[0]
    hint = wording.guess(scheme, _SCHEMES) or f'Known schemes: {", ".join(_SCHEMES)}.'
    return wrong(f'cannot collect from "{directive.shown}": there are no {scheme} sources', hint)


def _options(directive: Judged, known: tuple[str, ...]) -> Iterator[Finding]:
    everywhere = {name for names in OPTIONS.values() for name in names}
    for key, value in directive.options.items():
        if key not in known and key in everywhere:
            yield odd(f'option {key} has no meaning for a {directive.kind} source', option=key)
        elif key not in known and (near := wording.nearest(key, known)):
            yield wrong(f'there is no option "{key}"', f'Did you mean "{near}"?', key)
        elif key not in known:
            yield odd(f'option {key} is not known and has no effect', option=key)
        elif key in _BOOLEAN and value.lower() not in _BOOLEANS:
            yield wrong(f'option {key} takes True or False, not "{value}"', option=key)
        elif not value:
            yield wrong(f'option {key} has no value', option=key)
        elif key == 'strip' and not value.isdecimal():
            yield wrong(f'strip "{value}" is not a number', 'It says how many folders to leave out.', key)
        elif key in DIGESTS and not re.fullmatch(f'[0-9a-fA-F]{{{DIGESTS[key]}}}', value):
            yield wrong(f'"{value}" is no {key} digest', f'It has {DIGESTS[key]} hexadecimal digits.', key)


def _git(directive: Judged) -> Iterator[Finding]:
    depth = directive.options.get('depth')
    if depth and not (depth.isdecimal() and int(depth) > 0):
        yield wrong(f'depth "{depth}" is not a number', 'It says how many commits to fetch.', 'depth')
    if directive.options.get('branch') and directive.options.get('revno'):
        yield wrong('branch and revno exclude each other', 'Keep one of them.', 'revno')
    for option in ('branch', 'revno'):
        if directive.options.get(option, '').startswith('-'):
            yield wrong(f'{option} "{directive.options[option]}" cannot begin with a hyphen', option=option)


def _web(directive: Judged) -> Iterator[Finding]:
    parts = urllib.parse.urlsplit(directive.source)
    meant = f'Write git+{directive.shown}.'
    if not parts.hostname:
        yield wrong(f'"{directive.shown}" names no host')
    elif parts.path.rstrip('/').endswith('.git'):
        yield wrong(f'"{directive.shown}" names a git repository', meant)
    elif {'branch', 'revno', 'depth'} & set(directive.options):
        yield wrong(
            f'"{directive.shown}" is a download, to which {", ".join(directive.options)} means nothing', meant
        )
    elif parts.hostname in _FORGES and len(parts.path.strip('/').split('/')) == 2 and not parts.query:
        yield odd(f'"{directive.shown}" looks like a git repository, but is downloaded as one file', meant)
    if directive.options.get('strip') and not directive.asks('unpack'):
        yield odd('strip has no meaning without unpack=True', option='strip')


def _charm(directive: Judged) -> Iterator[Finding]:
    found = charm_name(directive.source)
    scheme = directive.source.partition(':')[0]
    if found is None:
        yield wrong(f'"{directive.shown}" names no charm', 'Write ch:NAME or ch:NAME-REVISION.')
        return
    if scheme == 'cs':
        yield Finding(
            message=f'the charm store is closed: "{directive.shown}" is Charmhub\'s "{found.name}" here',
            hint='Write ch:NAME, with channel=TRACK/RISK where another than stable is meant.',
            forbids=False,
            common=True,
        )
        if found.revision is not None:
            hint = 'Look it up, and write ch:NAME-REVISION.'
            yield odd(f'revision {found.revision} of the charm store may be another one on Charmhub', hint)
    yield from _channel(directive, found)
    base = directive.options.get('base_url', '')
    if base and urllib.parse.urlsplit(base).scheme not in ('http', 'https'):
        yield wrong(f'base_url "{base}" is no http or https URL', option='base_url')


def _channel(directive: Judged, found: CharmName) -> Iterator[Finding]:
    channel = directive.options.get('channel', '')
    if not channel:
        return
    from bedrock import hub  # few lines name a channel, and its import is slow

    if channel == 'unpublished':
        if found.revision is None:
            hint = 'Write channel=edge, or name a revision.'
            yield wrong('Charmhub has no channel "unpublished"', hint, 'channel')
        else:
            yield odd('channel "unpublished" is left out: the revision says which it is', option='channel')
        return
    try:
        hub.Channel.parse(channel)
    except hub.HubFault:
        hint = f'A channel is TRACK/RISK; risks: {", ".join(hub.RISKS)}.'
        yield wrong(f'"{channel}" is no channel', hint, 'channel')
        return
    # A track may have any name, but one that is a risk but for a letter is none.
    if channel.isalpha() and channel not in hub.RISKS and (near := _nearly(channel, hub.RISKS)):
        yield wrong(f'"{channel}" is no channel', f'Did you mean "{near}"?', 'channel')


def _nearly(word: str, known: tuple[str, ...]) -> str:
    near = wording.nearest(word, known)
    return near if near and abs(len(near) - len(word)) <= 1 and set(near) & set(word) == set(near) else ''
