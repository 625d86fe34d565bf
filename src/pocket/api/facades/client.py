"""Client: the status of a model, its history, and the start of watching all of it."""

from __future__ import annotations

from collections.abc import Mapping

from pocket.api import encode
from pocket.api.facade import Call, Facade, each
from pocket.api.facades import all_watcher
from pocket.api.fields import Fields, untag
from pocket.api.fullstatus import full_status, select
from pocket.api.rpc import Json
from pocket.services import status
from pocket.services.errors import BAD_REQUEST, JujuError
from pocket.services.status import HistoryEntry

_KINDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    'unit': ('unit', ('agent', 'workload')),
    'juju-unit': ('unit', ('agent',)),
    'workload': ('unit', ('workload',)),
    'application': ('application', ('application',)),
    'machine': ('machine', ('instance',)),
    'juju-machine': ('machine', ('machine',)),
    'model': ('model', ('model',)),
}
"""Juju's kind of history -> the kind of tag that it takes, and which of our histories it shows."""
_JUJU_KINDS = {'agent': 'juju-unit', 'machine': 'juju-machine', 'instance': 'machine'}


async def get_full_status(call: Call) -> Json:
    """Client.FullStatus."""
    snapshot = call.read(status.snapshot, call.model_uuid)
    return full_status(
        select(snapshot, call.params.texts('patterns')),
        arch=call.controller.arch,
        include_storage=call.params.flag('include-storage'),
    )


async def watch_all(call: Call) -> Json:
    """Client.WatchAll: from here on AllWatcher.Next tells what changes."""
    return {'watcher-id': all_watcher.begin(call)}


async def status_history(call: Call) -> Json:
    """Client.StatusHistory."""

    async def one(request: Fields) -> Json:
        kind = request.text('historyKind')
        if kind not in _KINDS:
            raise JujuError(f'unknown status history kind "{kind}"', BAD_REQUEST)
        tag_kind, ours = _KINDS[kind]
        name = untag(tag_kind, request.text('tag'))
        limit = request.child('filter').number('size') or request.number('size') or 20
        found = [
            entry
            for our_kind in ours
            for entry in call.read(status.history, call.model_uuid, our_kind, name, limit=limit)
        ]
        found.sort(key=lambda entry: entry.status.since_ms)
        return {'history': {'statuses': [_entry(entry) for entry in found[-limit:]]}}

    return {'results': await each(call.params.children('requests'), one)}


def _entry(entry: HistoryEntry) -> Json:
    return encode.detailed_status(entry.status, kind=_JUJU_KINDS.get(entry.kind, entry.kind))


FACADE = Facade(
    name='Client',
    versions=(6, 7, 8),
    methods={'FullStatus': get_full_status, 'StatusHistory': status_history, 'WatchAll': watch_all},
)
