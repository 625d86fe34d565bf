"""All that can be said against an inventory: what makes it unusable, and what only looks like a mistake."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from bedrock.errors import Problem
from hoodoo import wording
from hoodoo.inventory import reading, regions
from hoodoo.inventory.environment import OTHERS, Environment, Kind
from hoodoo.review import findings


def check(inventory: reading.Inventory) -> tuple[findings.Finding, ...]:
    """Every finding about *inventory*, by place."""
    environments = [entry.environment for entry in inventory.entries]
    found = [_finding(findings.ERROR, problem) for problem in inventory.problems]
    found += [_finding(findings.WARNING, problem) for problem in _same_models(environments)]
    found += [_finding(findings.WARNING, problem) for problem in _regions(inventory.entries)]
    found += [_finding(findings.WARNING, problem) for problem in _specs(inventory.entries)]
    found += [_finding(severity, p) for severity, p in _credentials(inventory.entries, inventory.folder)]
    return findings.merged(found)


def _finding(severity: str, problem: Problem) -> findings.Finding:
    return findings.Finding(severity=severity, problem=problem)


def _same_models(environments: Sequence[Environment]) -> Iterator[Problem]:
    first: dict[tuple[str, str], Environment] = {}
    for one in environments:
        other = first.setdefault((one.controller, one.model), one)
        if other is not one:
            message = f'{one.name} is in the same model as {other.name}: {one.controller}:{one.model}'
            hint = f'The other is at {other.place.file}:{other.place.line}; give one another "model".'
            yield Problem(file=str(one.place.file), line=one.place.line, message=message, hint=hint)


def _regions(entries: Sequence[reading.Entry]) -> Iterator[Problem]:
    for entry in entries:
        one = entry.environment
        vendor = regions.provider(one.cloud)
        if vendor and one.region and regions.look_up(one.cloud, one.region) is None:
            known = [region.name for region in regions.regions_of(vendor)]
            message = f'{one.cloud} has no region "{one.region}" that is known here'
            yield _at(entry, 'region', message, wording.guess(one.region, known))


def _specs(entries: Sequence[reading.Entry]) -> Iterator[Problem]:
    there: dict[str, bool] = {}
    for entry in entries:
        spec = entry.environment.spec
        if not spec.startswith('/'):
            continue  # an address, which only a run asks for
        bare = spec.partition(';')[0]
        if not there.setdefault(bare, os.path.isdir(bare)):
            yield _at(entry, 'spec', f'there is no directory {bare}', 'Mend the path, or check it out there.')


def _credentials(entries: Sequence[reading.Entry], folder: Path) -> Iterator[tuple[str, Problem]]:
    for entry in entries:
        one = entry.environment
        for key, source in (('credentials', one.credentials), ('read_credentials', one.read_credentials)):
            if source is None or source.kind is not Kind.FILE:
                continue
            path = folder / Path(source.path).expanduser()
            try:
                mode = path.stat().st_mode
            except OSError as err:
                message = f'cannot read {path}: {err.strerror}'
                yield findings.WARNING, _at(entry, key, message, 'Whoever connects needs it there.')
                continue
            if mode & OTHERS:
                message = f'others can read {path}, which holds an account'
                yield findings.ERROR, _at(entry, key, message, f'Run "chmod 600 {path}".')


def _at(entry: reading.Entry, key: str, message: str, hint: str) -> Problem:
    file, line = entry.draft.said(key) or (entry.draft.file, entry.draft.line)
    return Problem(file=str(file), line=line, message=message, hint=hint)
