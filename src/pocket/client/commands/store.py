"""juju info, find, download: what a charm store has, asked for by this program itself."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bedrock import errors, hub
from bedrock.base import Base
from bedrock.hub import Channel, Hub, HubFault, Resolved, Wanted
from pocket.client import faults, flags, output, shape, sources, values
from pocket.client.context import Context, local_path
from pocket.client.flags import Flag, Given
from pocket.client.render import store as render

_URL = Flag('charmhub-url', "The store's API; by default the model's", value='URL')
_ARCHES = ('amd64', 'arm64', 'armhf', 'i386', 'ppc64el', 'riscv64', 's390x')


def _info(ctx: Context, given: Given) -> int:
    name = _name(given.args[0])
    try:
        answer = _store(ctx, given).info(name)
    except HubFault as err:
        if err.code in ('name-not-found', 'resource-not-found', 'not-found'):
            raise errors.Fault(f'No information found for charm or bundle with the name "{name}"') from err
        raise
    found = render.info(answer, arch=given.text('arch'), channel=given.text('channel'))
    output.show(ctx, given, found, {'tabular': lambda: render.info_text(found)})
    return 0


def _find(ctx: Context, given: Given) -> int:
    query = given.args[0] if given.args else ''
    kind = given.text('type')
    if kind not in ('', 'charm', 'bundle'):
        raise faults.WrongUsage(f'expected type to be charm or bundle, got "{kind}"')
    found = [render.found(one) for one in _store(ctx, given).find(query, kind=kind)]
    if not found:
        ctx.error(f'No matching charms for "{query}"')
        return 0
    output.show(ctx, given, found, {'tabular': lambda: render.found_table(found)})
    return 0


def _download(ctx: Context, given: Given) -> int:
    name = _name(given.args[0])
    to_stdout = given.args[1:] == ('-',)
    if given.args[1:] and not to_stdout:
        raise faults.WrongUsage('expected a charm or bundle name, followed by hyphen to pipe to stdout')
    store = _store(ctx, given)
    found = hub.resolve(store.refresh, _wanted(given, name))
    target = local_path(given.text('filepath') or f'{name}_r{found.revision}.{found.kind}')
    told = f'{found.kind} "{name}" revision {found.revision}'
    ctx.info(f'Fetching {told} using "{found.channel}" channel')
    if to_stdout:
        with tempfile.TemporaryDirectory(prefix='juju-download-') as scratch:
            kept = Path(scratch, 'charm')
            _fetch(found, kept)
            sys.stdout.buffer.write(kept.read_bytes())
            sys.stdout.buffer.flush()
        return 0
    _fetch(found, target)
    shown = target if target.is_absolute() else f'./{target}'
    ctx.info(f'Install the "{name}" {found.kind} with:\n    juju deploy {shown}')
    return 0


def _wanted(given: Given, name: str) -> Wanted:
    revision = given.number('revision') if given.was_given('revision') else None
    if revision is not None and given.text('channel'):
        raise faults.WrongUsage('--revision and --channel are mutually exclusive')
    base = shape.mapping(values.base(given.text('base'))) if given.text('base') else {}
    return Wanted(
        name=name,
        channel=Channel.parse(given.text('channel')),
        revision=revision,
        base=Base.of(str(base.get('name', '')), str(base.get('channel', ''))),
        arch=given.text('arch') if given.text('arch') not in ('', 'all') else 'amd64',
    )


def _fetch(found: Resolved, target: Path) -> None:
    """Download a release to *target*, whole or not at all.

    Raises:
        Fault: it cannot be had, or is not what the store said.
    """
    digest = hashlib.sha256()
    if not target.parent.is_dir():
        raise errors.Fault(f'cannot write {target}: there is no such folder')
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f'.{target.name}.') as part:

        def write(chunk: bytes) -> None:
            digest.update(chunk)
            part.write(chunk)

        hub.download(found.download_url, write)
        if digest.hexdigest() != found.sha256:
            raise errors.Fault(f'expected sha256 {found.sha256}, got {digest.hexdigest()}')
        part.flush()
        Path(part.name).chmod(0o644)
        target.unlink(missing_ok=True)
        target.hardlink_to(part.name)


def _store(ctx: Context, given: Given) -> Hub:
    """The store of ``--charmhub-url``, else of the current model, else the default one."""
    if given.text('charmhub-url'):
        return Hub(given.text('charmhub-url'))
    try:
        with ctx.session(given) as session:
            config: Mapping[str, Any] = shape.mapping(session.call('ModelConfig', 'ModelGet').get('config'))
            url = str(shape.mapping(config.get('charmhub-url')).get('value') or '')
    except errors.Fault:  # no controller is needed to look
        url = ''
    return Hub(url or ctx.settings.charmhub_url)


def _name(text: str) -> str:
    source = sources.find(text if text.startswith('ch:') else f'ch:{text}')
    return source.name


_ARCH = Flag('arch', f'One of {", ".join(_ARCHES)}, or all', value='ARCH', default='all')

INFO = flags.Command(
    name='info',
    usage='<charm>',
    summary='Show what Charmhub knows of a charm.',
    details='',
    examples=('juju info postgresql', 'juju info postgresql --channel 14/stable --format json'),
    flags=(
        flags.MODEL,
        *flags.formats('tabular', 'json', 'yaml'),
        _ARCH,
        Flag('channel', 'Show only this channel', value='CHANNEL'),
        _URL,
    ),
    least=1,
    most=1,
    missing='expected a charm or bundle name',
    run=_info,
)
FIND = flags.Command(
    name='find',
    usage='[<query>]',
    summary='Search Charmhub for charms and bundles.',
    details='',
    examples=('juju find wordpress', 'juju find --type charm proxy'),
    flags=(
        flags.MODEL,
        *flags.formats('tabular', 'json', 'yaml'),
        Flag('type', 'charm or bundle', value='TYPE'),
        _URL,
    ),
    least=0,
    most=1,
    missing='',
    run=_find,
)
DOWNLOAD = flags.Command(
    name='download',
    usage='<charm> [-]',
    summary='Download a charm from Charmhub.',
    details='With a hyphen as second argument, the charm goes to standard output.',
    examples=('juju download postgresql', 'juju download postgresql --channel 14/stable --base ubuntu@22.04'),
    flags=(
        flags.MODEL,
        _ARCH,
        Flag('base', 'The base that it is to run on', value='BASE'),
        Flag('channel', 'The channel to take it from', value='CHANNEL'),
        Flag('filepath', 'Where to put it', value='PATH'),
        Flag('revision', 'The revision to take', value='N', default='-1'),
        _URL,
    ),
    least=1,
    most=2,
    missing='expected a charm or bundle name',
    run=_download,
)
