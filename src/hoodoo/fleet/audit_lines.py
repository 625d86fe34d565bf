"""The audit journal's file: one JSON object a line, only ever added to, by many processes at once.

A line is one ``write`` to a file that is open for appending, which Linux does whole and one after the other.
What a process is about to do is there before it does it, so that of one that was killed there is a beginning
and no end.
Every command in a connected shell waits for this module: it imports little.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

Scalar = str | int | bool
Fields = 'Mapping[str, Scalar | list[str]]'


def add(folder: str, fields: Mapping[str, Scalar | list[str]], *, surely: bool = False) -> None:
    """Add a record, with the time, to this month's file in *folder*, which is there.

    Args:
        surely: Return when the disk has it, so that it outlives a loss of power too.
    """
    now_ns = time.time_ns()
    month = time.strftime('%Y-%m', time.gmtime(now_ns // 1_000_000_000))
    path = f'{folder}/{month}.jsonl'
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    number = os.open(path, flags, 0o600)
    try:
        line = f'{encoded({"at_ms": now_ns // 1_000_000, **fields})}\n'.encode()
        size = os.fstat(number).st_size
        if size and os.pread(number, 1, size - 1) != b'\n':
            line = b'\n' + line  # what was torn by a loss of power stays alone
        os.write(number, line)
        if surely:
            os.fdatasync(number)
    finally:
        os.close(number)


def encoded(value: object) -> str:
    """*value* as JSON: texts, whole numbers, truths, lists and mappings of them.

    Python's own module for it takes longer to load than all the rest here.
    """
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return {None: 'null', True: 'true', False: 'false'}[value]
    if isinstance(value, list | tuple):
        return f'[{",".join(map(encoded, value))}]'  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, dict):
        pairs = (f'{_text(str(key))}:{encoded(inner)}' for key, inner in value.items())  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        return '{' + ','.join(pairs) + '}'
    return str(value)


def _text(value: str) -> str:
    plain = value.isascii() and value.isprintable() and '"' not in value and '\\' not in value
    return f'"{value}"' if plain else '"' + ''.join(map(_escaped, value)) + '"'


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return f'\\{letter}'
    code = ord(letter)
    if 0x20 <= code < 0x7F:
        return letter
    if code < 0x10000:
        return f'\\u{code:04x}'  # also the halves by which Python keeps bytes that are no text
    code -= 0x10000
    return f'\\u{0xD800 | code >> 10:04x}\\u{0xDC00 | code & 0x3FF:04x}'
