"""SQL rows: ask for them, the JSON in their columns, numbers in sequence, natural order."""

from __future__ import annotations

import json
import re
import sqlite3
from typing import Any

from pocket.state import Tx


def one(tx: Tx, sql: str, *values: object) -> sqlite3.Row | None:
    """Return the first row of a query, or None."""
    row: sqlite3.Row | None = tx.db.execute(sql, values).fetchone()
    return row


def many(tx: Tx, sql: str, *values: object) -> list[sqlite3.Row]:
    """Return all rows of a query."""
    return tx.db.execute(sql, values).fetchall()


def exists(tx: Tx, sql: str, *values: object) -> bool:
    """Whether a query gives any row."""
    return one(tx, sql, *values) is not None


def dumps(value: object) -> str:
    """Return *value* as JSON that is the same for equal values; what JSON lacks becomes text."""
    return json.dumps(value, sort_keys=True, separators=(',', ':'), default=str)


def loads(text: str) -> dict[str, Any]:
    """Return the JSON object in a column."""
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def next_number(tx: Tx, uuid: str, name: str, *, first: int = 0, least: int = 0) -> int:
    """Take the next number of sequence *name* in a model, not below *least*; none is given twice."""
    row = one(
        tx,
        'INSERT INTO sequence VALUES (?1, ?2, max(?3, ?4 + 1))'
        ' ON CONFLICT (model_uuid, name) DO UPDATE SET value = max(value, ?4) + 1 RETURNING value',
        *(uuid, name, first + 1, least),
    )
    assert row is not None
    return int(row['value']) - 1


def natural(name: str) -> tuple[tuple[str, int], ...]:
    """Return a sort key by which ``u/2`` comes before ``u/10``."""
    return tuple((text, int(digits or -1)) for text, digits in re.findall(r'(\D*)(\d*)', name))
