"""How often is the right environment the first that ``hoodoo env find`` shows, and how long does it take?

    .venv/bin/python benchmarks/find.py [QUERIES]

Over 5,000 and 50,000 environments. How the queries are made is written in tests/askers.py. The times are of
a query in a program that has the index open, as the picker has; then of the whole command, from its start to
its end, and of the first command after the inventory has changed. The ratio is to ``hoodoo --version``. In
brackets is the time of the processor, which says more on a host with other work.
"""

from __future__ import annotations

import os
import resource
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
    busy: list[float] = []
    misses: list[str] = []
    for question in asked:
        started, worked = time.perf_counter(), time.thread_time()
        found = opened.find(question.text)
        taken.append((time.perf_counter() - started) * 1000)
        busy.append((time.thread_time() - worked) * 1000)
        hit = bool(found) and found[0].environment.name == question.meant
        right += hit
        slips += question.slip
        right_slips += hit and question.slip
        if not hit:
            shown = found[0].environment.name if found else 'nothing'
            misses.append(f'  "{question.text}" is {question.meant}, found {shown}')
    opened.close()
    print(
        f'{size:,} environments: {right} of {number} right ({right / number:.1%});'
        f' {right_slips} of the {slips} with a slip'
    )
    for miss in misses[:MISSES]:
        print(miss)
    median, late, worst = zip(_spread(taken), _spread(busy), strict=True)
    print(
        f'  a query: p50 {median[0]:.1f} ms ({median[1]:.1f}), p95 {late[0]:.1f} ms ({late[1]:.1f}),'
        f' worst {worst[0]:.1f} ms ({worst[1]:.1f})'
    )
    some = [_ms([str(BIN / 'hoodoo'), 'env', 'find', *question.text.split()], env) for question in asked[:15]]
    none = [_ms([str(BIN / 'hoodoo'), '--version'], env) for _ in range(7)]
    command, nothing = (
        [statistics.median(each) for each in zip(*many, strict=True)] for many in (some, none)
    )
    print(
        f'  the command: {command[0]:.0f} ms ({command[1]:.0f}),'
        f' {command[1] / nothing[1]:.1f} of hoodoo --version;'
        f' after a change of the inventory {first[0] / 1000:.1f} s ({first[1] / 1000:.1f})'
    )
    return right / number >= TARGET_RIGHT


def _spread(taken: Sequence[float]) -> tuple[float, float, float]:
    """Median, 95th percentile, worst."""
    inorder = sorted(taken)
    return statistics.median(inorder), inorder[int(0.95 * len(inorder))], inorder[-1]


def _ms(argv: Sequence[str], env: Mapping[str, str]) -> tuple[float, float]:
    """How long a program takes, and how long it keeps a processor busy."""
    started, worked = time.perf_counter(), _busy_s()
    process.run(list(argv), env=dict(env), timeout_s=300, check=False)
    return (time.perf_counter() - started) * 1000, (_busy_s() - worked) * 1000


def _busy_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == '__main__':
    main()
