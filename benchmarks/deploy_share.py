"""How long does the archive mirror take by phase, and what share of the deployment are the hooks themselves?

The share is of wall time: the time during which at least one hook's program ran on some machine, divided by
the time from the start of the first deploy phase to the end of the last. What is left is ours: booting,
packing and sending charms, deciding, keeping, waiting.

    .venv/bin/python benchmarks/deploy_share.py [RUNS]

It uses a pocket of its own and removes it.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import rig

SPEC = 'specs/archive-mirror'
MODEL = 'archive-mirror-ci'

_TOOK = re.compile(r'^unit-\S+: (\S+ \S+) DEBUG \S+ hook "([^"]+)" took ([0-9.]+) s$')

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run."""

    phases: Mapping[str, float]
    hooks: int
    hook_seconds: float
    """Of all hooks together, as if one ran after the other."""
    share: float
    """Of the deploy phases' wall time with at least one hook running."""


def union(intervals: Iterable[Interval]) -> float:
    """The length of the time that *intervals* cover."""
    total, end = 0.0, float('-inf')
    for first, last in sorted(intervals):
        if last > end:
            total += last - max(first, end)
            end = last
    return total


def hook_intervals(debug_log: str) -> list[Interval]:
    """When each hook ran, in seconds since the epoch, from ``juju debug-log --utc --date --ms``."""
    found: list[Interval] = []
    for line in debug_log.splitlines():
        if match := _TOOK.match(line):
            ended = datetime.fromisoformat(match[1]).replace(tzinfo=UTC).timestamp()
            found.append((ended - float(match[3]), ended))
    return found


def measure() -> Measured:
    """Deploy the mirror into an empty home and measure it."""
    with rig.rig() as host:
        host.run('hoodoo', 'run', SPEC, '--stage', 'ci')
        shown: dict[str, Any] = json.loads(host.run('hoodoo', 'show', '1', '--format', 'json'))
        shape = ['--replay', '--no-tail', '--utc', '--date', '--ms', '-l', 'DEBUG']
        text = host.juju('debug-log', '--model', MODEL, *shape)
    phases = {str(phase['phase']): float(phase['seconds']) for phase in shown['phases']}
    started = datetime.fromisoformat(shown['started']).replace(tzinfo=UTC).timestamp()
    before = sum(seconds for name, seconds in phases.items() if name == 'collect')
    deploying = sum(seconds for name, seconds in phases.items() if name.startswith('deploy'))
    first, last = started + before, started + before + deploying
    intervals = hook_intervals(text)
    inside = [(max(a, first), min(b, last)) for a, b in intervals if b > first and a < last]
    return Measured(
        phases=phases,
        hooks=len(intervals),
        hook_seconds=sum(b - a for a, b in intervals),
        share=union(inside) / deploying,
    )


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    results: list[Measured] = []
    for number in range(runs):
        results.append(measure())
        print(f'run {number + 1} of {runs}: {sum(results[-1].phases.values()):.1f} s', file=sys.stderr)
    print(f'{"phase":32}{"median s":>10}')
    for name in results[0].phases:
        print(f'{name:32}{statistics.median(result.phases[name] for result in results):10.1f}')
    print(f'{"whole":32}{statistics.median(sum(r.phases.values()) for r in results):10.1f}')
    print()
    print(f'hooks run                       {results[0].hooks:10d}')
    print(f'hook seconds, one after another {statistics.median(r.hook_seconds for r in results):10.1f}')
    share = statistics.median(result.share for result in results)
    print(f'share of deploying with a hook running: {share:.0%} (target: at least 60%)')


if __name__ == '__main__':
    main()
