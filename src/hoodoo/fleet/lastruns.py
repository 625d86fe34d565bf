"""What the journal says of environments: the last run on the model of each, and what it deployed. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from hoodoo.inventory.environment import Environment
from hoodoo.inventory.state import State
from hoodoo.journal import rows
from hoodoo.review import request


def changed(
    environments: Iterable[Environment],
    states: Mapping[str, State],
    runs: Iterable[rows.Run],
    good: Iterable[rows.Run],
) -> Iterator[tuple[str, State]]:
    """Yield the environments of which the journal says what their states do not, with what it says.

    Args:
        runs: The last one of each model, newest first.
        good: The last one of each model that ended well.
    """
    last, deployed = _by_model(runs), _by_model(good)
    for environment in environments:
        run = _of(environment, last)
        if run is None:
            continue
        known = states.get(environment.name) or State()
        well = _of(environment, deployed)
        # A model of that name may have been made anew since.
        well = well if well is not None and well.model_uuid == run.model_uuid else None
        now = dataclasses.replace(
            known,
            run=run.id,
            run_outcome=run.outcome,
            run_ms=run.started_ms if run.ended_ms is None else run.ended_ms,
            revision=request.revision(well.request) if well is not None else '',
        )
        if now != known:
            yield environment.name, now


def _by_model(runs: Iterable[rows.Run]) -> dict[str, rows.Run]:
    found: dict[str, rows.Run] = {}
    for run in runs:
        found.setdefault(run.model, run)
    return found


def _of(environment: Environment, runs: Mapping[str, rows.Run]) -> rows.Run | None:
    """The run on an environment's model, which a run may have named with its owner or without."""
    name = environment.model.rpartition('/')[2]
    return runs.get(f'{environment.controller}:{environment.model}') or runs.get(
        f'{environment.controller}:{name}'
    )
