"""juju machines, juju add-machine."""

from __future__ import annotations

from typing import Any

from bedrock import errors
from pocket.client import faults, flags, output, values
from pocket.client.context import Context
from pocket.client.flags import Flag, Given
from pocket.client.render import status, status_table

Json = dict[str, Any]

_PLAIN = 'this table has no colours'


def _machines(ctx: Context, given: Given) -> int:
    with ctx.session(given) as session:
        full = session.call('Client', 'FullStatus', {'patterns': list(given.args)})
    style = status.Style(utc=given.on('utc') or ctx.environ.get('JUJU_STATUS_ISO_TIME') == 'true')
    document = status.document(full, controller=session.target.controller.name, style=style)
    shown: Json = {'model': document['model']['name'], 'machines': document['machines']}
    if given.text('format') == 'yaml':
        shown = status.pruned(shown)
    output.show(ctx, given, shown, {'tabular': lambda: status_table.machine_table(document['machines'])})
    if not document['machines']:
        ctx.info('No machines to display.')
    return 0


def _add_machine(ctx: Context, given: Given) -> int:
    count = given.number('num-machines')
    if count < 1:
        raise faults.WrongUsage('-n must be a positive integer')
    if given.args and given.args[0].startswith('ssh:'):
        raise errors.Fault(f'cannot add machine "{given.args[0]}": machines are made by the controller')
    constraints = values.constraints(given.many('constraints'))
    with ctx.session(given) as session:
        wanted: Json = {'constraints': constraints, 'jobs': ['JobHostUnits'], **_place(given)}
        if given.args and 'container-type' not in wanted:
            uuid = session.target.model.uuid
            wanted['placement'] = values.placement(given.args, model_uuid=uuid)[0]
        if given.text('disks'):
            wanted['disks'] = list(
                values.storage(f'disk={word}' for word in given.text('disks').split()).values()
            )
        if given.text('base'):
            wanted['base'] = values.base(given.text('base'))
        answer = session.call('MachineManager', 'AddMachines', {'params': [wanted] * count})
    made: list[Json] = answer.get('machines') or []
    for item in made:
        if not item.get('error'):
            kind = 'container' if '/' in str(item['machine']) else 'machine'
            ctx.info(f'created {kind} {item["machine"]}')
    return output.item_errors(ctx, made)


def _place(given: Given) -> Json:
    """``lxd`` or ``lxd:0`` as the parameters of a container."""
    kind, _, parent = (given.args[0] if given.args else '').partition(':')
    if kind not in ('lxd', 'kvm'):
        return {}
    return {'container-type': kind, 'parent-id': parent}


MACHINES = flags.Command(
    name='machines',
    machines_only=True,
    usage='[<machine> ...]',
    summary='List the machines of a model.',
    examples=('juju machines', 'juju machines --format json'),
    flags=(
        flags.MODEL,
        *flags.formats('tabular', 'json', 'yaml'),
        Flag('color', 'Use ANSI color codes in tabular output', refused=_PLAIN),
        Flag('utc', 'Show times in UTC'),
    ),
    aliases=('list-machines',),
    run=_machines,
)

SHOW_MACHINE = flags.Command(
    name='show-machine',
    machines_only=True,
    usage='<machine> ...',
    summary='Show machines.',
    examples=('juju show-machine 0', 'juju show-machine 0 1 --format json'),
    flags=(
        flags.MODEL,
        *flags.formats('yaml', 'json', 'tabular'),
        Flag('color', 'Use ANSI color codes in tabular output', refused=_PLAIN),
        Flag('utc', 'Show times in UTC'),
    ),
    least=1,
    missing='expected a machine id',
    run=_machines,
)

ADD_MACHINE = flags.Command(
    name='add-machine',
    machines_only=True,
    usage='[<placement>]',
    summary='Start one or more machines.',
    examples=(
        'juju add-machine',
        'juju add-machine -n 2 --base ubuntu@24.04',
        'juju add-machine zone=us-east-1a',
    ),
    flags=(
        flags.MODEL,
        Flag('base', 'What the machines run, for example ubuntu@24.04', value='BASE'),
        Flag('constraints', 'Constraints of the machines; may be given again', value='KEY=VALUE'),
        Flag('disks', 'Disks of the machine: POOL,COUNT,SIZE', value='DISKS'),
        Flag('num-machines,n', 'Number of machines', value='N', default='1'),
        Flag('private-key', 'Key to log in by, when the machine is named as ssh:HOST', value='FILE'),
        Flag('public-key', 'Key to let in, when the machine is named as ssh:HOST', value='FILE'),
    ),
    most=1,
    run=_add_machine,
)
