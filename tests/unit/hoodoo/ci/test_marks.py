"""Whose a model is, and who may remove it."""

from __future__ import annotations

import dataclasses
import os
import subprocess

import pytest

from bedrock import alive
from hoodoo.ci import marks
from hoodoo.ci.marks import Standing

NAME, UUID = 'ci-mirror-main-0123456789', 'uuid-1'
OWNER = marks.Owner(boot='boot', space='4026531836', user=1000, process='17 12345')
MARK = marks.Mark(
    token='0123456789', model_uuid=UUID, owner=OWNER, expires_ms=1000, spec='mirror', revision='main'
)
HERE = dataclasses.replace(OWNER, process='18 99999')


def test_a_mark_is_read_as_it_was_written() -> None:
    kept = dataclasses.replace(MARK, kept=True)
    for mark in (MARK, kept):
        notes = marks.encode(mark)
        assert not any('.' in name for name in notes), 'Juju takes none'
        assert marks.decode(notes, name=NAME, uuid=UUID) == mark


@pytest.mark.parametrize(
    ('changed', 'name', 'uuid'),
    [
        ({}, NAME, 'uuid-2'),
        ({}, 'ci-mirror-main-9876543210', UUID),
        ({}, 'production', UUID),
        ({'hoodoo-ci': ''}, NAME, UUID),
        ({'hoodoo-ci-expires-ms': 'soon'}, NAME, UUID),
        ({'hoodoo-ci-expires-ms': '²'}, NAME, UUID),
        ({'hoodoo-ci-expires-ms': '9' * 5000}, NAME, UUID),
        ({'hoodoo-ci-model': ''}, NAME, UUID),
    ],
)
def test_a_mark_that_does_not_fit_its_model_is_none(changed: dict[str, str], name: str, uuid: str) -> None:
    assert marks.decode({**marks.encode(MARK), **changed}, name=name, uuid=uuid) is None


@pytest.mark.parametrize(
    'text',
    ['', 'b s 0', 'b s ² 1 2', 'b s 0 ² 2', 'b s 0 0 2', f'b s {"9" * 5000} 1 2', f'b s 0 {"9" * 5000} 2'],
)
def test_what_is_no_process_is_nobody(text: str) -> None:
    assert marks.Owner.parse(text) is None


def test_notes_of_others_are_no_mark() -> None:
    assert marks.decode({'owner': 'somebody'}, name=NAME, uuid=UUID) is None


@pytest.mark.parametrize(
    ('owner', 'kept', 'now_ms', 'lives', 'strangers', 'expected'),
    [
        (OWNER, False, 500, True, False, Standing.RUNS),
        (OWNER, False, 500, False, False, Standing.DEAD),
        (OWNER, False, 1000, False, False, Standing.EXPIRED),
        (OWNER, False, 1000, True, True, Standing.RUNS),
        (OWNER, True, 500, False, False, Standing.KEPT),
        (OWNER, True, 1000, False, False, Standing.EXPIRED),
        # Another machine, another container, another user: nobody here can see that process.
        (dataclasses.replace(OWNER, boot='x'), False, 500, False, True, Standing.ELSEWHERE),
        (dataclasses.replace(OWNER, space='1'), False, 500, False, True, Standing.ELSEWHERE),
        (dataclasses.replace(OWNER, user=0), False, 500, False, True, Standing.ELSEWHERE),
        (dataclasses.replace(OWNER, boot='x'), True, 500, False, True, Standing.KEPT),
        (dataclasses.replace(OWNER, boot='x'), False, 1000, False, False, Standing.STRANGE),
        (dataclasses.replace(OWNER, boot='x'), False, 1000, False, True, Standing.EXPIRED),
        (dataclasses.replace(OWNER, boot='x'), True, 1000, False, True, Standing.EXPIRED),
        (None, False, 500, False, True, Standing.ELSEWHERE),
        (None, False, 1000, False, True, Standing.EXPIRED),
    ],
)
def test_who_may_be_removed(
    owner: marks.Owner | None, kept: bool, now_ms: int, lives: bool, strangers: bool, expected: Standing
) -> None:
    mark = dataclasses.replace(MARK, owner=owner, kept=kept)
    found = marks.standing(mark, here=HERE, lives=lambda _: lives, now_ms=now_ms, strangers=strangers)
    assert found is expected
    assert found.leftover == (expected in (Standing.DEAD, Standing.EXPIRED))


def test_root_sees_the_processes_of_all_users() -> None:
    root = dataclasses.replace(HERE, user=0)
    found = marks.standing(MARK, here=root, lives=lambda _: False, now_ms=1, strangers=False)
    assert found is Standing.DEAD


def test_we_are_a_process_that_lives() -> None:
    me = marks.me()
    assert marks.Owner.parse(str(me)) == me
    assert alive.lives(me.process)
    assert me.user == os.geteuid()


def test_a_process_that_ended_is_dead() -> None:
    with subprocess.Popen(['cat'], stdin=subprocess.PIPE) as child:
        token = alive.token(child.pid)
        assert alive.lives(token)
    owner = dataclasses.replace(marks.me(), process=token)
    mark = dataclasses.replace(MARK, owner=owner)
    found = marks.standing(mark, here=marks.me(), lives=alive.lives, now_ms=1, strangers=False)
    assert found is Standing.DEAD


@pytest.mark.parametrize('text', ['', 'boot', 'boot space 1000', 'boot space me 17 123', 'boot space 1 - -'])
def test_an_owner_that_cannot_be_read_is_none(text: str) -> None:
    assert marks.Owner.parse(text) is None
