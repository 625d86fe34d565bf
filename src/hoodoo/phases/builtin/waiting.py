"""What the phases that wait have in common: what a wait must see of a plan's steps, checks of options."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from bedrock import errors
from hoodoo.bundle import told
from hoodoo.bundle.planning import plan, steps
from hoodoo.readiness import changes, states
from hoodoo.spec import manifest


@dataclass(slots=True)
class Noting:
    """Hears the steps of a plan like *told*, and notes when each one was begun."""

    told: told.Told
    clock: Callable[[], float] = time.monotonic
    _begun: dict[str, float] = field(default_factory=dict[str, float], init=False)

    def step(self, text: str, state: str) -> None:
        """See `told.Told.step`."""
        if state == 'started':
            self._begun[text] = self.clock()
        self.told.step(text, state)

    def note(self, text: str) -> None:
        """See `told.Told.note`."""
        self.told.note(text)

    def changes(self, made: Sequence[steps.Step], seen: plan.Seen) -> tuple[changes.Change, ...]:
        """What the model must show of *made*, which were planned from *seen*, before it counts as ready."""
        found = (c for step in made for c in _changes(step, seen, self._begun.get(str(step), 0.0)))
        return tuple(found)


def _changes(step: steps.Step, seen: plan.Seen, at: float) -> Iterator[changes.Change]:
    there = seen.snapshot.applications
    match step:
        case steps.Deploy(wanted=wanted):
            yield changes.Grown(application=wanted.name, units=0 if wanted.subordinate else wanted.num_units)
        case steps.AddUnits(application=name, count=count):
            before = len(there[name].staying) if name in there else 0
            yield changes.Grown(application=name, units=before + count)
        case steps.Scale(application=name, units=units):
            yield changes.Grown(application=name, units=units)
        case steps.SetOptions(application=name):
            yield changes.Altered(application=name, what='options', at=at)
        case steps.Attach(application=name):
            yield changes.Altered(application=name, what='image', at=at)
        case steps.Refresh(wanted=wanted):
            charm = there[wanted.name].charm if wanted.name in there else ''
            yield changes.Altered(application=wanted.name, what='charm', at=at, old_charm=charm)
        case steps.Integrate(one=one, other=other):
            yield changes.Related(one=one, other=other, at=at)
        case steps.Retry(unit=name):
            since = {unit.name: unit.workload.since_ms for unit in seen.snapshot.units()}
            yield changes.Retried(unit=name, since_ms=since.get(name), at=at)
        case _:
            pass  # what else a plan does changes nothing that units look at


def check_states(call: manifest.PhaseCall, given: Sequence[str], problems: list[errors.Problem]) -> bool:
    """Add a problem for each of *given*, of ``additional-ready-states``, that cannot be ready.

    Returns whether there is none.
    """
    option = next((one for one in reversed(call.options) if one.key == 'additional-ready-states'), None)
    for state in given:
        if state not in states.STATES:
            text = f'"{state}" is no workload state that can be ready'
            problems.append(call.problem(text, option=option, hint=states.hint(state)))
    return all(state in states.STATES for state in given)
