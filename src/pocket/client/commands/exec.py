"""juju exec."""

from __future__ import annotations

import shlex

from pocket.client import faults, flags, tasks, values
from pocket.client.context import Context
from pocket.client.flags import Flag, Given

_DEFAULT_WAIT_S = 300


def _exec(ctx: Context, given: Given) -> int:
    # One word is a piece of shell; several are the words of a command, each kept as it is.
    commands = given.args[0] if len(given.args) == 1 else shlex.join(given.args)
    limit_ns = tasks.wait_ns(given, default_s=_DEFAULT_WAIT_S)
    units, applications, machines = given.listed('unit'), given.listed('application'), given.listed('machine')
    if given.on('all') and (units or applications or machines):
        raise faults.WrongUsage('you cannot specify --all and individual machines, applications or units')
    if not (given.on('all') or units or applications or machines):
        raise faults.WrongUsage(
            'you must specify a target, either through --all, --machine, --application or --unit'
        )
    for unit in units:
        values.require_unit(unit)
    for machine in machines:
        if not values.is_machine(machine):
            raise faults.WrongUsage(f'"{machine}" is not a valid machine id')
    with ctx.session(given) as session:
        if session.is_caas and machines:
            raise faults.WrongUsage('unable to target machines with a k8s controller')
        request = 'RunOnAllMachines' if given.on('all') else 'Run'
        params: dict[str, object] = {
            'commands': commands,
            'timeout': limit_ns,
            'parallel': not given.was_given('parallel') or given.on('parallel'),
            'execution-group': given.text('execution-group'),
            'workload-context': session.is_caas and not given.on('operator'),
        }
        if not given.on('all'):
            params |= {'units': units, 'applications': applications, 'machines': machines}
        enqueued = session.call('Action', request, params)
        return tasks.follow(ctx, given, session, enqueued, limit_ns=limit_ns)


EXEC = flags.Command(
    name='exec',
    usage='<command> [...]',
    summary='Run a command on units or machines.',
    details=(
        'On a unit it runs in the context of a hook, so hook tools such as config-get work.\n'
        'One argument is run by the shell; several are one command. Put "--" before a command with flags.'
    ),
    examples=(
        'juju exec --unit mysql/0 -- hostname -f',
        'juju exec --unit mysql/leader "config-get | wc -l"',
        'juju exec --all uptime',
    ),
    flags=(
        flags.MODEL,
        *tasks.FLAGS,
        Flag('all', 'Every machine'),
        Flag('application,a,app', 'Every unit of these applications', value='APPLICATION[,...]'),
        Flag('execution-group', 'Name of the group that is run one by one', value='NAME'),
        Flag('machine', 'These machines', value='MACHINE[,...]'),
        Flag('operator', 'On Kubernetes: in the container of the charm'),
        Flag('parallel', 'Run at once on all targets (the default)'),
        Flag('unit,u', 'These units', value='UNIT[,...]'),
    ),
    least=1,
    missing='no commands specified',
    run=_exec,
)
