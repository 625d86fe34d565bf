"""What the index keeps, as rows: each function is part of one transaction."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hoodoo.inventory import finding, readings, words
from hoodoo.inventory import query as queries
from hoodoo.inventory.environment import Environment
from hoodoo.inventory.state import State

_CANDIDATES = 400
"""So many environments are compared in full; a text that means more of them means none in particular."""


_SUBJECT = 'name, service, cloud, region, stage, production, body'


def _encoded(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError


@functools.lru_cache(maxsize=4096)
def _path(text: str) -> Path:
    return Path(text)  # many environments are of one file


def _decoded(kind: type, value: object) -> object:
    if kind is Path:
        return _path(str(value))
    raise NotImplementedError


_encode = msgspec.json.Encoder(enc_hook=_encoded).encode
_environment = msgspec.json.Decoder(Environment, dec_hook=_decoded).decode
_state = msgspec.json.Decoder(State).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An inventory as it was read."""

    number: int
    """Another after each time that it was read."""
    mark: str
    environments: int


def inventory(db: sqlite3.Connection, folder: str) -> Kept | None:
    """What is kept of the inventory in *folder*."""
    query = 'SELECT number, mark, environments FROM inventory WHERE folder = ?'
    row = db.execute(query, (folder,)).fetchone()
    return Kept(**dict(row)) if row else None


def rebuild(db: sqlite3.Connection, folder: str, mark: str, environments: Sequence[Environment]) -> None:
    """Put *environments* in place of what is kept of the inventory in *folder*."""
    had = inventory(db, folder)
    if had is not None and mark and had.mark == mark:
        return  # another process was faster
    for row in db.execute('SELECT number, folder FROM inventory').fetchall():
        if row['folder'] == folder or not Path(row['folder']).is_dir():
            db.execute(f'DROP TABLE IF EXISTS {_said(row["number"])}')
            db.execute('DELETE FROM inventory WHERE number = ?', (row['number'],))
    query = 'INSERT INTO inventory (folder, mark, environments) VALUES (?, ?, ?)'
    number = int(db.execute(query, (folder, mark, len(environments))).lastrowid or 0)
    db.execute(
        f'CREATE VIRTUAL TABLE {_said(number)} USING fts5'
        "(words, content='', detail=none, columnsize=0, tokenize='unicode61 remove_diacritics 0')"
    )
    first = int(db.execute('SELECT coalesce(max(id), 0) + 1 FROM environment').fetchone()[0])
    vocabulary: set[str] = set()
    # Those of equal worth are found by their numbers: the likely ones come first.
    for id_, environment in enumerate(sorted(environments, key=_likely), first):
        db.execute(
            'INSERT INTO environment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
            (
                *(id_, number, environment.name, environment.service, environment.cloud),
                *(environment.region, environment.stage, environment.production, _encode(environment)),
            ),
        )
        terms, spoken = words.terms(environment)
        db.execute(
            f'INSERT INTO {_said(number)} (rowid, words) VALUES (?, ?)',  # noqa: S608 - a number of ours
            (id_, ' '.join(terms)),
        )
        vocabulary |= spoken
    db.execute('INSERT INTO vocabulary VALUES (?, ?)', (number, ' '.join(sorted(vocabulary))))


def distrust(db: sqlite3.Connection) -> None:
    """Have all inventories read again, and drop the states that cannot be read."""
    states = readable_states(db)
    db.execute("UPDATE inventory SET mark = ''")
    db.execute('DELETE FROM state')
    keep_raw(db, states)


def environments(db: sqlite3.Connection, folder: str) -> tuple[Environment, ...]:
    """All of an inventory, by name."""
    query = 'SELECT body FROM environment JOIN inventory ON number = inventory WHERE folder = ? ORDER BY name'
    return tuple(_environment(row['body']) for row in db.execute(query, (folder,)))


def environment(db: sqlite3.Connection, folder: str, name: str) -> Environment | None:
    """The one of that name."""
    query = 'SELECT body FROM environment JOIN inventory ON number = inventory WHERE folder = ? AND name = ?'
    row = db.execute(query, (folder, name)).fetchone()
    return _environment(row['body']) if row else None


def names(db: sqlite3.Connection, folder: str, limit: int) -> tuple[str, ...]:
    """The first names of an inventory, in order."""
    query = (
        'SELECT name FROM environment JOIN inventory ON number = inventory'
        ' WHERE folder = ? ORDER BY name LIMIT ?'
    )
    return tuple(row['name'] for row in db.execute(query, (folder, limit)))


def state(db: sqlite3.Connection, name: str) -> State | None:
    """What was seen of an environment."""
    row = db.execute('SELECT body FROM state WHERE name = ?', (name,)).fetchone()
    return _state(row['body']) if row else None


def states(db: sqlite3.Connection) -> dict[str, State]:
    """What was seen of each."""
    return {row['name']: _state(row['body']) for row in db.execute('SELECT name, body FROM state')}


def keep(db: sqlite3.Connection, states: Mapping[str, State]) -> None:
    """Note what was seen."""
    keep_raw(db, {name: _encode(state) for name, state in states.items()})


def keep_raw(db: sqlite3.Connection, states: Mapping[str, bytes]) -> None:
    """`keep`, of what `readable_states` gave."""
    db.executemany('INSERT OR REPLACE INTO state VALUES (?, ?)', list(states.items()))


def readable_states(db: sqlite3.Connection) -> dict[str, bytes]:
    """What was seen, as it is written, where this program understands it."""
    found: dict[str, bytes] = {}
    for name, body in db.execute('SELECT name, body FROM state'):
        try:
            found[name] = _encode(_state(body))
        except (msgspec.DecodeError, TypeError):
            continue
    return found


class Search:
    """Finds environments of one reading of an inventory; it keeps the vocabulary."""

    def __init__(self, db: sqlite3.Connection, number: int) -> None:
        query = 'SELECT words FROM vocabulary WHERE inventory = ?'
        row = db.execute(query, (number,)).fetchone()
        self._number = number
        self._vocabulary = readings.Vocabulary(row['words'].split(' ') if row else ())

    def find(self, db: sqlite3.Connection, text: str, limit: int) -> list[finding.Hit]:
        """The environments that *text* may mean, the likeliest first."""
        query = queries.parse(text)
        if not query.words or not self._number:
            return []
        enough = limit
        found: list[finding.Subject] = []
        level = readings.Level.SAME
        for level in readings.Level:
            found = self._candidates(db, finding.needed(query, self._vocabulary, level))
            if len(found) >= enough:
                break
            enough = 1
        return finding.order(text, found, vocabulary=self._vocabulary, level=level, limit=limit)

    def guesses(self, db: sqlite3.Connection, text: str) -> tuple[str, ...]:
        """Texts that do find something."""
        tried = finding.alternatives(queries.parse(text), self._vocabulary)
        return tuple(other for other in tried if self.find(db, other, 1))[:3]

    def _candidates(
        self, db: sqlite3.Connection, needed: Sequence[Sequence[Sequence[str]]]
    ) -> list[finding.Subject]:
        # All words; of each one of its alternatives; of an alternative all terms.
        expression = ' AND '.join(
            f'({" OR ".join(f"({_anded(terms)})" for terms in alternatives)})' for alternatives in needed
        )
        said = _said(self._number)
        # In a statement of its own, or the planner would look each row up before it counts.
        query = f'SELECT rowid FROM {said} WHERE {said} MATCH ? ORDER BY rowid LIMIT ?'  # noqa: S608
        ids = [row[0] for row in db.execute(query, (expression, _CANDIDATES))]
        marks = ', '.join('?' * len(ids))
        query = f'SELECT {_SUBJECT} FROM environment WHERE id IN ({marks})'  # noqa: S608
        return [_subject(*row) for row in db.execute(query, ids)]


def _subject(
    name: str, service: str, cloud: str, region: str, stage: str, production: int, body: bytes
) -> finding.Subject:
    called = words.calls(service=service, cloud=cloud, region=region, stage=stage)
    whole = functools.partial(_environment, body)
    return finding.Subject(
        name=name, service=service, region=region, production=bool(production), called=called, whole=whole
    )


def _likely(environment: Environment) -> tuple[bool, int, str]:
    return finding.likely(environment.production, environment.service, environment.name)


def _anded(terms: Sequence[str]) -> str:
    return ' AND '.join(f'"{term}"' for term in terms)


def _said(number: int) -> str:
    return f'said_{int(number)}'
