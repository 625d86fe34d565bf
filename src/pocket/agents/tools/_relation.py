"""Tools about relations and their settings."""

from __future__ import annotations

import re

from pocket.agents import relations
from pocket.agents.tools import _keys
from pocket.agents.tools._args import quote
from pocket.agents.tools._protocol import Reply, ToolFault, UsageFault
from pocket.agents.tools._tool import Call, Tool
from pocket.model import RelationView, application_of

_UNIT = re.compile(r'[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*/(0|[1-9][0-9]*)')
_APPLICATION = re.compile(r'[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*')


def relation_of(call: Call) -> RelationView:
    """The relation that ``-r`` names, else the hook's."""
    text = call.values.get('r')
    if text is None:
        if call.context.relation is None:
            raise UsageFault('no relation id specified')
        return call.context.relation
    number = text.rpartition(':')[2]
    if not number.isdecimal():
        raise UsageFault(f'invalid value {quote(text)} for option -r: invalid relation id')
    found = relations.find(call.context.view, int(number))
    if found is None or not found.in_scope:
        raise UsageFault(f'invalid value {quote(text)} for option -r: relation not found')
    return found


def _relation_ids(call: Call) -> Reply:
    hook = call.context.hook
    endpoint = call.arg(0) or (hook.endpoint if hook else '')
    if not endpoint:
        raise UsageFault('no endpoint name specified')
    return call.show(
        sorted(
            f'{endpoint}:{relation.id}'
            for relation in call.context.view.relations
            if relation.endpoint == endpoint and relation.in_scope
        )
    )


def _relation_list(call: Call) -> Reply:
    relation = relation_of(call)
    if 'app' in call.switches:
        return call.show(relation.remote_application)
    return call.show(call.context.members(relation))


def _relation_get(call: Call) -> Reply:
    context, relation = call.context, relation_of(call)
    hook = context.hook if context.hook and context.hook.relation_id == relation.id else None
    name = call.arg(1)
    if 'app' in call.switches:
        name = application_of(name) or (hook.remote_application if hook else '')
        if not name:
            raise UsageFault('no unit or application specified')
        return call.show_key(dict(_application_settings(call, relation, name)))
    name = name or (hook.remote_unit if hook else '')
    if not name:
        raise UsageFault('no unit or application specified')
    if not _UNIT.fullmatch(name):
        if _APPLICATION.fullmatch(name):
            raise UsageFault(f'expected unit name, got application name {quote(name)}')
        raise UsageFault(f'invalid unit name {quote(name)}')
    return call.show_key(dict(context.read_unit_settings(relation.id, name)))


def _application_settings(call: Call, relation: RelationView, application: str) -> dict[str, str]:
    view = call.context.view
    if application == view.application:
        # A follower may read what its leader wrote for its peers, but not what it wrote for others.
        if not view.leader and relation.role != 'peer':
            raise ToolFault('permission denied')
    elif application != relation.remote_application:
        raise ToolFault('permission denied')
    return call.context.read_application_settings(relation.id, application)


def _relation_set(call: Call) -> Reply:
    relation, changes = relation_of(call), _keys.given(call)
    if 'app' not in call.switches:
        call.context.unit_settings.setdefault(relation.id, {}).update(changes)
        return Reply()
    if not call.context.view.leader:
        raise ToolFault('cannot write relation settings')
    call.context.application_settings.setdefault(relation.id, {}).update(changes)
    return Reply()


def _relation_model_get(call: Call) -> Reply:
    return call.show({'uuid': relation_of(call).remote_model or call.context.view.model_uuid})


_R = 'r relation'

TOOLS = (
    Tool(
        name='relation-get',
        usage='[-r ID] [--app] [<key>] [<unit or application>]',
        run=_relation_get,
        texts=(_R,),
        switches=('app',),
        style='smart',
        max_args=2,
    ),
    Tool(name='relation-ids', usage='[<endpoint>]', run=_relation_ids, style='smart', max_args=1),
    Tool(
        name='relation-list',
        usage='[-r ID] [--app]',
        run=_relation_list,
        texts=(_R,),
        switches=('app',),
        style='smart',
    ),
    Tool(name='relation-model-get', usage='[-r ID]', run=_relation_model_get, texts=(_R,), style='smart'),
    Tool(
        name='relation-set',
        usage='[-r ID] [--app] [--file FILE] <key>=<value> [...]',
        run=_relation_set,
        texts=(_R, 'file', 'format'),
        switches=('app',),
        max_args=None,
    ),
)
