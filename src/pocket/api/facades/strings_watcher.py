"""StringsWatcher: news that are strings, for example the progress of actions."""

from __future__ import annotations

from pocket.api.facade import Call, Facade
from pocket.api.rpc import Json
from pocket.api.watchers import StringsWatcher


async def get_next(call: Call) -> Json:
    """StringsWatcher.Next: waits for a change."""
    changes = await call.session.find(call.id, StringsWatcher).next()
    return {'watcher-id': call.id, 'changes': changes}


async def stop(call: Call) -> Json:
    """StringsWatcher.Stop."""
    call.session.find(call.id, StringsWatcher)
    await call.session.release(call.id)
    return {}


FACADE = Facade(name='StringsWatcher', versions=(1,), methods={'Next': get_next, 'Stop': stop})
