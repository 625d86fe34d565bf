"""Blocks: what an operator has disabled in a model, so that nobody does it by mistake."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from pocket.services import rows
from pocket.services.errors import JujuError
from pocket.state import Tx

OPERATION_BLOCKED = 'operation is blocked'


class Block(enum.StrEnum):
    """One kind of block, in Juju's words; each kind disables all that those before it do."""

    DESTROY = 'BlockDestroy'
    REMOVE = 'BlockRemove'
    CHANGE = 'BlockChange'


def switch_on(tx: Tx, uuid: str, block: Block, message: str) -> None:
    """Disable something.

    Raises:
        JujuError: it is disabled already.
    """
    if block in list_(tx, uuid):
        raise JujuError(f'block {block} is already ON')
    tx.db.execute('INSERT INTO block VALUES (?, ?, ?)', (uuid, block, message))


def switch_off(tx: Tx, uuid: str, block: Block) -> None:
    """Enable something again.

    Raises:
        JujuError: it is not disabled.
    """
    if block not in list_(tx, uuid):
        raise JujuError(f'block {block} is already OFF')
    tx.db.execute('DELETE FROM block WHERE model_uuid = ? AND kind = ?', (uuid, block))


def list_(tx: Tx, uuid: str) -> Mapping[Block, str]:
    """Return what is disabled in a model, with what its operator has to say about it."""
    found = rows.many(tx, 'SELECT kind, message FROM block WHERE model_uuid = ?', uuid)
    messages = {str(row['kind']): str(row['message']) for row in found}
    return {block: messages[block] for block in Block if block in messages}


def require_allowed(tx: Tx, uuid: str, wanted: Block) -> None:
    """Check that nothing disables an operation of the kind *wanted*.

    Raises:
        JujuError: it is blocked.
    """
    order = tuple(Block)
    disabled = list_(tx, uuid)
    for block in order[order.index(wanted) :]:
        if block in disabled:
            message = disabled[block] or 'the operation has been blocked'
            raise JujuError(message, OPERATION_BLOCKED)
