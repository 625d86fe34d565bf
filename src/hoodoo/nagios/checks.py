"""Run the NRPE checks that a machine has configured, and judge them."""

from __future__ import annotations

import base64
import binascii
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from hoodoo import model

DEFAULT_SKIPS: tuple[str, ...] = ()
"""Checks that are never run unless ``skip-checks`` says otherwise."""

CHECK_TIMEOUT_S = 60

_STATES = {0: 'OK', 1: 'WARNING', 2: 'CRITICAL', 3: 'UNKNOWN', 124: 'timed out'}

# One line for each check: name, exit status and output, the output encoded because it may hold anything.
_SCRIPT = """
skip=' '%(skips)s' '
for file in /etc/nagios/nrpe.d/*.cfg; do
    [ -f "$file" ] || continue
    sed -n 's/^[[:space:]]*command\\[\\([^]]*\\)\\][[:space:]]*=[[:space:]]*\\(.*\\)$/\\1 \\2/p' "$file"
done | while read -r name command; do
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
    status: int | None
    """The plugin's exit status; None when it was skipped."""
    output: str = ''

    @property
    def good(self) -> bool:
        """Whether it was fine or skipped."""
        return self.status in (None, 0)

    def __str__(self) -> str:
        if self.status is None:
            return f'{self.unit} {self.name}: skipped'
        state = _STATES.get(self.status, f'exit status {self.status}')
        return f'{self.unit} {self.name}: {state}: {self.output}'


def script(skips: Iterable[str]) -> str:
    """The shell script that runs every configured check but *skips*; names that no check has do no harm."""
    return _SCRIPT % {'skips': shlex.quote(' '.join(skips)), 'timeout': CHECK_TIMEOUT_S}


def read(unit: str, stdout: str) -> list[Result]:
    """Return the results that the script printed on *unit*."""
    results: list[Result] = []
    for line in stdout.splitlines():
        name, _, rest = line.partition(' ')
        status, _, encoded = rest.partition(' ')
        if status == 'skipped':
            results.append(Result(unit=unit, name=name, status=None))
        elif status.isdigit():
            results.append(Result(unit=unit, name=name, status=int(status), output=_decoded(encoded)))
    return results


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
