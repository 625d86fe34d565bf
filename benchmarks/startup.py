"""How long does ``hoodoo --help`` take, from the start of the program to its end?

    .venv/bin/python benchmarks/startup.py [RUNS]

It is what every command pays before it does anything, and what shell completion pays. The ratio is to a
Python that does nothing.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bedrock import process

BIN = Path(sys.executable).parent
TARGET_MS = 150


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    nothing = _median_ms([str(BIN / 'python'), '-c', 'pass'], runs)
    print(f'{"command":<18}{"ms":>8}{"ratio":>8}   (to python -c pass: {nothing:.0f} ms)')
    for words in (['hoodoo', '--help'], ['hoodoo', 'check', '--help'], ['hoodoo', 'run', '--help']):
        taken = _median_ms([str(BIN / words[0]), *words[1:]], runs)
        print(f'{" ".join(words):<18}{taken:8.0f}{taken / nothing:8.1f}')
    print(f'(target: hoodoo --help at most {TARGET_MS} ms)')


def _median_ms(argv: Sequence[str], runs: int) -> float:
    taken: list[float] = []
    for _ in range(runs):
        started = time.perf_counter()
        process.run(list(argv), timeout_s=60)
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


if __name__ == '__main__':
    main()
