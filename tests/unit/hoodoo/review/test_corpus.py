"""What a check finds in whole specs, compared with golden files that were read finding by finding.

Our own spec of mistakes is always checked. Specs that other people wrote are not ours to keep here: they are
read where they lie beside the checkout, and elsewhere they are no cases of these tests. UPDATE_GOLDEN=1
rewrites the files.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hoodoo import settings
from hoodoo.review import findings, request, survey
from hoodoo.spec import sources
from hoodoo.vcs import bzr, git

CORPUS = Path(__file__).parents[4].parent / 'shared' / 'corpus'
_DATA = Path(__file__).parents[3] / 'data'

_RELEASES = {
    'trusty': ('icehouse', 'kilo', 'liberty'),
    'bionic': ('rocky', 'stein', 'train', 'ussuri'),
}


def _series(stage: str) -> str:
    """The Ubuntu series of the OpenStack release that a stage is named after."""
    release = Path(stage).name
    return next((series for series, names in _RELEASES.items() if release in names), 'xenial')


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spec:
    """A spec with its stages, and what a check is known to find."""

    root: Path
    golden: Path
    series: Callable[[str], str]
    """With which series a stage is meant to run."""

    def stages(self) -> tuple[str, ...]:
        """Every stage."""
        files = (*self.root.rglob('manifest'), *self.root.rglob('collect'))
        folders = {file.parent.relative_to(self.root) for file in files}
        return tuple(sorted(str(folder) for folder in folders if folder.parts))

    def check(self) -> tuple[findings.Finding, ...]:
        """Everything that a check finds."""
        loaded = settings.load({'HOME': '/nonexistent', 'PATH': '/usr/bin:/bin'})
        by_series: dict[str, list[str]] = {}
        for stage in self.stages():
            by_series.setdefault(self.series(stage), []).append(stage)
        origin = sources.find(str(self.root), clones=Path('/nonexistent'))
        found: list[findings.Finding] = []
        for series, names in by_series.items():
            given = request.Given(spec=str(self.root), series=series)
            found += survey.check_stages(given, loaded, origin, tuple(names)).findings
        return findings.merged(found)

    def report(self) -> str:
        """The findings as text: what is found, and below it where; nothing depends on where the spec lies."""
        grouped: dict[tuple[str, str], list[str]] = {}
        for finding in self.check():
            message = self._without_root(finding.problem.message)
            for stage in finding.stages:
                message = message.replace(f'{stage}/', '')
            where = self._without_root(finding.problem.where)
            grouped.setdefault((finding.severity, message), []).append(where)
        lines = (line for key in sorted(grouped) for line in _entry(*key, grouped[key]))
        return ''.join(f'{line}\n' for line in lines)

    def _without_root(self, text: str) -> str:
        return text.replace(f'{self.root}/', '')


def _entry(severity: str, message: str, places: list[str]) -> Iterator[str]:
    yield f'{severity}: {message}'
    yield from (f'    {place}' for place in places)


def _specs() -> dict[str, _Spec]:
    """The specs by name."""
    known = {
        'mistakes': _Spec(
            root=_DATA / 'specs/mistakes',
            golden=_DATA / 'hoodoo/mistakes-findings.txt',
            series=lambda stage: 'noble',
        )
    }
    for name in ('openstack-mojo-specs',):
        if (CORPUS / name).is_dir():
            golden = _DATA / 'hoodoo/corpus-findings.txt'
            known[name] = _Spec(root=(CORPUS / name).resolve(), golden=golden, series=_series)
    return known


SPECS = _specs()


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is installed on this machine is no matter of the specs."""
    monkeypatch.setattr(bzr, 'program', lambda: ('bzr',))
    monkeypatch.setattr(git, 'available', lambda: True)


@pytest.mark.parametrize('name', SPECS)
def test_findings_are_those_that_were_reviewed(name: str) -> None:
    spec = SPECS[name]
    found = spec.report()
    if os.environ.get('UPDATE_GOLDEN'):
        spec.golden.parent.mkdir(exist_ok=True)
        spec.golden.write_text(found)
    assert found.splitlines() == spec.golden.read_text().splitlines()


@pytest.mark.parametrize('name', SPECS)
def test_every_finding_has_a_place_in_its_file(name: str) -> None:
    found = SPECS[name].check()
    assert found
    unplaced = [finding.problem for finding in found if not (finding.problem.line and finding.problem.column)]
    assert unplaced == []
