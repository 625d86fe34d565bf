"""Hook tools: what a charm calls inside its machine, answered from its run's context.

`answer` is a function of a request and a context. It changes the context's buffers and names what is to be
done at once (`Reply.effects`); the server does that.
"""

from __future__ import annotations

from pocket.agents.context import HookContext
from pocket.agents.tools import (
    _action,
    _keys,
    _legacy,
    _model,
    _network,
    _relation,
    _secret,
    _secret_write,
    _status,
    _storage,
)
from pocket.agents.tools._protocol import (
    Effect,
    FileWanted,
    Log,
    LogAction,
    PlaceResource,
    RebootNow,
    Reply,
    Request,
    SetApplicationStatus,
    SetLeaderSettings,
    SetUnitStatus,
    SetWorkloadVersion,
    ToolFault,
    TrackSecret,
    failure,
)
from pocket.services.errors import JujuError

__all__ = [
    'NAMES',
    'Effect',
    'FileWanted',
    'Log',
    'LogAction',
    'PlaceResource',
    'RebootNow',
    'Reply',
    'Request',
    'SetApplicationStatus',
    'SetLeaderSettings',
    'SetUnitStatus',
    'SetWorkloadVersion',
    'TrackSecret',
    'answer',
    'failure',
]

_TOOLS = {
    tool.name: tool
    for module in (
        *(_action, _keys, _legacy, _model, _network),
        *(_relation, _secret, _secret_write, _status, _storage),
    )
    for tool in module.TOOLS
}

NAMES = frozenset(_TOOLS)
"""Every name that a machine gets a link for."""


def answer(request: Request, context: HookContext) -> Reply:
    """Answer one call of a hook tool.

    Raises:
        FileWanted: the caller must send a file and ask again; nothing was changed.
    """
    tool = _TOOLS.get(request.tool)
    if tool is None:
        return failure(f'{request.tool} is not implemented')
    try:
        return tool.answer(request, context)
    except ToolFault as fault:
        return failure(str(fault), fault.code)
    except JujuError as error:
        return failure(error.message)
