"""Phases by name: ours, and those that other distributions offer as ``hoodoo.phases`` entry points."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Iterator, Mapping
from typing import cast

from bedrock import errors
from hoodoo.phases import base

_GROUP = 'hoodoo.phases'

_OURS = {
    'secrets': 'secrets:Secrets',
    'collect': 'collect:Collect',
    'builddeps': 'builddeps:BuildDeps',
    'build': 'build:Build',
    'repo': 'repo:Repo',
    'script': 'script:Script',
    'deploy': 'deploy:Deploy',
    'bundle': 'bundle:Bundle',
    'sleep': 'sleep:Sleep',
    'verify': 'verify:Verify',
    'nagios-check': 'nagios_check:NagiosCheck',
    'juju-check-wait': 'juju_check_wait:JujuCheckWait',
    'stop-on': 'stop_on:StopOn',
}
"""Module and class of each phase."""


def phases() -> Mapping[str, base.Phase]:
    """Every phase that can be used here; a foreign one does not replace one of ours.

    Raises:
        Fault: a phase of another distribution cannot be loaded.
    """
    entries = importlib.metadata.entry_points(group=_GROUP)
    return _Phases({entry.name: _foreign(entry) for entry in entries if entry.name not in _OURS})


class _Phases(Mapping[str, base.Phase]):
    """Imports a phase of ours when it is asked for: most manifests use few of them."""

    def __init__(self, foreign: Mapping[str, base.Phase]) -> None:
        self._names = (*_OURS, *foreign)
        self._made = dict(foreign)

    def __getitem__(self, name: str) -> base.Phase:
        if name not in self._made:
            module, _, kind = _OURS[name].partition(':')
            made = getattr(importlib.import_module(f'hoodoo.phases.builtin.{module}'), kind)()
            self._made[name] = cast('base.Phase', made)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _foreign(entry: importlib.metadata.EntryPoint) -> base.Phase:
    said = f'cannot use phase "{entry.name}" of package "{entry.dist.name if entry.dist else entry.value}"'
    try:
        phase: object = entry.load()()
    except Exception as err:  # whatever its code does, the reader is told whose it is
        raise errors.Fault(f'{said}: {err}', hint='Mend or uninstall that package.') from err
    lacking = [name for name in _PARTS if not hasattr(phase, name)]
    if lacking:
        raise errors.Fault(f'{said}: it has no {", ".join(lacking)}', hint='Mend or uninstall that package.')
    return cast('base.Phase', phase)


_PARTS = ('name', 'model_use', 'repeatable', 'own', 'shared', 'prepare')
