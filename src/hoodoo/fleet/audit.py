"""Reads the audit journal: sessions, the juju commands of each, how each ended."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from bedrock import alive

__all__ = ['Entry', 'Reader', 'entries']

REFUSED, RUNNING, UNFINISHED, DONE, FAILED = 'refused', 'running', 'unfinished', 'done', 'failed'


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One session or one command of one."""

    id: str
    session: str
    at_ms: int
    event: str
    """``session`` or ``command``."""
    facts: Mapping[str, Any] = field(repr=False)
    """The record of its beginning."""
    exit: int | None = None
    ms: int | None = None
    refused: str = ''

    @property
    def outcome(self) -> str:
        """done, failed, refused, running, or unfinished where its process died without a word."""
        if self.refused:
            return REFUSED
        if self.exit is None:
            return RUNNING if alive.lives(str(self.facts.get('process', ''))) else UNFINISHED
        return FAILED if self.exit else DONE

    @property
    def who(self) -> str:
        """Whoever came in: the one who said sudo, else who logged in, else who ran it."""
        return str(self.facts.get('sudo') or self.facts.get('login') or self.facts.get('user') or '')

    @property
    def writes(self) -> bool:
        """Whether it changes something, or is a session that may."""
        return bool(self.facts.get('writes')) or (
            self.event == 'session' and self.facts.get('mode') == 'write'
        )

    @property
    def what(self) -> str:
        """It in words, on one line."""
        argv = ' '.join(cast('list[str]', self.facts.get('argv') or []))
        if self.event == 'command':
            return _on_a_line(f'juju {argv}')
        kind, reason = str(self.facts.get('kind', '')), str(self.facts.get('reason', ''))
        return _on_a_line(' '.join(filter(None, (kind, argv, f'({reason})' if reason else ''))))


class Reader:
    """Reads what was added since it read last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, int] = {}
        self.torn = 0
        """Lines that are none, as a loss of power may leave one."""

    def new(self) -> list[Mapping[str, Any]]:
        """The records of all complete lines that are new, in order."""
        found: list[Mapping[str, Any]] = []
        for path in sorted(self._folder.glob('*.jsonl')) if self._folder.is_dir() else ():
            with path.open('rb') as file:
                file.seek(self._read.get(path, 0))
                data = file.read()
            whole = data[: data.rfind(b'\n') + 1]
            self._read[path] = self._read.get(path, 0) + len(whole)
            for line in whole.splitlines():
                record = _record(line)
                if record is not None:
                    found.append(record)
                elif line.strip():
                    self.torn += 1
        return found


def entries(records: Iterable[Mapping[str, Any]]) -> Iterator[Entry]:
    """Sessions and commands, in the order in which they began; each command knows what its session does."""
    begun: dict[str, Mapping[str, Any]] = {}
    ended: dict[str, Mapping[str, Any]] = {}
    for record in records:
        (ended if record['event'] == 'ended' else begun)[str(record.get('id', ''))] = record
    for number, record in begun.items():
        own = record['event'] == 'session'
        session = number if own else str(record.get('session', ''))
        end = ended.get(number, {})
        yield Entry(
            id=number,
            session=session,
            at_ms=int(record.get('at_ms', 0)),
            event=str(record['event']),
            facts=record if own else {**_of_session(begun.get(session, {})), **record},
            exit=end.get('exit'),
            ms=end.get('ms'),
            refused=str(record.get('refused', '')),
        )


def _of_session(facts: Mapping[str, Any]) -> dict[str, Any]:
    kept = ('environment', 'controller', 'model', 'production', 'mode', 'reason', 'account')
    return {
        key: facts[key] for key in (*kept, 'login', 'user', 'sudo', 'host', 'from', 'tty') if key in facts
    }


def _on_a_line(text: str) -> str:
    """*text* with what is no letter spelt out: nothing in it makes another line, or acts on a terminal."""
    return ''.join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _record(line: bytes) -> Mapping[str, Any] | None:
    try:
        found: object = json.loads(line)
    except ValueError:
        return None
    record = cast('dict[str, Any]', found) if isinstance(found, dict) else {}
    return record if isinstance(record.get('event'), str) and _whole(record) else None


def _whole(record: Mapping[str, Any]) -> bool:
    """Whether its facts are of the kinds that they should be: somebody may have edited the file."""
    argv = record.get('argv', [])
    words = isinstance(argv, list) and all(isinstance(word, str) for word in cast('list[object]', argv))
    numbers = (record.get('at_ms', 0), record.get('exit', 0), record.get('ms', 0))
    return words and all(isinstance(number, int) for number in numbers)
