"""Git repositories with a tiny spec for ``hoodoo ci``, and what its reports say."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from bedrock import process

_SPEC = Path(__file__).parent / 'data' / 'specs' / 'tried'
_WHO = ('-c', 'user.name=Tester', '-c', 'user.email=tester@example.com')
# XML 1.0 has no place for any other character.
FIT = re.compile('[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*')
_COUNTS = {'tests': 'testcase', 'failures': 'failure', 'errors': 'error', 'skipped': 'skipped'}


def repository(folder: Path, changed: Mapping[str, str] | None = None) -> Path:
    """A repository whose directory ``specs/tried`` is the spec, with some files *changed*; its one commit."""
    spec = folder / 'specs' / 'tried'
    shutil.copytree(_SPEC, spec)
    git(folder, 'init', '--quiet', '--initial-branch=main')
    return commit(folder, changed or {})


def commit(folder: Path, changed: Mapping[str, str]) -> Path:
    """Write files of the spec and commit them; returns where the spec is."""
    spec = folder / 'specs' / 'tried'
    for name, text in changed.items():
        (spec / name).write_text(text)
        if text.startswith('#!'):
            (spec / name).chmod(0o755)
    git(folder, 'add', '--all')
    git(folder, *_WHO, 'commit', '--quiet', '--message', 'a revision')
    return spec


def git(folder: Path, *words: str) -> str:
    return process.run(['git', '-C', folder, *words], timeout_s=60).stdout.strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A test case of a report."""

    suite: str
    name: str
    failure: str | None
    error: str | None
    skipped: bool


def cases(file: Path) -> list[Case]:
    """The cases of a JUnit report, which is as its readers want it."""
    text = file.read_text()
    assert FIT.fullmatch(text)
    root = ET.fromstring(text)
    assert root.tag == 'testsuites'
    _check_counts(root)
    found: list[Case] = []
    for suite in root:
        assert suite.tag == 'testsuite'
        assert suite.attrib['name']
        assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d', suite.attrib['timestamp'])
        _check_counts(suite)
        for case in suite.iter('testcase'):
            assert case.attrib['name']
            assert case.attrib['classname']
            assert float(case.attrib['time']) >= 0
            # In the order that the common schema has.
            assert [part.tag for part in case] in (
                [],
                ['error'],
                ['failure'],
                ['skipped'],
                ['system-out'],
                ['failure', 'system-out'],
                ['error', 'system-out'],
                ['skipped', 'system-out'],
            )
            failure, error = case.find('failure'), case.find('error')
            found.append(
                Case(
                    suite=suite.attrib['name'],
                    name=case.attrib['name'],
                    failure=None if failure is None else failure.text or '',
                    error=None if error is None else error.text or '',
                    skipped=case.find('skipped') is not None,
                )
            )
    return found


def _check_counts(element: ET.Element) -> None:
    for attribute, tag in _COUNTS.items():
        assert int(element.attrib[attribute]) == len(list(element.iter(tag))), attribute
    assert float(element.attrib['time']) >= 0
