"""How often is the right environment the first that ``hoodoo env find`` shows, and how long does it take?

    .venv/bin/python benchmarks/find.py [QUERIES]

Over 5,000 and 50,000 environments. How the queries are made is written in tests/askers.py. The times are of
a query in a program that has the index open, as the picker has; then of the whole command, from its start to
its end, and of the first command after the inventory has changed. The ratio is to ``hoodoo --version``.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bedrock import process
from hoodoo.inventory import index

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests import askers

BIN = Path(sys.executable).parent
SEED = 2026
SIZES = (5_000, 50_000)
TARGET_RIGHT, TARGET_MS, TARGET_COMMAND_MS = 0.98, 50, 250
MISSES = 12


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    kept = True
    for size in SIZES:
        with tempfile.TemporaryDirectory() as scratch:
            kept = _size(size, number, Path(scratch)) and kept
    print(
        f'(target: {TARGET_RIGHT:.0%} right and at most {TARGET_MS} ms a query;'
        f' the command at most {TARGET_COMMAND_MS} ms over {SIZES[0]:,})'
    )
    sys.exit(not kept)


def _size(size: int, number: int, scratch: Path) -> bool:
    folder = scratch / 'inventory'
    folder.mkdir()
    environments = askers.inventory(size, seed=SEED)
    askers.yaml(environments, folder)
    env = {**os.environ, 'HOODOO_INVENTORY': str(folder), 'XDG_STATE_HOME': str(scratch)}
    first = _ms([str(BIN / 'hoodoo'), 'env', 'find', 'staging'], env)
    opened = index.Index(scratch / 'hoodoo' / 'index.db')
    opened.sync(folder)
    asked = askers.questions(environments, number, seed=SEED)
    right, slips, right_slips = 0, 0, 0
    taken: list[float] = []
    misses: list[str] = []
    for question in asked:
        started = time.perf_counter()
        found = opened.find(question.text)
        taken.append((time.perf_counter() - started) * 1000)
        hit = bool(found) and found[0].environment.name == question.meant
        right += hit
        slips += question.slip
        right_slips += hit and question.slip
        if not hit:
            shown = found[0].environment.name if found else 'nothing'
            misses.append(f'  "{question.text}" is {question.meant}, found {shown}')
    opened.close()
    taken.sort()
    print(
        f'{size:,} environments: {right} of {number} right ({right / number:.1%});'
        f' {right_slips} of the {slips} with a slip'
    )
    for miss in misses[:MISSES]:
        print(miss)
    print(
        f'  a query: p50 {statistics.median(taken):.1f} ms, p95 {taken[int(0.95 * number)]:.1f} ms,'
        f' worst {taken[-1]:.1f} ms'
    )
    command = statistics.median(
        _ms([str(BIN / 'hoodoo'), 'env', 'find', *question.text.split()], env) for question in asked[:15]
    )
    nothing = statistics.median(_ms([str(BIN / 'hoodoo'), '--version'], env) for _ in range(7))
    print(
        f'  the command: {command:.0f} ms ({command / nothing:.1f} of hoodoo --version, {nothing:.0f} ms);',
        end='',
    )
    print(f' after a change of the inventory {first / 1000:.1f} s')
    return right / number >= TARGET_RIGHT


def _ms(argv: Sequence[str], env: Mapping[str, str]) -> float:
    started = time.perf_counter()
    process.run(list(argv), env=dict(env), timeout_s=300, check=False)
    return (time.perf_counter() - started) * 1000


if __name__ == '__main__':
    main()
