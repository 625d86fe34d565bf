"""Columns, natural order, ports: what every table is made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_DIGITS = re.compile(r'(\d+)')
_GAP = 2
_MESSAGE_WIDTH = 120


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()) -> str:
    """Lines of aligned columns, two spaces apart; columns named in *right* are aligned to the right."""
    lines = [list(header), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    justified = [header[column] in right for column in range(len(header))]

    def cell(text: str, column: int) -> str:
        return text.rjust(widths[column]) if justified[column] else text.ljust(widths[column])

    gap = ' ' * _GAP
    return '\n'.join(gap.join(cell(text, n) for n, text in enumerate(line)).rstrip() for line in lines)


def natural(text: str) -> list[tuple[int, int, str]]:
    """A sort key by which ``u/2`` comes before ``u/10``."""
    return [(0, int(part), '') if part.isdecimal() else (1, 0, part) for part in _DIGITS.split(text) if part]


def shortened(text: str, width: int = _MESSAGE_WIDTH) -> str:
    """*text* on one line, cut with an ellipsis after *width* characters."""
    line = text.replace('\n', ' ').rstrip()
    return line if len(line) <= width else line[:width] + '...'


def ports(opened: Iterable[str]) -> str:
    """``80/tcp 443/tcp 8000/tcp 8001/tcp`` -> ``80,443,8000-8001/tcp``; one word a protocol."""
    ranges: dict[str, list[tuple[int, int]]] = {}
    bare: list[str] = []
    for port in opened:
        numbers, slash, protocol = port.partition('/')
        first, _, last = numbers.partition('-')
        if slash and first.isdecimal():
            ranges.setdefault(protocol, []).append((int(first), int(last or first)))
        elif port not in bare:
            bare.append(port)
    grouped = [
        '{}/{}'.format(','.join(_range(*pair) for pair in _merged(found)), protocol)
        for protocol, found in sorted(ranges.items(), key=lambda item: item[0] != 'tcp')
    ]
    return ' '.join([*sorted(bare), *grouped])


def _merged(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Neighbouring single ports joined; ranges that were opened as such stay themselves."""
    merged: list[tuple[int, int]] = []
    growing = False
    for first, last in sorted(set(found)):
        single = first == last
        if merged and single and growing and merged[-1][1] + 1 == first:
            merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
            growing = single
    return merged


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f'{first}-{last}'
