"""juju add-unit, juju resolved."""

from __future__ import annotations

from pocket.client import faults, flags, output, values
from pocket.client.context import Context
from pocket.client.flags import Flag, Given


def _add_unit(ctx: Context, given: Given) -> int:
    application = given.args[0]
    count = given.number('num-units')
    if count < 1:
        raise faults.WrongUsage('--num-units must be a positive integer')
    with ctx.session(given) as session:
        if session.is_caas:
            if given.was_given('to') or given.was_given('attach-storage'):
                raise faults.WrongUsage('k8s models only support --num-units')
            change = {'application-tag': f'application-{application}', 'scale': 0, 'scale-change': count}
            answer = session.call('Application', 'ScaleApplications', {'applications': [change]})
            return output.item_errors(ctx, answer.get('results'))
        session.call(
            'Application',
            'AddUnits',
            {
                'application': application,
                'num-units': count,
                'placement': values.placement(given.listed('to'), model_uuid=session.target.model.uuid),
                'attach-storage': [values.storage_tag(name) for name in given.listed('attach-storage')],
            },
        )
    return 0


def _resolved(ctx: Context, given: Given) -> int:
    everything = given.on('all')
    if everything == bool(given.args):
        raise faults.WrongUsage('specify unit names or --all, and not both')
    with ctx.session(given) as session:
        answer = session.call(
            'Application',
            'ResolveUnitErrors',
            {
                'all': everything,
                'retry': not given.on('no-retry'),
                'tags': {
                    'entities': [{'tag': values.unit_tag(values.require_unit(unit))} for unit in given.args]
                },
            },
        )
    return output.item_errors(ctx, answer.get('results'))


ADD_UNIT = flags.Command(
    name='add-unit',
    usage='<application>',
    summary='Add one or more units to an application.',
    examples=('juju add-unit mysql', 'juju add-unit mysql -n 2 --to 0,1'),
    flags=(
        flags.MODEL,
        Flag('attach-storage', 'Existing storage to attach', value='STORAGE[,...]'),
        Flag('num-units,n', 'Number of units to add', value='N', default='1'),
        Flag('to', 'Where to place the units: machines or containers', value='PLACE[,...]'),
    ),
    least=1,
    most=1,
    missing='no application specified',
    run=_add_unit,
)

RESOLVED = flags.Command(
    name='resolved',
    usage='[<unit> ...]',
    summary='Mark unit errors resolved and run the failed hooks again.',
    examples=('juju resolved mysql/0', 'juju resolved mysql/0 --no-retry', 'juju resolved --all'),
    flags=(
        flags.MODEL,
        Flag('all', 'Every unit in error'),
        Flag('no-retry', 'Go on without running the failed hook again'),
    ),
    aliases=('resolve',),
    run=_resolved,
)
