"""Phases by name: ours, and those that other distributions offer as ``hoodoo.phases`` entry points."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from typing import cast

from bedrock import errors
from hoodoo.phases import base
from hoodoo.phases.builtin import (
    build,
    builddeps,
    bundle,
    collect,
    deploy,
    juju_check_wait,
    nagios_check,
    repo,
    script,
    secrets,
    sleep,
    stop_on,
    verify,
)

_GROUP = 'hoodoo.phases'


def phases() -> Mapping[str, base.Phase]:
    """Every phase that can be used here; a foreign one does not replace one of ours.

    Raises:
        Fault: a phase of another distribution cannot be loaded.
    """
    ours: list[base.Phase] = [
        secrets.Secrets(),
        collect.Collect(),
        builddeps.BuildDeps(),
        build.Build(),
        repo.Repo(),
        script.Script(),
        deploy.Deploy(),
        bundle.Bundle(),
        sleep.Sleep(),
        verify.Verify(),
        nagios_check.NagiosCheck(),
        juju_check_wait.JujuCheckWait(),
        stop_on.StopOn(),
    ]
    known = {phase.name: phase for phase in ours}
    for entry in importlib.metadata.entry_points(group=_GROUP):
        if entry.name not in known:
            known[entry.name] = _foreign(entry)
    return known


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
