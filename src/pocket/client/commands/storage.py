"""juju add-storage, attach-storage, detach-storage, remove-storage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pocket.client import flags, force, shape, values
from pocket.client.context import Context
from pocket.client.flags import Flag, Given

Json = dict[str, Any]

_ATTACHED = """
Use the --force option to remove attached storage, or use
"juju detach-storage" to explicitly detach the storage
before removing."""


def _add(ctx: Context, given: Given) -> int:
    unit = values.require_unit(given.args[0])
    wanted = values.storage(given.args[1:])
    requests = [
        {'unit': values.unit_tag(unit), 'name': name, 'storage': directive}
        for name, directive in wanted.items()
    ]
    with ctx.session(given) as session:
        answer = session.call('Storage', 'AddToUnit', {'storages': requests})
    code = 0
    for name, result in zip(wanted, shape.objects(answer.get('results')), strict=False):
        if result.get('error'):
            ctx.error(f'failed to add storage "{name}" to {unit}: {result["error"].get("message")}')
            code = 1
            continue
        for tag in shape.mapping(result.get('result')).get('storage-tags') or ():
            ctx.info(f'added storage {_id(tag)} to {unit}')
    return code


def _attach(ctx: Context, given: Given) -> int:
    unit, *names = given.args
    unit_tag = values.unit_tag(values.require_unit(unit))
    ids = [{'storage-tag': values.storage_tag(name), 'unit-tag': unit_tag} for name in names]
    with ctx.session(given) as session:
        answer = session.call('Storage', 'Attach', {'ids': ids})
    return _told(ctx, names, answer, doing=f'attaching {{}} to {unit}', failed=f'attach {{}} to {unit}')


def _detach(ctx: Context, given: Given) -> int:
    forced = force.params(given)
    ids = [{'storage-tag': values.storage_tag(name), 'unit-tag': ''} for name in given.args]
    with ctx.session(given) as session:
        answer = session.call('Storage', 'DetachStorage', {'ids': {'ids': ids}, **forced})
    return _told(ctx, given.args, answer, doing='detaching {}', failed='detach {}')


def _remove(ctx: Context, given: Given) -> int:
    forced = force.params(given)
    requests = [
        {
            'tag': values.storage_tag(name),
            'destroy-attachments': given.on('force'),
            'destroy-storage': not given.on('no-destroy'),
            **forced,
        }
        for name in given.args
    ]
    with ctx.session(given) as session:
        answer = session.call('Storage', 'Remove', {'storage': requests})
    code = _told(ctx, given.args, answer, doing='removing {}', failed='remove {}')
    errors = [shape.mapping(result.get('error')) for result in shape.objects(answer.get('results'))]
    if any(error.get('code') == 'storage attached' for error in errors):
        ctx.info(_ATTACHED)
    return code


def _told(ctx: Context, names: Sequence[str], answer: Json, *, doing: str, failed: str) -> int:
    """Say how each of *names* went; the exit code is 1 when one failed."""
    code = 0
    for name, result in zip(names, shape.objects(answer.get('results')), strict=False):
        if result.get('error'):
            ctx.error(f'failed to {failed.format(name)}: {result["error"].get("message")}')
            code = 1
        else:
            ctx.info(doing.format(name))
    return code


def _id(tag: str) -> str:
    """``storage-data-0`` -> ``data/0``."""
    return '/'.join(tag.removeprefix('storage-').rpartition('-')[::2])


ADD_STORAGE = flags.Command(
    name='add-storage',
    machines_only=True,
    usage='<unit> <storage name>[=<pool>,<count>,<size>] [...]',
    summary='Make storage for a unit and attach it.',
    details='Pool, count and size may come in any order; what is left out is as at deployment.',
    examples=('juju add-storage mysql/0 logs=loop,10G', 'juju add-storage ceph-osd/1 cache=tmpfs,2,512M'),
    flags=(flags.MODEL,),
    least=2,
    missing='add-storage requires a unit and a storage directive',
    run=_add,
)

ATTACH_STORAGE = flags.Command(
    name='attach-storage',
    machines_only=True,
    usage='<unit> <storage> [...]',
    summary='Attach storage that is attached to nothing to a unit.',
    examples=('juju attach-storage postgresql/1 pgdata/0',),
    flags=(flags.MODEL,),
    least=2,
    missing='attach-storage requires a unit ID and at least one storage ID',
    run=_attach,
)

DETACH_STORAGE = flags.Command(
    name='detach-storage',
    machines_only=True,
    usage='<storage> [...]',
    summary='Detach storage from its unit and keep it.',
    details='Only storage that is kept apart from machines can be detached: here, that of pool "loop".',
    examples=('juju detach-storage pgdata/0', 'juju detach-storage --force pgdata/0'),
    flags=(flags.MODEL, Flag('force', 'Wait for no hook of the unit'), force.NO_WAIT),
    least=1,
    missing='detach-storage requires at least one storage ID',
    run=_detach,
)

REMOVE_STORAGE = flags.Command(
    name='remove-storage',
    usage='<storage> [...]',
    summary='Remove storage from the model, with its data.',
    examples=('juju remove-storage pgdata/0', 'juju remove-storage --force pgdata/0'),
    flags=(
        flags.MODEL,
        Flag('force', 'Remove it even if it is attached'),
        Flag('no-destroy', 'Remove it from the model and keep its data'),
        force.NO_WAIT,
    ),
    least=1,
    missing='remove-storage requires at least one storage ID',
    run=_remove,
)
