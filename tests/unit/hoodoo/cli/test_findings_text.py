"""How findings look on a terminal, in a log, and to GitHub."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from bedrock import errors
from hoodoo.cli import findings_text
from hoodoo.review import findings


def _finding(
    file: str, line: int = 0, column: int = 0, message: str = 'wrong', **more: str
) -> findings.Finding:
    problem = errors.Problem(file=file, line=line, column=column, message=message, hint=more.get('hint', ''))
    stages = tuple(more.get('stages', 'ci').split())
    return findings.Finding(severity=more.get('severity', findings.ERROR), problem=problem, stages=stages)


def _shown(*found: findings.Finding, stages: int = 1) -> list[str]:
    return [click.unstyle(line) for line in findings_text.text(found, stages=stages)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ('line', 'column', 'shown', 'marks'),
    [
        ('verify config=x', 8, 'verify config=x', '       ^^^^^^^^'),
        ('verify A="b c" D=e', 8, 'verify A="b c" D=e', '       ^^^^^^^'),
        ("verify A='b", 10, "verify A='b", '         ^'),
        ('web  ../x', 6, 'web  ../x', '     ^^^^'),
        ('\tkey: 1', 2, ' key: ...', ' ^^^'),
        ('  password: hunter2', 3, '  password: ...', '  ^^^^^^^^'),
        ('  - ["a:b", "c:d"]', 5, '  - ["a:b", "c:d"]', '    ^^^^^^^'),
        ('end', 4, 'end', '   ^'),
        ('\x1b[31mred', 6, 'red', ''),
    ],
)
def test_the_line_is_shown_with_marks_under_the_word(
    folder: Path, line: str, column: int, shown: str, marks: str
) -> None:
    (folder / 'file').write_text(f'first\n{line}\n')
    head, source, *rest = _shown(_finding('file', 2, column))
    assert head == f'file:2:{column}: error: wrong'
    assert source == f'  2 | {shown}'
    if marks:
        assert rest == [f'    | {marks}']


def test_a_long_line_is_cut_around_the_word(folder: Path) -> None:
    (folder / 'file').write_text('x' * 300 + ' word ' + 'y' * 300)
    _, source, marks = _shown(_finding('file', 1, 302))
    assert len(source) < 120
    start = marks.index('^')
    assert source[start : start + 4] == 'word'
    assert marks[start:] == '^^^^'


def test_lines_fit_a_narrow_terminal(folder: Path) -> None:
    (folder / 'file').write_text('x' * 300 + ' word ' + 'y' * 300)
    _, source, marks = (
        click.unstyle(line) for line in findings_text.text([_finding('file', 1, 302)], columns=60)
    )
    assert len(source) <= 60
    assert source[marks.index('^') :].startswith('word')


def test_a_line_with_a_secret_is_not_shown(folder: Path) -> None:
    (folder / 'file').write_text('verify hunter2')
    found = findings_text.text([_finding('file', 1, 8)], mask=lambda text: text.replace('hunter2', '***'))
    assert [click.unstyle(line) for line in found] == ['file:1:8: error: wrong']


def test_a_finding_without_a_place_is_one_line_and_its_hint(folder: Path) -> None:
    assert _shown(_finding('', hint='Do it.')) == ['error: wrong', '    = Do it.']
    assert _shown(_finding('gone', 3, 4)) == ['gone:3:4: error: wrong']


def test_stages_are_named_where_not_all_have_it(folder: Path) -> None:
    (head,) = _shown(_finding('f', stages='a b'), stages=3)
    assert head == 'f: error: wrong [a, b]'
    (head,) = _shown(_finding('f', stages='a b c d e'), stages=9)
    assert head == 'f: error: wrong [a, b, c and 2 more]'
    assert _shown(_finding('f', stages='a b'), stages=2) == ['f: error: wrong']
    assert _shown(_finding('spec/a/f', stages='a'), stages=2) == ['spec/a/f: error: wrong']


def test_the_summary_counts() -> None:
    error, warning = _finding('f'), _finding('f', severity=findings.WARNING)
    assert findings_text.summary([], manifests=1, stages=1) == 'no problem found in 1 manifest'
    assert findings_text.summary([error, warning, warning], manifests=4, stages=2) == (
        '1 error and 2 warnings in 4 manifests of 2 stages'
    )
    assert findings_text.summary([warning], manifests=1, stages=1) == '1 warning in 1 manifest'


def test_workflow_commands_are_escaped() -> None:
    found = [
        _finding('a,b:c%', 3, 4, 'one\ntwo: 100%', hint='Do\r it.'),
        _finding('', severity=findings.WARNING),
    ]
    assert list(findings_text.github(found)) == [
        '::error file=a%2Cb%3Ac%25,line=3,col=4::one%0Atwo: 100%25 (Do%0D it.)',
        '::warning::wrong',
    ]


def test_the_same_of_several_stages_is_one_finding() -> None:
    one, other = _finding('f', 1, stages='a', hint='x'), _finding('f', 1, stages='b', hint='y')
    (found,) = findings.merged([one, other])
    assert (found.stages, found.problem.hint) == (('a', 'b'), 'x')
    assert len(findings.merged([one, _finding('f', 2)])) == 2
