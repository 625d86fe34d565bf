"""What the keeper says of itself: health as JSON, metrics as Prometheus text. Pure but for the counters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_HELP = {
    'hits': 'Package requests that nginx answered from the store.',
    'misses': 'Package requests that came to the keeper.',
    'hit_bytes': 'Bytes of packages that nginx sent from the store.',
    'joins': 'Requests that joined a running download.',
    'fills': 'Downloads begun for a missing file.',
    'fill_failures': 'Downloads that no sync host could complete.',
    'unknown': 'Requests for names that no verified index holds.',
    'cut': 'Answers that were cut because the content turned out wrong or stopped coming.',
    'evictions': 'Packages removed to stay within the store size.',
}


@dataclass(slots=True)
class Counters:
    """Numbers that only grow."""

    values: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_HELP, 0))

    def add(self, name: str, amount: int = 1) -> None:
        """Add to the counter *name*."""
        self.values[name] += amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that is reported, at one moment."""

    state: str
    """ready, draining or building."""
    generation: int
    digest: str
    built: int
    settled: bool
    """The first sync since the start has ended, or what is served has the configured content."""
    age: float
    """Seconds since the archive was last found to be what is served, for the worst suite."""
    suites: Sequence[Mapping[str, Any]]
    sync: Mapping[str, Any]
    store: Mapping[str, Any]
    upstream: Sequence[Mapping[str, Any]]
    counters: Mapping[str, int]
    refusals: Mapping[str, int]
    stale_warn: int
    stale_crit: int
    in_flight: int

    @property
    def hit_share(self) -> float:
        """Percent of package requests that were answered from the store."""
        asked = self.counters['hits'] + self.counters['misses']
        return 100 * self.counters['hits'] / asked if asked else 0.0

    def as_json(self) -> dict[str, Any]:
        """For ``/healthz?full``."""
        names = [name for name in self.__slots__ if name != '__dict__']
        return {**{name: getattr(self, name) for name in names}, 'hit_share': round(self.hit_share, 1)}


def metrics(report: Report) -> str:
    """*report* as Prometheus text."""
    lines: list[str] = []

    def emit(name: str, kind: str, text: str, values: Sequence[tuple[str, float]]) -> None:
        lines.extend((f'# HELP repository_{name} {text}', f'# TYPE repository_{name} {kind}'))
        lines.extend(f'repository_{name}{labels} {value:.10g}' for labels, value in values)

    for name, value in report.counters.items():
        emit(f'{name}_total', 'counter', _HELP[name], [('', value)])
    refusals = [(_labels(cause=cause), float(count)) for cause, count in sorted(report.refusals.items())]
    emit('refusals_total', 'counter', 'Index files and suites that were not accepted, by cause.', refusals)
    hosts = [(_labels(host=str(h['url'])), float(h['bytes'])) for h in report.upstream]
    emit('upstream_bytes_total', 'counter', 'Bytes read from a sync host.', hosts)
    failures = [
        (_labels(host=str(h['url']), cause=cause), float(count))
        for h in report.upstream
        for cause, count in h['failures'].items()
    ]
    emit('upstream_failures_total', 'counter', 'Failed transfers, by sync host and cause.', failures)
    emit('ready', 'gauge', '1 if requests are welcome.', [('', report.state == 'ready')])
    emit('generation', 'gauge', 'Number of the snapshot that is served.', [('', report.generation)])
    ages = [(_labels(suite=str(s['suite'])), float(s['age'])) for s in report.suites]
    emit('suite_age_seconds', 'gauge', 'Time since a suite was last found current.', ages)
    dates = [(_labels(suite=str(s['suite'])), float(s['date'])) for s in report.suites]
    emit('suite_date_seconds', 'gauge', 'Date of the served InRelease.', dates)
    emit('sync_seconds', 'gauge', 'Length of the last sync.', [('', float(report.sync['seconds']))])
    emit('sync_failed', 'gauge', '1 if the last sync had a problem.', [('', bool(report.sync['problems']))])
    for name in ('bytes', 'limit', 'packages'):
        emit(f'store_{name}', 'gauge', f'Store: {name}.', [('', float(report.store[name]))])
    emit('in_flight', 'gauge', 'Downloads that run.', [('', report.in_flight)])
    return '\n'.join(lines) + '\n'


def _labels(**labels: str) -> str:
    inner = ','.join(
        '{}="{}"'.format(key, value.replace('\\', r'\\').replace('"', r'\"')) for key, value in labels.items()
    )
    return f'{{{inner}}}'
