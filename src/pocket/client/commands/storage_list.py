"""juju storage, juju show-storage."""

from __future__ import annotations

from typing import Any

from pocket.client import faults, flags, output, replies, shape, values
from pocket.client.context import Context, Session
from pocket.client.flags import Flag, Given
from pocket.client.render import status, storage_tables

Json = dict[str, Any]


def _storage(ctx: Context, given: Given) -> int:
    only_filesystems, only_volumes = given.on('filesystem'), given.on('volume')
    if only_filesystems and only_volumes:
        raise faults.WrongUsage('--filesystem and --volume can not be used together')
    if given.args and not (only_filesystems or only_volumes):
        raise faults.WrongUsage('machine IDs can only be used with --filesystem or --volume')
    machines = [values.machine_tag(name) for name in given.args]
    with ctx.session(given) as session:
        full: Json = {}
        if not (only_filesystems or only_volumes):
            full['storage'] = _listed(session, 'ListStorageDetails', {})
        if not only_volumes:
            full['filesystems'] = _listed(session, 'ListFilesystems', {'machines': machines})
        if not only_filesystems:
            full['volumes'] = _listed(session, 'ListVolumes', {'machines': machines})
    document = status.storage(full, status.Style(utc=given.on('utc')))
    if not document:
        ctx.info('No storage to display.')
        return 0
    tables = storage_tables.instances
    if only_filesystems:
        tables = storage_tables.filesystems
    elif only_volumes:
        tables = storage_tables.volumes
    output.show(ctx, given, document, {'tabular': lambda: tables(document)})
    return 0


def _show_storage(ctx: Context, given: Given) -> int:
    entities = [{'tag': values.storage_tag(name)} for name in given.args]
    with ctx.session(given) as session:
        answer = session.call('Storage', 'StorageDetails', {'entities': entities})
    full = {'storage': [item['result'] for item in replies.every(answer)]}
    found = status.storage(full, status.Style(utc=given.on('utc')))
    output.show(ctx, given, found.get('storage', {}))
    return 0


def _listed(session: Session, request: str, wanted: Json) -> list[Json]:
    """What one filter selects.

    Raises:
        Fault: the controller refuses it.
    """
    found = replies.only(session.call('Storage', request, {'filters': [wanted]}))
    return shape.objects(found.get('result'))


_UTC = Flag('utc', 'Show times in UTC')

STORAGE = flags.Command(
    name='storage',
    usage='[<machine> ...]',
    summary='List the storage of a model.',
    details='Machines can be named together with --filesystem or --volume.',
    examples=('juju storage', 'juju storage --format yaml', 'juju storage --filesystem 0'),
    flags=(
        flags.MODEL,
        *flags.formats('tabular', 'json', 'yaml'),
        Flag('filesystem', 'List filesystems'),
        Flag('volume', 'List volumes'),
        _UTC,
    ),
    aliases=('list-storage',),
    run=_storage,
)

SHOW_STORAGE = flags.Command(
    name='show-storage',
    usage='<storage> [...]',
    summary='Show storage and the unit that has it.',
    examples=('juju show-storage pgdata/0', 'juju show-storage pgdata/0 --format json'),
    flags=(flags.MODEL, *flags.formats('yaml', 'json'), _UTC),
    least=1,
    missing='must specify storage id(s)',
    run=_show_storage,
)
