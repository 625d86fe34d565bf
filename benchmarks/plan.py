"""How long does it take to plan a model of 200 applications and 1,000 relations, from the bundle's text on?

    .venv/bin/python benchmarks/plan.py [RUNS]

Reading the bundle and its charms (resolve), planning an empty model, carrying the plan out on paper, planning
again (which must find nothing to do), and what drift costs. No controller is asked.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import yaml

from hoodoo import model
from hoodoo.bundle import apply
from hoodoo.bundle.planning import after, drift, facts, plan
from hoodoo.bundle.reading import deployer
from hoodoo.bundle.wanted import charms, resolve

T = TypeVar('T')

APPLICATIONS = 200
RELATIONS = 1000
LIMIT_S = 2.0
_PER = RELATIONS // APPLICATIONS


class Clock:
    """Adds up the time of named pieces of work."""

    def __init__(self) -> None:
        self.taken: dict[str, list[float]] = {}

    def time(self, name: str, work: Callable[[], T]) -> T:
        """Do *work* and note how long it took."""
        started = time.perf_counter()
        result = work()
        self.taken.setdefault(name, []).append(time.perf_counter() - started)
        return result


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    clock = Clock()
    with tempfile.TemporaryDirectory(prefix='hoodoo-bench-') as folder:
        file = _spec(Path(folder))
        for _ in range(runs):
            _once(file, clock)
    print(f'{APPLICATIONS} applications, {RELATIONS} relations, median of {runs}')
    medians = {name: statistics.median(taken) for name, taken in clock.taken.items()}
    for name, seconds in medians.items():
        print(f'{name:32}{seconds:8.3f} s')
    whole = medians['resolve'] + medians['plan']
    print(f'{"resolve and plan":32}{whole:8.3f} s   (target: at most {LIMIT_S:.1f} s)')
    if whole > LIMIT_S:
        sys.exit(1)


def _once(file: Path, clock: Clock) -> None:
    shelf = charms.Shelf(repo=file.parent / 'repo', build=file.parent / 'build')
    resolved = clock.time(
        'resolve', lambda: resolve.resolve(deployer.load([file], {}), '', shelf=shelf, series='noble')
    )
    wanted = resolved.wanted
    assert not resolved.problems, resolved.problems[:3]
    digests = clock.time('digests of the charms', lambda: apply.digests(wanted.applications.values()))
    empty = plan.Seen(snapshot=model.ModelSnapshot(name='m', now_ms=0), digests=digests)
    made = clock.time('plan', lambda: plan.plan(wanted, empty))
    assert len(made.steps) >= APPLICATIONS + RELATIONS
    seen = clock.time('carry out on paper', lambda: after.after(empty, made.steps))
    assert not clock.time('plan again', lambda: plan.plan(wanted, seen)).steps
    now, live = facts.of_wanted(wanted, seen, 'u'), facts.of_seen(seen)
    assert not clock.time('drift', lambda: drift.drift(now, now, live, uuid='u'))


def _spec(folder: Path) -> Path:
    """A bundle and its charms, each with options and endpoints of its own."""
    names = [f'app-{_letters(number)}' for number in range(APPLICATIONS)]
    for name in names:
        charm = folder / 'repo' / 'noble' / name
        charm.mkdir(parents=True)
        ends = {f'end-{_letters(number)}': {'interface': 'http'} for number in range(_PER)}
        metadata = {
            'name': name,
            'summary': 'x',
            'provides': {'site': {'interface': 'http'}},
            'requires': ends,
        }
        options = {f'option-{number}': {'type': 'string', 'default': ''} for number in range(30)}
        (charm / 'metadata.yaml').write_text(yaml.safe_dump(metadata))
        (charm / 'config.yaml').write_text(yaml.safe_dump({'options': options}))
    services = {
        name: {
            'num_units': 2,
            'options': {f'option-{key}': f'value {number}' for key in range(10)},
            'constraints': 'mem=2G cores=2',
        }
        for number, name in enumerate(names)
    }
    relations = [
        [f'{name}:end-{_letters(number)}', f'{names[(index + number + 1) % APPLICATIONS]}:site']
        for index, name in enumerate(names)
        for number in range(_PER)
    ]
    file = folder / 'bundle'
    file.write_text(yaml.safe_dump({'whole': {'services': services, 'relations': relations}}))
    return file


def _letters(number: int) -> str:
    """A number as letters: a charm's name has none that end in digits alone."""
    return ''.join(chr(ord('a') + int(digit)) for digit in str(number))


if __name__ == '__main__':
    main()
