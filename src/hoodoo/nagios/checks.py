"""Run the NRPE checks that a machine has configured, and judge them."""

from __future__ import annotations

import base64
import binascii
import shlex
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from hoodoo import model

DEFAULT_SKIPS: tuple[str, ...] = ('check_ksplice', 'check_landscape', 'check_livepatch')
"""Checks that are not run unless ``skip-checks`` says otherwise: they ask an agent that needs an account
elsewhere, so that a fresh deployment fails them whatever its charms do."""

_CHECK_TIMEOUT_S = 60

_STATES = {0: 'ok', 1: 'warning', 2: 'critical', 3: 'unknown', 124: 'timed out'}

# One line for each check: name, exit status and output, the output encoded because it may hold anything.
_SCRIPT = """
skip=' '%(skips)s' '
only=' '%(only)s' '
for file in /etc/nagios/nrpe.d/*.cfg; do
    [ -f "$file" ] || continue
    sed -n 's/^[[:space:]]*command\\[\\([^]]*\\)\\][[:space:]]*=[[:space:]]*\\(.*\\)$/\\1 \\2/p' "$file"
done | while read -r name command; do
    case "$only" in '  ') ;; *" $name "*) ;; *) continue;; esac
    case "$skip" in *" $name "*) printf '%%s skipped -\\n' "$name"; continue;; esac
    output=$(timeout %(timeout)d sh -c "$command" 2>&1 </dev/null)
    status=$?
    printf '%%s %%s %%s\\n' "$name" "$status" "$(printf '%%s' "$output" | base64 | tr -d '\\n')"
done
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one check on one unit went."""

    unit: str
    name: str
    """Empty when the unit did not answer, so that its checks are not known."""
    status: int | None
    """The plugin's exit status; None when it did not run."""
    output: str = ''
    tries: int = 1

    @property
    def state(self) -> str:
        """The status in a word or two."""
        if self.status is None:
            return 'skipped' if self.name else 'no answer'
        return _STATES.get(self.status, f'exit status {self.status}')

    def is_good(self, fine: Collection[str] = ()) -> bool:
        """Whether it was ok or skipped, or in one of the *fine* states."""
        return self.state in {'ok', 'skipped', *fine}

    def __str__(self) -> str:
        name = f' {self.name}' if self.name else ''
        tries = f' (try {self.tries})' if self.tries > 1 else ''
        return f'{self.unit}{name}: {self.state}{tries}' + (f': {self.output}' if self.output else '')


def script(skips: Iterable[str], *, only: Iterable[str] = ()) -> str:
    """The shell script that runs every configured check but *skips*, or *only* these if any are named.

    Names that no check has do no harm.
    """
    return _SCRIPT % {
        'skips': shlex.quote(' '.join(skips)),
        'only': shlex.quote(' '.join(only)),
        'timeout': _CHECK_TIMEOUT_S,
    }


def read(unit: str, stdout: str, *, tries: int = 1) -> list[Result]:
    """Return the results that the script printed on *unit*."""
    results: list[Result] = []
    for line in stdout.splitlines():
        name, _, rest = line.partition(' ')
        status, _, encoded = rest.partition(' ')
        if status == 'skipped':
            results.append(Result(unit=unit, name=name, status=None))
        elif status.isdecimal():
            output = _decoded(encoded)
            results.append(Result(unit=unit, name=name, status=int(status), output=output, tries=tries))
    return results


def table(results: Iterable[Result]) -> list[str]:
    """Results as aligned lines: unit, check, state, the first line of the output without its numbers."""
    rows = [('Unit', 'Check', 'State', 'Output')]
    for result in results:
        state = result.state + (f', try {result.tries}' if result.tries > 1 else '')
        output = next(iter(result.output.splitlines()), '').partition('|')[0].strip()
        rows.append((result.unit, result.name or '-', state, output))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return [
        '  '.join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[3]]).rstrip() for row in rows
    ]


def places(seen: model.ModelSnapshot, services: Iterable[str] = ()) -> dict[str, str]:
    """The machines to run on and a unit of each that people know it by; principals first."""
    wanted = set(services)
    by_machine: dict[str, str] = {}
    for unit in sorted(seen.units(), key=lambda unit: (bool(unit.principal), unit.name)):
        if unit.machine and unit.life == 'alive' and (not wanted or unit.application in wanted):
            by_machine.setdefault(unit.machine, unit.name)
    return dict(sorted(by_machine.items(), key=lambda item: item[1]))


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text).decode(errors='replace').strip()
    except binascii.Error:
        return text
