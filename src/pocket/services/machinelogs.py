"""The part of a model's log that concerns one machine: what its agents write to files on it."""

from __future__ import annotations

import datetime

from pocket.model import unit_tag
from pocket.services import rows
from pocket.state import Tx

_LINES = 2_000
"""Lines looked at in one go."""


def pending(tx: Tx, uuid: str, machine_id: str) -> tuple[int, dict[str, str]]:
    """Return the number of the last line looked at, and text by tag: of the machine and of the units on it.

    What is older than the machine or was dropped from the log already is not among it.
    """
    row = rows.one(tx, 'SELECT logged FROM machine WHERE model_uuid = ? AND id = ?', uuid, machine_id)
    if row is None:
        return 0, {}
    units = rows.many(tx, 'SELECT name FROM unit WHERE model_uuid = ? AND machine_id = ?', uuid, machine_id)
    tags = {f'machine-{machine_id}', *(unit_tag(str(unit['name'])) for unit in units)}
    last = int(row['logged'])
    texts: dict[str, str] = {}
    for line in rows.many(
        tx,
        'SELECT * FROM log WHERE model_uuid = ? AND number > ? ORDER BY number LIMIT ?',
        uuid,
        last,
        _LINES,
    ):
        last = int(line['number'])
        tag = str(line['entity'])
        if tag in tags:
            at = datetime.datetime.fromtimestamp(line['at_ms'] / 1000, datetime.UTC)
            text = f'{at:%Y-%m-%d %H:%M:%S} {line["severity"]} {line["module"]} {line["message"]}\n'
            texts[tag] = texts.get(tag, '') + text
    return last, texts


def written(tx: Tx, uuid: str, machine_id: str, last: int) -> None:
    """Note that the lines up to number *last* need not be looked at again. Nobody is woken."""
    tx.db.execute('UPDATE machine SET logged = ? WHERE model_uuid = ? AND id = ?', (last, uuid, machine_id))
