"""What a run would change, and how a model has drifted: a run's deploying lines, carried out on paper."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hoodoo import model
from hoodoo.bundle import apply
from hoodoo.bundle.planning import after, drift, facts, memory, placing, plan, steps
from hoodoo.juju import driver
from hoodoo.phases import base, common
from hoodoo.review import check

SECRET = '***'  # noqa: S105
"""What is shown in place of a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one manifest line would do, once the lines before it are done."""

    title: str
    wanted: model.WantedModel
    before: plan.Seen
    plan: steps.Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a run would do to a model."""

    model: str
    """``controller:model``; empty when it does not exist yet."""
    lines: tuple[Line, ...] = ()
    notes: tuple[str, ...] = ()
    """What could not be told."""

    @property
    def steps(self) -> tuple[steps.Step, ...]:
        """Every step, in the order of the run."""
        return tuple(step for line in self.lines for step in line.plan.steps)

    @property
    def problems(self) -> tuple[str, ...]:
        """Why it cannot be done."""
        return tuple(dict.fromkeys(problem for line in self.lines for problem in line.plan.problems))

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is left as it is."""
        return tuple(dict.fromkeys(remark for line in self.lines for remark in line.plan.remarks))


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How a model differs from its spec."""

    model: str
    entries: tuple[drift.Entry, ...]
    notes: tuple[str, ...] = ()
    secret: Mapping[str, frozenset[str]] = dataclasses.field(default_factory=dict[str, frozenset[str]])
    """By application, the facts that hold secrets."""


def preview(lines: Sequence[check.Line], juju: driver.Driver | None, remembered: memory.Memory) -> Preview:
    """Return what *lines* would do; nothing is changed.

    Args:
        juju: The model; None when it does not exist yet.
    """
    bare = [(line.title, common.bare(line.job)) for line in lines]
    jobs = [(title, job) for title, job in bare if isinstance(job, base.Deploys)]
    wanteds = [job.foreseen for _, job in jobs]
    seen = _seen(_together(wanteds), juju, remembered)
    found: list[Line] = []
    for title, job in jobs:
        made = plan.plan(job.foreseen, seen, apply_config_changes=job.apply_config_changes)
        found.append(Line(title=title, wanted=job.foreseen, before=seen, plan=made))
        seen = after.after(seen, made.steps)
    return Preview(
        model=juju.model if juju else '', lines=tuple(found), notes=tuple(_uncollected(wanteds, seen.digests))
    )


def drifted(lines: Sequence[check.Line], juju: driver.Driver | None, remembered: memory.Memory) -> Drift:
    """Return how the model differs from what *lines* ask for; nothing is changed.

    Args:
        juju: The model; None when it does not exist yet.
    """
    jobs = [common.bare(line.job) for line in lines]
    wanteds = [job.foreseen for job in jobs if isinstance(job, base.Deploys)]
    if juju is None:
        names = dict.fromkeys(name for wanted in wanteds for name in wanted.applications)
        missing = (drift.Entry(kind=drift.Kind.NOT_YET, subject=name) for name in names)
        return Drift(model='', entries=tuple(missing), notes=('the model does not exist yet',))
    seen = _seen(_together(wanteds), juju, remembered)
    uuid = juju.model_uuid
    now = _layered(facts.of_wanted(wanted, seen, uuid) for wanted in wanteds)
    was = facts.remembered(remembered, uuid)
    notes = list(_uncollected(wanteds, seen.digests))
    if not was.applications:
        notes.append('nothing was deployed to this model from here, so who changed what cannot be told')
    secret: dict[str, frozenset[str]] = {}
    for wanted in wanteds:
        for name, application in wanted.applications.items():
            hidden = frozenset(f'option {key}' for key in application.private)
            secret[name] = secret.get(name, frozenset()) | hidden
    return Drift(
        model=juju.model,
        entries=drift.drift(was, now, facts.of_seen(seen), uuid=uuid),
        notes=tuple(notes),
        secret=secret,
    )


def option_changes(step: steps.SetOptions, line: Line, *, values: bool) -> dict[str, tuple[str, str]]:
    """The old and the new value of each option that *step* sets; secrets, or all unless *values*, masked."""
    live = line.before.settings.get(step.application, model.Settings()).options
    private = line.wanted.applications[step.application].private
    found: dict[str, tuple[str, str]] = {}
    for key, new in step.options.items():
        old = live[key].value if key in live else None
        shown = values and key not in private and not (key in live and live[key].type == 'secret')
        found[key] = ('' if old is None else str(old), new) if shown else (SECRET, SECRET)
    return found


def _seen(wanted: model.WantedModel, juju: driver.Driver | None, remembered: memory.Memory) -> plan.Seen:
    if juju is not None:
        return apply.look_at(wanted, juju, remembered)
    empty = model.ModelSnapshot(name='', now_ms=0)
    return plan.Seen(
        snapshot=empty,
        digests=apply.digests(wanted.applications.values()),
        images=apply.image_digests(wanted.applications.values()),
        machines=placing.known_machines(wanted, empty, {}, {}),
    )


def _together(wanteds: Sequence[model.WantedModel]) -> model.WantedModel:
    """All that is asked for, to be looked at in one go; every charm of an application that has several."""
    applications: dict[str, model.WantedApplication] = {}
    machines: dict[str, model.WantedMachine] = {}
    for number, wanted in enumerate(wanteds):
        for name, application in wanted.applications.items():
            known = applications.get(name)
            again = known is not None and known.charm != application.charm
            applications[f'{name} {number}' if again else name] = application
        machines |= wanted.machines
    return model.WantedModel(applications=applications, machines=machines)


def _layered(states: Iterable[facts.State]) -> facts.State:
    """What several lines ask for: of one thing, what the last says."""
    applications: dict[str, facts.Facts] = {}
    relations: dict[tuple[model.Endpoint, model.Endpoint], None] = {}
    for state in states:
        for name, found in state.applications.items():
            applications[name] = {**applications.get(name, {}), **found}
        relations |= dict.fromkeys(state.relations)
    return facts.State(applications=applications, relations=tuple(relations))


def _uncollected(wanteds: Iterable[model.WantedModel], digests: Mapping[Path, str]) -> Iterable[str]:
    names = {
        name: application.charm.path
        for wanted in wanteds
        for name, application in wanted.applications.items()
        if isinstance(application.charm, model.LocalCharm) and application.charm.path not in digests
    }
    if names:
        listed = ', '.join(sorted(names))
        yield f'not collected yet, so that changes of these charms cannot be told: {listed}'
