"""How much time does hoodoo add to each phase that it runs?

    .venv/bin/python benchmarks/overhead.py [PHASES]

A manifest of PHASES scripts that do nothing, less one of a single such script, against the same scripts
started one after the other without hoodoo. What is left is hoodoo's own: events, journal, output.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import rig

from bedrock import process

RUNS = 5
SCRIPT = '#!/bin/sh\nexit 0\n'


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with rig.rig() as host:
        few, many = _spec(host.folder / 'few', 1), _spec(host.folder / 'many', count + 1)
        _run_s(host, few)  # makes the models
        _run_s(host, many)
        taken = [
            (_run_s(host, few), _run_s(host, many), _by_hand_s(many / 'noop', count)) for _ in range(RUNS)
        ]
    # The best of each: whatever else the machine does only adds.
    base, full, alone = (min(column) for column in zip(*taken, strict=True))
    each, bare = (full - base) * 1000 / count, alone * 1000 / count
    print(f'{"":<22}{"ms a phase":>12}   ({count} scripts that do nothing)')
    print(f'{"by hand":<22}{bare:12.1f}')
    print(f'{"as phases of hoodoo":<22}{each:12.1f}')
    print(f'{"overhead":<22}{each - bare:12.1f}   (ratio {each / bare:.1f}; a run itself takes {base:.2f} s)')


def _spec(folder: Path, count: int) -> Path:
    folder.mkdir()
    (folder / 'manifest').write_text('script config=noop\n' * count)
    (folder / 'noop').write_text(SCRIPT)
    (folder / 'noop').chmod(0o755)
    return folder


def _run_s(host: rig.Rig, spec: Path) -> float:
    started = time.perf_counter()
    host.run('hoodoo', 'run', str(spec))
    return time.perf_counter() - started


def _by_hand_s(program: Path, count: int) -> float:
    started = time.perf_counter()
    for _ in range(count):
        process.run([program])
    return time.perf_counter() - started


if __name__ == '__main__':
    main()
