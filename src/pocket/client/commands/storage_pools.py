"""juju create-storage-pool, remove-storage-pool, storage-pools, update-storage-pool."""

from __future__ import annotations

from typing import Any

from pocket.client import flags, output, replies, shape, values
from pocket.client.context import Context
from pocket.client.flags import Flag, Given
from pocket.client.render import storage_tables

Json = dict[str, Any]


def _create(ctx: Context, given: Given) -> int:
    name, provider, *words = given.args
    pool = {'name': name, 'provider': provider, 'attrs': values.settings(words)}
    with ctx.session(given) as session:
        answer = session.call('Storage', 'CreatePool', {'pools': [pool]})
    return output.item_errors(ctx, answer.get('results'))


def _update(ctx: Context, given: Given) -> int:
    name, *words = given.args
    attributes = values.settings(words)
    pool = {'name': name, 'provider': attributes.pop('type', ''), 'attrs': attributes}
    with ctx.session(given) as session:
        answer = session.call('Storage', 'UpdatePool', {'pools': [pool]})
    return output.item_errors(ctx, answer.get('results'))


def _remove(ctx: Context, given: Given) -> int:
    with ctx.session(given) as session:
        answer = session.call('Storage', 'RemovePool', {'pools': [{'name': given.args[0]}]})
    return output.item_errors(ctx, answer.get('results'))


def _list(ctx: Context, given: Given) -> int:
    wanted = {'names': given.listed('name'), 'providers': given.listed('provider')}
    with ctx.session(given) as session:
        answer = session.call('Storage', 'ListPools', {'filters': [wanted]})
    found: dict[str, Json] = {}
    for pool in shape.objects(replies.only(answer).get('storage-pools')):
        attributes = shape.mapping(pool.get('attrs'))
        found[pool['name']] = {
            'provider': pool['provider'],
            **({'attrs': attributes} if attributes else {}),
        }
    if not found:
        ctx.info('No storage pools to display.')
        return 0
    output.show(ctx, given, found, {'tabular': lambda: storage_tables.pools(found)})
    return 0


CREATE_STORAGE_POOL = flags.Command(
    name='create-storage-pool',
    usage='<name> <provider> [<key>=<value> ...]',
    summary='Make a storage pool of a provider.',
    examples=('juju create-storage-pool scratch tmpfs', 'juju create-storage-pool disks loop'),
    flags=(flags.MODEL,),
    least=2,
    missing='pool creation requires names, provider type and optional attributes for configuration',
    run=_create,
)

UPDATE_STORAGE_POOL = flags.Command(
    name='update-storage-pool',
    usage='<name> <key>=<value> [...]',
    summary='Change the attributes of a storage pool.',
    examples=('juju update-storage-pool disks note=slow', 'juju update-storage-pool scratch type=rootfs'),
    flags=(flags.MODEL,),
    least=2,
    missing='pool updates require a name and configuration attributes',
    run=_update,
)

REMOVE_STORAGE_POOL = flags.Command(
    name='remove-storage-pool',
    usage='<name>',
    summary='Remove a storage pool that nothing is from.',
    examples=('juju remove-storage-pool scratch',),
    flags=(flags.MODEL,),
    least=1,
    most=1,
    missing='pool removal requires names',
    run=_remove,
)

STORAGE_POOLS = flags.Command(
    name='storage-pools',
    summary='List the storage pools of a model.',
    examples=('juju storage-pools', 'juju storage-pools --provider loop --format json'),
    flags=(
        flags.MODEL,
        *flags.formats('tabular', 'json', 'yaml'),
        Flag('name', 'Only pools of these names', value='NAME[,...]'),
        Flag('provider', 'Only pools of these providers', value='NAME[,...]'),
    ),
    most=0,
    aliases=('list-storage-pools',),
    run=_list,
)
