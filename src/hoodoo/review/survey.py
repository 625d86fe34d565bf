"""Check every stage and manifest of a spec in one go; needs no controller, and writes nothing."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors
from hoodoo import settings as settings_module
from hoodoo import wording
from hoodoo.phases import base, registry
from hoodoo.review import check, findings, request
from hoodoo.secrets import masker
from hoodoo.spec import assemble, lookup, manifest, reading, sources, stages

MAIN = 'manifest'
_MANIFEST = re.compile(r'manifest([-_][\w.-]*\w)?')


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was checked, and what was found."""

    origin: sources.Origin
    stages: tuple[str, ...]
    manifests: int
    """How many were read; one that several stages share counts for each of them."""
    findings: tuple[findings.Finding, ...]
    """Without secrets in their texts."""
    mask: masker.Masker
    """Takes the secrets out of the lines that they are about."""


def check_all(
    given: request.Given, settings: settings_module.Settings, *, all_stages: bool = False
) -> Survey:
    """Check one stage of a spec, or all.

    Args:
        given: Its manifest, where it names one, is the only one; else every ``manifest`` and
            ``manifest-WORD`` that the stage sees is checked, but those that another one includes.
        all_stages: Every stage instead of the one that is named; the spec itself where it has none.

    Raises:
        UsageFault: there is no such spec, stage or manifest.
    """
    if all_stages:
        given = dataclasses.replace(given, stage='')
        settings = dataclasses.replace(settings, stage='')
    first = request.complete(given, settings)
    names = (first.stage,)
    if all_stages:
        names = stages.find(first.origin.root, given.manifest or MAIN) or ('',)
    return check_stages(given, settings, first.origin, names, tolerant=all_stages)


def check_stages(
    given: request.Given,
    settings: settings_module.Settings,
    origin: sources.Origin,
    names: tuple[str, ...],
    *,
    tolerant: bool = True,
) -> Survey:
    """Check the stages *names* of the spec at *origin*; see `check_all`.

    Args:
        tolerant: A stage that cannot be looked into is a finding, and the others are checked all the same.

    Raises:
        UsageFault: unless *tolerant*, there is no such stage or manifest.
    """
    phases = registry.phases()
    found: list[findings.Finding] = []
    named = _Named(origin)
    mask = masker.Masker()
    count = 0
    for stage in names:
        asked = dataclasses.replace(given, stage=stage)
        view = lookup.SpecView(root=origin.root, stage=stage, label=origin.label)
        for name in (given.manifest,) if given.manifest else manifests(view):
            try:
                one = request.complete(dataclasses.replace(asked, manifest=name), settings, origin=origin)
                check.learn(mask, one, settings.root)
                place = check.place(one, view, cache=settings.cache, mask=mask)
                found += map(named.finding, _findings(one, place, phases))
            except errors.UsageFault as err:
                if not tolerant:
                    raise
                found.append(_stopped(view, err, stage))
            else:
                count += 1
    masked = (
        dataclasses.replace(finding, problem=mask.masked(finding.problem))
        for finding in findings.merged(found)
    )
    return Survey(origin=origin, stages=names, manifests=count, findings=tuple(masked), mask=mask)


def manifests(view: lookup.SpecView) -> tuple[str, ...]:
    """The manifests that a stage sees and that no other one of them includes; at least the usual name."""
    names = sorted(
        {
            entry.name
            for folder in view.folders()
            if folder.is_dir()
            for entry in folder.iterdir()
            if _MANIFEST.fullmatch(entry.name) and entry.is_file()
        }
    )
    if len(names) > 1:
        included = {name for other in names for name in _included(view, other, names)}
        names = [name for name in names if name not in included]
    return tuple(names) or (MAIN,)


def _included(view: lookup.SpecView, name: str, known: Sequence[str]) -> Iterator[str]:
    """Those of *known* that the manifest *name* includes, or means to, should a word of that be misspelt."""
    try:
        read = manifest.parse(reading.read(view.get(name), shown=name))
    except errors.UsageFault:
        return  # checking it says what is wrong
    for call in read.calls:
        for option in call.options:
            if option.key == 'config' and option.value in known:
                yield option.value
            elif option.key == 'config' and call.phase == assemble.INCLUDE:
                yield wording.nearest(option.value, [other for other in known if other != name])


def _findings(
    asked: request.Request, place: base.Place, phases: Mapping[str, base.Phase]
) -> Iterator[findings.Finding]:
    examined = check.examine(asked, place, phases)
    for severity, problems in (
        (findings.ERROR, examined.problems),
        (findings.WARNING, examined.remarks),
    ):
        for problem in problems:
            yield findings.Finding(severity=severity, problem=problem, stages=(asked.stage,))


class _Named:
    """Calls files by their own names: what stages share through links is found once, where it is written."""

    def __init__(self, origin: sources.Origin) -> None:
        self._origin = origin
        self._names: dict[str, str] = {}

    def finding(self, found: findings.Finding) -> findings.Finding:
        file = found.problem.file
        if file not in self._names:
            self._names[file] = self._name(file)
        problem = dataclasses.replace(found.problem, file=self._names[file])
        return dataclasses.replace(found, problem=problem)

    def _name(self, file: str) -> str:
        root, label = self._origin.root, self._origin.label
        path = root / os.path.relpath(file, label) if file and label else None
        if path is None or not path.is_symlink():
            return file
        real = path.resolve()
        return str(Path(label, real.relative_to(root))) if real.is_relative_to(root) else file


def _stopped(view: lookup.SpecView, fault: errors.UsageFault, stage: str) -> findings.Finding:
    """A stage that cannot be looked into, as a finding about its directory."""
    folder = view.shown(view.root / stage if stage else view.root)
    problem = errors.Problem(file=folder, message=fault.message, hint=fault.hint)
    return findings.Finding(severity=findings.ERROR, problem=problem, stages=(stage,))
