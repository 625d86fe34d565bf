"""Read a manifest and prepare every line, changing nothing; all problems come together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors
from hoodoo.bundle import words
from hoodoo.phases import base, registry
from hoodoo.runner import request
from hoodoo.spec import expand, lookup, manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A manifest line that may run."""

    title: str
    phase: base.Phase
    job: base.Job


def place(asked: request.Request, *, root: Path, cache: Path) -> base.Place:
    """Where *asked* happens, with the spec's files under *root*."""
    return base.Place(
        view=lookup.SpecView(root=root, stage=asked.stage),
        origin=asked.origin.root,
        workspace=asked.workspace,
        variables=asked.variables,
        cache=cache,
    )


def check(asked: request.Request, here: base.Place, phases: Mapping[str, base.Phase]) -> tuple[Line, ...]:
    """Return the lines of the manifest, each checked.

    Raises:
        UsageFault: there is no such manifest.
        Problems: everything that is wrong with any line or a file that it names.
    """
    file = here.view.find(asked.manifest)
    if file is None:
        stages = ', '.join(here.view.stages()) or 'none'
        raise errors.UsageFault(
            f'cannot find manifest "{asked.manifest}" of spec {here.view.root.name}',
            where=f'looked in {here.view.searched()}',
            hint=f'Directories of the spec, perhaps stages: {stages}.',
        )
    shown = here.view.shown(file)
    read = expand.expand(manifest.parse(file.read_text(), file=shown), asked.variables)
    outlook = base.Outlook(problems=list(read.problems))
    lines: list[Line] = []
    for index, call in enumerate(read.calls):
        outlook.later = tuple(later.phase for later in read.calls[index + 1 :])
        phase = phases.get(call.phase)
        if phase is None:
            outlook.problems.append(_unknown(call, phases))
            continue
        job = phase.prepare(call, here, outlook)
        if job is not None:
            lines.append(Line(title=_title(call), phase=phase, job=job))
    if outlook.problems:
        unique = sorted(set(outlook.problems))
        count = f'{len(unique)} problem{"" if len(unique) == 1 else "s"}'
        raise errors.Problems(f'cannot run spec {here.view.root.name}: {count}, nothing was changed', unique)
    return tuple(lines)


def _unknown(call: manifest.PhaseCall, phases: Mapping[str, base.Phase]) -> errors.Problem:
    if call.phase in registry.NOT_YET:
        return call.problem(
            f'phase "{call.phase}" is not implemented', hint=f'Phases here: {", ".join(phases)}.'
        )
    hint = words.guess(call.phase, phases) or f'Known phases: {", ".join(phases)}.'
    return call.problem(f'unknown phase "{call.phase}"', hint=hint)


def _title(call: manifest.PhaseCall) -> str:
    config = next((option.value for option in reversed(call.options) if option.key == 'config'), '')
    return f'{call.phase} {config}'.strip()
