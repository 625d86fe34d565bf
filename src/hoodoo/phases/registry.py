"""Phases by name: ours, and those that other distributions offer as ``hoodoo.phases`` entry points."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from typing import cast

from hoodoo.phases import base, bundle, collect, deploy, juju_check_wait, nagios_check, script, sleep

GROUP = 'hoodoo.phases'

NOT_YET = ('builddeps', 'build', 'repo', 'secrets', 'stop-on')
"""Mojo's phases that hoodoo does not have."""


def phases() -> Mapping[str, base.Phase]:
    """Every phase that can be used here; a foreign one does not replace one of ours."""
    ours: list[base.Phase] = [
        collect.Collect(),
        deploy.Deploy(),
        bundle.Bundle(),
        script.Script('script'),
        script.Script('verify'),
        sleep.Sleep(),
        nagios_check.NagiosCheck(),
        juju_check_wait.JujuCheckWait(),
    ]
    known = {phase.name: phase for phase in ours}
    for entry in importlib.metadata.entry_points(group=GROUP):
        if entry.name not in known:
            known[entry.name] = cast('base.Phase', entry.load()())
    return known
