"""Tools that read the model: config, addresses, goal state; and those about things that no unit here has."""

from __future__ import annotations

from pocket.agents.tools._args import quote
from pocket.agents.tools._protocol import PlaceResource, RebootNow, Reply, ToolFault, UsageFault
from pocket.agents.tools._tool import Call, Tool


def _config_get(call: Call) -> Reply:
    key, view = call.arg(0), call.context.view
    if 'a' not in call.switches:
        return call.show_key(dict(view.config))
    if key:
        raise UsageFault(f'cannot use argument --all together with key {quote(key)}')
    return call.show({name: view.config.get(name) for name in view.charm.options})


def _unit_get(call: Call) -> Reply:
    if not call.args:
        raise UsageFault('no setting specified')
    view = call.context.view
    known = {'private-address': view.private_address, 'public-address': view.public_address}
    if call.arg(0) not in known:
        raise UsageFault(f'unknown setting {quote(call.arg(0))}')
    return call.show(known[call.arg(0)])


def _goal_state(call: Call) -> Reply:
    return call.show(dict(call.context.reader.goal_state()))


def _resource_get(call: Call) -> Reply:
    if not call.args:
        raise UsageFault('missing required resource name')
    found = call.context.reader.resource(call.arg(0))
    if found is None or found.is_placeholder:
        raise ToolFault(f'could not download resource: resource {quote(call.arg(0))} not found')
    return Reply(stdout=call.context.reader.resource_path(found), effects=(PlaceResource(name=found.name),))


def _credential_get(call: Call) -> Reply:
    if call.context.view.surroundings.cloud_spec is None:
        raise ToolFault('cannot access cloud credentials: permission denied')
    return call.show(dict(call.context.view.surroundings.cloud_spec))


def _juju_reboot(call: Call) -> Reply:
    if call.context.view.pod:
        raise ToolFault('juju-reboot is not supported on Kubernetes: a unit there has no machine.')
    if call.context.action is not None:
        raise ToolFault('juju-reboot is not supported when running an action.')
    if call.context.hook is None:
        raise ToolFault('juju-reboot is not supported when running commands.')
    call.context.reboot = 'now' if 'now' in call.switches else 'after'
    return Reply(effects=(RebootNow(),)) if call.context.reboot == 'now' else Reply()


TOOLS = (
    Tool(
        name='config-get',
        usage='[--all] [<key>]',
        run=_config_get,
        switches=('a all',),
        style='smart',
        max_args=1,
    ),
    Tool(name='credential-get', usage='', run=_credential_get, style='smart'),
    Tool(name='goal-state', usage='', run=_goal_state, style='yaml'),
    Tool(name='juju-reboot', usage='[--now]', run=_juju_reboot, switches=('now',)),
    Tool(name='resource-get', usage='<resource name>', run=_resource_get, max_args=1),
    Tool(
        name='unit-get',
        usage='<private-address | public-address>',
        run=_unit_get,
        style='smart',
        max_args=1,
    ),
)
