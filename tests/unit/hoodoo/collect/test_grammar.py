"""The collect file's grammar: what a line says, and everything that is wrong with one."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hoodoo.collect import grammar, kinds

SHA = 'a' * 64


@pytest.mark.parametrize(
    ('line', 'source', 'options', 'kind'),
    [
        ('a ../x', '../x', {}, 'local'),
        ('a /x', '/x', {}, 'local'),
        ('a file:///x', 'file:///x', {}, 'local'),
        ('a @', '@', {}, 'empty'),
        ('a @;overwrite=True', '@', {'overwrite': 'True'}, 'empty'),
        (
            'a git+https://h/r;branch=b,overwrite=True',
            'git+https://h/r',
            {'branch': 'b', 'overwrite': 'True'},
            'git',
        ),
        ('a git+https://h/r/ ; branch=b , depth=1', 'git+https://h/r/', {'branch': 'b', 'depth': '1'}, 'git'),
        ('a git://h/r', 'git://h/r', {}, 'git'),
        ('a git+ssh://git@h/r', 'git+ssh://git@h/r', {}, 'git'),
        ('a git@h:p/r.git', 'git@h:p/r.git', {}, 'git'),
        ('a git+file:///r', 'git+file:///r', {}, 'git'),
        ('a file:///r.git', 'file:///r.git', {}, 'git'),
        ('a git+lp:p', 'git+lp:p', {}, 'git'),
        ('a lp:~o/charms/trusty/x/next', 'lp:~o/charms/trusty/x/next', {}, 'bzr'),
        ('a nosmart+lp:x;revno=7', 'nosmart+lp:x', {'revno': '7'}, 'bzr'),
        ('a bzr+ssh://h/b;lightweight=T', 'bzr+ssh://h/b', {'lightweight': 'T'}, 'bzr'),
        ('a https://h/f.tar.gz', 'https://h/f.tar.gz', {}, 'web'),
        (f'a https://h/f;sha256={SHA},unpack=True', 'https://h/f', {'sha256': SHA, 'unpack': 'True'}, 'web'),
        ('a ch:ntp', 'ch:ntp', {}, 'charm'),
        (
            'a ch:amd64/jammy/ntp-4;channel=latest/edge',
            'ch:amd64/jammy/ntp-4',
            {'channel': 'latest/edge'},
            'charm',
        ),
        ('a   ../x ; method=copy', '../x', {'method': 'copy'}, 'local'),
        ('a a;b;method=copy', 'a;b', {'method': 'copy'}, 'local'),
        ('a/ ../x', '../x', {}, 'local'),
    ],
)
def test_a_line_is_a_directive(line: str, source: str, options: dict[str, str], kind: str) -> None:
    read = grammar.parse(f'# comment\n\n  {line}  \n')
    assert (read.problems, read.remarks) == ((), ())
    (directive,) = read.directives
    assert (directive.destination, directive.source, directive.options) == ('a', source, options)
    assert (directive.kind, directive.line) == (kind, 3)


@pytest.mark.parametrize(
    ('line', 'column', 'message', 'hint'),
    [
        ('a', 1, '"a" has no source', 'a @'),
        ('a x;', 4, 'there is no option after ";"', 'key=value'),
        ('a x;flag', 5, '"flag" is not an option', 'key=value'),
        ('a x;method=copy, flag', 18, '"flag" is not an option', 'key=value'),
        ('a x;revno=a=b', 5, '"revno=a=b" is not an option', ''),
        ('a ;method=copy', 3, 'has no source before', ''),
        ('http://h/a x', 12, 'is a URL', 'destination comes first'),
        ('../a x', 6, 'leads out', ''),
        ('/a x', 4, 'leads out', ''),
        ('. x', 3, 'the build directory itself', ''),
        ('a/b x', 5, 'parent of "a/b" is not collected', 'Add the line "a @" before.'),
        ('a gti+https://h/r', 3, 'there are no gti+https sources', 'Did you mean "git+https"?'),
        ('a svn://h/r', 3, 'there are no svn sources', ''),
        ('a lp:x # note', 3, 'looks like a comment', 'a line of its own'),
        ('a lp:x b lp:y', 3, 'there are blanks', ''),
        ('a cs:', 3, 'names no charm', 'ch:NAME'),
        ('a ch:~me/x', 3, 'names no charm', ''),
        ('a ch:x;channel=egde', 8, '"egde" is no channel', 'Did you mean "edge"?'),
        ('a ch:x;channel=a/b/c/d', 8, '"a/b/c/d" is no channel', 'TRACK/RISK'),
        ('a ch:x;channel=unpublished', 8, 'no channel "unpublished"', 'channel=edge'),
        ('a ch:x;base_url=ftp://h', 8, 'no http or https URL', ''),
        ('a https://h/r.git', 3, 'names a git repository', 'git+https://h/r.git'),
        ('a https://h/r;branch=main', 3, 'is a download', 'git+https://h/r'),
        ('a https://u:pw@h/r.git', 3, '"https://u:***@h/r.git" names', 'git+https://u:***@h/r.git'),
        ('a https:///f', 3, 'names no host', ''),
        ('a https://h/f;sha256=abc', 15, 'no sha256 digest', '64 hexadecimal digits'),
        ('a https://h/f;unpack=maybe', 15, 'takes True or False', ''),
        ('a https://h/f;unpack=True,strip=x', 27, 'is not a number', ''),
        ('a x;method=teleport', 5, 'unknown method', 'rsync'),
        ('a x;method=hardlnk', 5, 'unknown method', 'Did you mean "hardlink"?'),
        ('a git+https://h/r;branch=a,revno=b', 28, 'exclude each other', ''),
        ('a git+https://h/r;depth=deep', 19, 'is not a number', ''),
        ('a git+https://h/r;depth=0', 19, 'is not a number', ''),
        ('a git+https://h/r;brnach=b', 19, 'there is no option "brnach"', 'Did you mean "branch"?'),
        ('a git+https://h/r;revno=--all', 19, 'cannot begin with a hyphen', ''),
        ('a git+https://h/r;branch=', 19, 'has no value', ''),
    ],
)
def test_a_wrong_line_is_a_problem_with_its_place(line: str, column: int, message: str, hint: str) -> None:
    (problem,) = grammar.parse(f'\n{line}\n', file='c').problems
    assert message in problem.message
    assert hint in problem.hint
    assert problem.where == f'c:2:{column}'


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        ('a cs:~me/trusty/x', 'the charm store is closed: "cs:~me/trusty/x" is Charmhub\'s "x" here'),
        ('a ch:x-3;channel=unpublished', 'channel "unpublished" is left out'),
        ('a https://github.com/me/x', 'looks like a git repository'),
        ('a ch:x;branch=b', 'option branch has no meaning for a charm source'),
        ('a x;colour=red', 'option colour is not known'),
        ('a https://h/f;strip=1', 'without unpack=True'),
    ],
)
def test_what_is_odd_is_remarked_and_collected(line: str, message: str) -> None:
    read = grammar.parse(line)
    assert read.problems == ()
    assert message in read.remarks[0].message


def test_every_problem_is_reported_together() -> None:
    read = grammar.parse('a\nb svn://x\nc/d @\ne git+https://h/r;branch=x,revno=y,depth=z\n')
    assert [problem.line for problem in read.problems] == [1, 2, 3, 4, 4]


def test_that_the_charm_store_is_closed_is_said_once_but_for_revisions() -> None:
    read = grammar.parse('a cs:~x/a\nb cs:b-7\nc cs:c\n')
    assert [(remark.line, remark.message.partition(':')[0]) for remark in read.remarks] == [
        (1, 'the charm store is closed'),
        (2, 'revision 7 of the charm store may be another one on Charmhub'),
    ]
    assert '(and 2 more like it)' in read.remarks[0].message


def test_the_last_line_of_a_destination_wins_and_the_others_are_remarked() -> None:
    read = grammar.parse('a x\nb z\na y\n')
    assert {d.destination: d.source for d in read.directives} == {'b': 'z', 'a': 'y'}
    assert [(r.line, 'line 3' in r.message) for r in read.remarks] == [(1, True)]


@pytest.mark.parametrize(
    ('text', 'overwrite'),
    [
        ('a @;overwrite=True', True),
        ('a @;overwrite=true', True),
        ('a @;overwrite=False', False),
        ('a @', False),
    ],
)
def test_overwrite_false_means_false(text: str, overwrite: bool) -> None:
    assert grammar.parse(text).directives[0].overwrite is overwrite


def test_a_parent_that_is_there_need_not_be_collected() -> None:
    read = grammar.parse('a/b x', exists=lambda folder: folder == 'a')
    assert read.problems == ()
    assert 'is there from an earlier run' in read.remarks[0].message


def test_nothing_is_put_below_a_file_or_a_link() -> None:
    read = grammar.parse('a https://h/f\na/b x\nc x;method=link\nc/d @\n')
    assert [problem.line for problem in read.problems] == [2, 4]


def test_a_directive_waits_for_the_nearest_collected_parent() -> None:
    read = grammar.parse('a/b/c x\na @\na/b @\nd y\n')
    assert grammar.parents(read.directives) == {'a/b/c': 'a/b', 'a/b': 'a'}


@pytest.mark.parametrize(
    ('source', 'name', 'revision'),
    [
        ('cs:ntp', 'ntp', None),
        ('cs:~memcached-team/memcached', 'memcached', None),
        ('cs:~containers/etcd-474', 'etcd', 474),
        ('cs:trusty/mongodb-53', 'mongodb', 53),
        ('cs:~o/trusty/percona-cluster', 'percona-cluster', None),
        ('ch:amd64/jammy/postgresql-k8s-12', 'postgresql-k8s', 12),
    ],
)
def test_a_charm_source_names_a_charm_of_charmhub(source: str, name: str, revision: int | None) -> None:
    assert kinds.charm_name(source) == kinds.CharmName(name=name, revision=revision)


_TOP = Path(__file__).parents[4]
# Our own, and specs that other people wrote where those lie beside the checkout; elsewhere they are no cases.
_FILES = [file for top in ('specs', '../shared/corpus') for file in sorted((_TOP / top).rglob('collect*'))]


@pytest.mark.parametrize('file', [pytest.param(file, id=os.path.relpath(file, _TOP)) for file in _FILES])
def test_every_collect_file_at_hand_can_be_collected(file: Path) -> None:
    read = grammar.parse(file.read_text())
    assert read.problems == ()
    assert all(re.search(r'charm store|"unpublished" is left out', remark.message) for remark in read.remarks)
    lines = [line.split() for line in file.read_text().splitlines() if line.split()[:1] not in ([], ['#'])]
    assert {words[0] for words in lines if not words[0].startswith('#')} == {
        one.destination for one in read.directives
    }


_WORD = st.text('abcdefghij-_.0123456789', min_size=1, max_size=8).filter(lambda w: w.strip('.') == w)
_VALUE = st.text('abcdefghij0123456789./:@+-', min_size=1, max_size=12)
_DIRECTIVE = st.builds(
    grammar.Directive,
    destination=_WORD,
    source=st.one_of(
        _VALUE, st.sampled_from(['@', 'lp:x', 'git+https://h/r;v', 'ch:x', 'a path with blanks'])
    ),
    options=st.dictionaries(_WORD, st.one_of(_VALUE, st.just('')), max_size=3),
)


@given(st.lists(_DIRECTIVE, max_size=6, unique_by=lambda one: one.destination))
def test_directives_are_read_as_they_were_written(directives: list[grammar.Directive]) -> None:
    wanted = [d for d in directives if ';' not in d.source or d.options]
    read = grammar.parse(grammar.render(tuple(wanted)))
    assert [(d.destination, d.source, d.options) for d in read.directives] == [
        (d.destination, d.source, d.options) for d in wanted
    ]


@given(st.text(max_size=200))
def test_any_text_is_read_or_reported_and_every_problem_is_in_the_text(text: str) -> None:
    read = grammar.parse(text)
    lines = text.splitlines()
    for problem in (*read.problems, *read.remarks):
        assert 1 <= problem.line <= len(lines)
        assert problem.column <= len(lines[problem.line - 1]) + 1
