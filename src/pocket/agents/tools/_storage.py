"""Tools about the storage of the unit."""

from __future__ import annotations

import re

from pocket.agents import storage
from pocket.agents.tools._args import quote
from pocket.agents.tools._protocol import Reply, UsageFault
from pocket.agents.tools._tool import Call, Tool
from pocket.model import StorageAddition, StorageView

_ID = re.compile(r'[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*/(0|[1-9][0-9]*)')
_ATTRIBUTES = ('kind', 'location')


def _attached(call: Call) -> list[StorageView]:
    context = call.context
    return storage.attached(context.local, context.view, context.hook)


def _storage_list(call: Call) -> Reply:
    return call.show([each.id for each in _attached(call) if call.arg(0) in ('', each.name)])


def _storage_get(call: Call) -> Reply:
    hook = call.context.hook
    wanted = call.values.get('s') or (hook.storage_id if hook is not None else '')
    if not wanted:
        raise UsageFault('no storage instance specified')
    shown = f'invalid value {quote(wanted)} for option -s'
    if not _ID.fullmatch(wanted):
        raise UsageFault(f'{shown}: invalid storage ID {quote(wanted)}')
    found = next((each for each in _attached(call) if each.id == wanted), None)
    if found is None:
        raise UsageFault(f'{shown}: storage not found')
    key = call.key()
    if key and key not in _ATTRIBUTES:
        raise UsageFault(f'invalid storage attribute {quote(key)}')
    return call.show_key({'kind': found.kind, 'location': found.location})


def _storage_add(call: Call) -> Reply:
    if not call.args:
        raise UsageFault('storage add requires a storage directive')
    additions = [_addition(word) for word in call.args]
    call.context.storage.extend(additions)
    return Reply()


def _addition(word: str) -> StorageAddition:
    name, equals, text = word.partition('=')
    if equals and not text.isdecimal():
        raise UsageFault(f'only count can be specified for {quote(name)}')
    if not name or (equals and not int(text)):
        raise UsageFault(f'cannot parse directive for storage {quote(name)}: count must be greater than zero')
    return StorageAddition(name=name, count=int(text) if equals else 1)


TOOLS = (
    Tool(name='storage-add', usage='<storage name>[=<count>] [...]', run=_storage_add, max_args=None),
    Tool(
        name='storage-get', usage='[-s ID] [<key>]', run=_storage_get, texts=('s',), style='smart', max_args=1
    ),
    Tool(name='storage-list', usage='[<storage name>]', run=_storage_list, style='smart', max_args=1),
)
