"""The bundles of real specs by others, which lie beside the checkout where the project is worked on."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from bedrock import errors
from hoodoo.bundle.reading import deployer
from hoodoo.bundle.wanted import charms, resolve

CORPUS = Path(__file__).resolve().parents[4].parent / 'shared' / 'corpus'


ORPHANS = ('trusty-icehouse-msg-split', 'xenial-mitaka-proposed')
"""Deployments whose parent their authors have taken away."""


def _bundles() -> set[Path]:
    """The files that deploy lines name."""
    found: set[Path] = set()
    for manifest in CORPUS.rglob('manifest'):
        for name in re.findall(r'^deploy .*?config=(\S+)', manifest.read_text(), re.MULTILINE):
            found.add(manifest.parent / name)
    return {file for file in found if file.is_file()}


def test_every_bundle_of_the_corpus_can_be_read_and_every_deployment_resolved() -> None:
    """Without the corpus, which is no part of the project, this has nothing to say and says so."""
    if not CORPUS.is_dir():
        sys.stderr.write(f'there is no corpus of specs at {CORPUS}: nothing to read\n')
        return
    variables = {'series': 'xenial', 'local_dir': '/local', **{f'MOJO_OS_VIP{n:02}': '1' for n in range(30)}}
    shelf = charms.Shelf(repo=Path('/repo'), build=Path('/build'), complete=False, made=(Path('/local'),))
    count = 0
    for file in sorted(_bundles()):
        loaded = deployer.load([file], variables)
        for target in loaded.tree.data.keys() - ORPHANS:
            found = resolve.resolve(loaded, target, shelf=shelf, series='xenial')
            count += len(found.wanted.applications)
            assert [p for p in found.problems if not _expected(p)] == []
            assert [r for r in found.remarks if not r.line or not r.column] == []
    assert count > 5000


def _expected(problem: errors.Problem) -> bool:
    """Findings that are true: a charm of the store that is gone."""
    return 'the old charm store' in problem.message
