"""Read a manifest and prepare every line, changing nothing; all problems come together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors
from hoodoo import wording
from hoodoo.phases import base, common
from hoodoo.review import request
from hoodoo.secrets import masker
from hoodoo.spec import assemble, lookup, manifest, stages


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A manifest line that may run."""

    title: str
    call: manifest.PhaseCall
    phase: base.Phase
    job: base.Job


def place(
    asked: request.Request, view: lookup.SpecView, *, cache: Path, mask: masker.Masker | None = None
) -> base.Place:
    """Where *asked* happens, with the spec's files as *view* has them."""
    return base.Place(
        view=view,
        origin=asked.origin.root,
        workspace=asked.workspace,
        variables=asked.variables,
        cache=cache,
        masker=mask or masker.Masker(),
    )


def learn(mask: masker.Masker, asked: request.Request, root: Path) -> None:
    """Tell *mask* of the secrets that are there before *asked* happens in the Mojo root *root*."""
    project = asked.workspace.project.name
    mask.learn_variables(asked.variables)
    mask.publish((project, asked.stage, asked.workspace.name, asked.default_model))
    mask.learn_folder(root / 'LOCAL' / project / asked.stage)
    mask.learn_folder(asked.workspace.local)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What reading and preparing one manifest brought."""

    file: str
    """The manifest as messages name it."""
    lines: tuple[Line, ...] = ()
    """Those that may run."""
    problems: tuple[errors.Problem, ...] = ()
    """They forbid the run. Those of the manifest come first and in its order."""
    remarks: tuple[errors.Problem, ...] = ()
    """They do not."""


def check(asked: request.Request, here: base.Place, phases: Mapping[str, base.Phase]) -> tuple[Line, ...]:
    """Return the lines of the manifest, each checked.

    Raises:
        UsageFault: there is no such manifest.
        Problems: everything that is wrong with any line or a file that it names.
    """
    found = examine(asked, here, phases)
    if found.problems:
        count = wording.counted(len(found.problems), 'problem')
        raise errors.Problems(
            f'cannot run spec {here.view.shown(here.view.root)}: {count}, nothing was changed',
            found.problems,
            hint=_stages_hint(here, asked),
        )
    return found.lines


def examine(asked: request.Request, here: base.Place, phases: Mapping[str, base.Phase]) -> Checked:
    """Read the manifest and prepare every line of it, changing nothing.

    Raises:
        UsageFault: there is no such manifest.
    """
    read = _read(asked, here, phases)
    # What a line was meant to bring is not known when its first word is no phase: it may be an include.
    known = phases.keys() >= set(read.misread)
    # Nor is what went before a line that stands alone.
    doubtful = set(read.misread) if known and not asked.line else set(phases)
    outlook = base.Outlook(problems=list(read.problems), doubtful=doubtful)
    lines: list[Line] = []
    for index, call in enumerate(read.calls):
        outlook.later = tuple(later.phase for later in read.calls[index + 1 :])
        here.masker.learn_variables({option.key: option.value for option in call.options})
        phase = phases.get(call.phase)
        if phase is None:
            outlook.problems.append(_unknown(call, phases))
            outlook.doubtful.add(wording.nearest(call.phase, (*phases, assemble.INCLUDE)))
            continue
        job = common.prepare(phase, call, here, outlook)
        if job is not None:
            lines.append(Line(title=_title(call), call=call, phase=phase, job=job))

    def ordered(found: list[errors.Problem]) -> tuple[errors.Problem, ...]:
        return tuple(sorted(set(found), key=lambda problem: (problem.file != read.file, problem)))

    return Checked(
        file=read.file,
        lines=tuple(lines),
        problems=ordered(outlook.problems),
        remarks=ordered(outlook.remarks),
    )


def _read(asked: request.Request, here: base.Place, phases: Mapping[str, base.Phase]) -> manifest.Manifest:
    """The manifest with variables replaced and includes in place, or the one line that was asked for."""
    if not asked.line and here.view.find(asked.manifest) is None:
        hint = ' '.join(filter(None, (here.view.near(asked.manifest), _stages_hint(here, asked))))
        raise errors.UsageFault(
            f'cannot find manifest "{asked.manifest}" of spec {here.view.shown(here.view.root)}', hint=hint
        )
    return assemble.assemble(
        here.view, asked.manifest, asked.variables, line=asked.line, phases=phases.keys()
    )


def _stages_hint(here: base.Place, asked: request.Request) -> str:
    """That no stage is named, where that may be why something is not found."""
    known = stages.find(here.view.root, asked.manifest) if not asked.stage else ()
    return f'No stage is named. {stages.listed(known)}' if known else ''


def _unknown(call: manifest.PhaseCall, phases: Mapping[str, base.Phase]) -> errors.Problem:
    hint = wording.guess(call.phase, (*phases, assemble.INCLUDE)) or f'Known phases: {", ".join(phases)}.'
    return call.problem(f'unknown phase "{call.phase}"', hint=hint)


def _title(call: manifest.PhaseCall) -> str:
    config = next((option.value for option in reversed(call.options) if option.key == 'config'), '')
    return call.phase if config == call.phase else f'{call.phase} {config}'.strip()
