"""Collect files, and carrying them out with local and git sources."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bedrock import errors
from hoodoo.collect import grammar, sources


@pytest.mark.parametrize(
    ('line', 'source', 'options', 'kind'),
    [
        ('a ../x', '../x', {}, 'local'),
        ('a /x', '/x', {}, 'local'),
        ('a @', '@', {}, 'empty'),
        (
            'a git+https://h/r;branch=b,overwrite=True',
            'git+https://h/r',
            {'branch': 'b', 'overwrite': 'True'},
            'git',
        ),
        ('a   ../x ; method=copy', '../x', {'method': 'copy'}, 'local'),
    ],
)
def test_a_line_is_a_directive(line: str, source: str, options: dict[str, str], kind: str) -> None:
    read = grammar.parse(f'# comment\n\n{line}\n')
    assert read.problems == ()
    (directive,) = read.directives
    assert (directive.destination, directive.source, directive.options) == ('a', source, options)
    assert (directive.kind, directive.line) == (kind, 3)


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        ('a', 'has no source'),
        ('a x;', 'not an option'),
        ('a x;flag', 'not an option'),
        ('a x;revno=a=b', 'not an option'),
        ('../a x', 'leads out'),
        ('/a x', 'leads out'),
        ('a/b x', 'parent of "a/b"'),
        ('a cs:ntp', 'no cs sources'),
        ('a https://h/r.git', 'names a git repository'),
        ('a git@h:r', 'is not a URL'),
        ('a x;method=teleport', 'unknown method'),
        ('a git+https://h/r;branch=a,revno=b', 'exclude each other'),
        ('a git+https://h/r;depth=deep', 'is not a number'),
    ],
)
def test_a_wrong_line_is_a_problem(line: str, message: str) -> None:
    (problem,) = grammar.parse(f'\n{line}\n', file='c').problems
    assert message in problem.message
    assert problem.where == 'c:2'


def test_the_last_line_of_a_destination_wins() -> None:
    assert [d.source for d in grammar.parse('a x\na y\n').directives] == ['y']


def _collect(text: str, tmp_path: Path) -> list[str]:
    read = grammar.parse(text)
    assert read.problems == ()
    build = tmp_path / 'build'
    return list(sources.collect(read.directives, build=build, origin=tmp_path / 'spec'))


def test_a_local_source_is_relative_to_the_spec_and_mirrored(tmp_path: Path) -> None:
    (tmp_path / 'spec').mkdir()
    source = tmp_path / 'charms' / 'a'
    (source / 'hooks').mkdir(parents=True)
    (source / 'metadata.yaml').write_text('name: a\n')
    (source / 'hooks' / 'start').symlink_to('install')
    assert _collect('a ../charms/a', tmp_path) == ['a: 2 entries changed']
    assert (tmp_path / 'build/a/hooks/start').readlink() == Path('install')
    assert _collect('a ../charms/a', tmp_path) == ['a: unchanged']
    (source / 'hooks' / 'start').unlink()
    assert _collect('a ../charms/a', tmp_path) == ['a: 1 entries changed']
    assert list((tmp_path / 'build/a/hooks').iterdir()) == []


def test_parents_come_before_children(tmp_path: Path) -> None:
    (tmp_path / 'spec' / 'x').mkdir(parents=True)
    assert _collect('a/b x\na @\n', tmp_path) == ['a: directory', 'a/b: unchanged']
    assert (tmp_path / 'build/a/b').is_dir()


def test_link_makes_a_link(tmp_path: Path) -> None:
    (tmp_path / 'spec' / 'x').mkdir(parents=True)
    _collect('a x;method=link', tmp_path)
    assert (tmp_path / 'build/a').readlink() == tmp_path / 'spec/x'


def test_collected_charms_are_stocked_and_nothing_else(tmp_path: Path) -> None:
    for name, mark in (('one', 'metadata.yaml'), ('two', 'charmcraft.yaml'), ('data', 'other')):
        (tmp_path / 'build' / name).mkdir(parents=True)
        (tmp_path / 'build' / name / mark).write_text('name: x\n')
    assert sources.stock(tmp_path / 'build', tmp_path / 'repo') == ['one', 'two']
    assert sources.stock(tmp_path / 'build', tmp_path / 'repo') == []


def _git(folder: Path, *words: str) -> None:
    identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com']
    subprocess.run(['git', '-C', str(folder), *identity, *words], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / 'origin'
    folder.mkdir()
    _git(folder, 'init', '--initial-branch=main')
    (folder / 'file').write_text('1')
    _git(folder, 'add', '.')
    _git(folder, 'commit', '-m', 'one')
    _git(folder, 'tag', 'v1')
    return folder


def test_git_follows_the_default_branch_whatever_its_name(tmp_path: Path, repository: Path) -> None:
    line = f'a git+file://{repository}'
    _collect(line, tmp_path)
    (repository / 'file').write_text('2')
    _git(repository, 'commit', '-a', '-m', 'two')
    _collect(line, tmp_path)
    assert (tmp_path / 'build/a/file').read_text() == '2'
    _collect(f'{line};revno=v1', tmp_path)
    assert (tmp_path / 'build/a/file').read_text() == '1'


def test_a_tree_of_another_origin_is_not_overwritten_unasked(tmp_path: Path, repository: Path) -> None:
    _collect(f'a git+file://{repository}', tmp_path)
    other = f'a git+file://{repository}/.git'
    with pytest.raises(errors.Fault) as failure:
        _collect(other, tmp_path)
    assert 'was cloned from' in errors.render(failure.value)
    _collect(f'{other};overwrite=True', tmp_path)
    assert (tmp_path / 'build/a/file').read_text() == '1'
