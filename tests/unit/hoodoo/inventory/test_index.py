"""The index follows the inventory's files, and outlives whatever happens to its own."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from bedrock import errors, store
from hoodoo.inventory import indexfile
from hoodoo.inventory.index import Index
from hoodoo.inventory.state import Health, State

Opener = Callable[..., Index]
LATER_NS = 10**18
"""So that no file counts as just written."""
READY = State(health=Health.READY, units=3, seen_ms=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / 'inventory'
    made.mkdir()
    write(made, 'production', 'staging')
    return made


@pytest.fixture
def at(tmp_path: Path) -> Generator[Opener]:
    opened: list[Index] = []

    def opener(*, now_ns: Callable[[], int] = lambda: 4 * LATER_NS) -> Index:
        opened.append(Index(tmp_path / 'index.db', now_ns=now_ns))
        return opened[-1]

    yield opener
    for one in opened:
        one.close()


def write(folder: Path, *stages: str) -> None:
    (folder / 'blog.yaml').write_text(
        'service: blog\ncontroller: tokyo\nmodel: "blog-{stage}"\n'
        f'matrix:\n- clouds: {{aws: [ap-northeast-1]}}\n  stages: [{", ".join(stages)}]\n'
    )


def names(index: Index) -> list[str]:
    return [one.name.rpartition('/')[2] for one in index.environments()]


def test_it_is_rebuilt_when_files_change_and_only_then(folder: Path, at: Opener) -> None:
    index = at()
    assert index.sync(folder).rebuilt
    assert not index.sync(folder).rebuilt
    assert not at().sync(folder).rebuilt
    (folder / 'notes.txt').write_text('no part of it')
    assert not index.sync(folder).rebuilt
    write(folder, 'production', 'testing')
    again = index.sync(folder)
    assert (again.rebuilt, again.environments) == (True, 2)
    assert names(index) == ['production', 'testing']
    assert [hit.environment.stage for hit in index.find('blog tokyo test')] == ['testing']
    assert index.find('blog tokyo staging') == []


def test_a_file_with_the_size_and_the_times_of_another_is_seen(folder: Path, at: Opener) -> None:
    index = at()
    index.sync(folder)
    was = (folder / 'blog.yaml').stat()
    write(folder, 'productiom', 'staging')
    os.utime(folder / 'blog.yaml', ns=(was.st_atime_ns, was.st_mtime_ns))
    assert (folder / 'blog.yaml').stat().st_size == was.st_size
    assert index.sync(folder).rebuilt


def test_a_file_that_was_just_written_is_read_once_more(folder: Path, at: Opener) -> None:
    """It may change again within a tick of the clock, and look the same."""
    newest = (folder / 'blog.yaml').stat().st_ctime_ns
    index = at(now_ns=lambda: newest + 1)
    assert index.sync(folder).rebuilt
    assert index.sync(folder).rebuilt


def test_states_outlive_rebuilds(folder: Path, at: Opener) -> None:
    index = at()
    index.sync(folder)
    index.keep('blog/aws/ap-northeast-1/staging', READY)
    write(folder, 'production')
    index.sync(folder)
    write(folder, 'production', 'staging')
    at().sync(folder)
    assert at().state('blog/aws/ap-northeast-1/staging') == READY
    assert index.state('blog/aws/ap-northeast-1/production') == State()
    assert index.states() == {'blog/aws/ap-northeast-1/staging': READY}


def test_a_state_is_changed_in_one_step(folder: Path, at: Opener) -> None:
    first, second = at(), at()
    first.keep('a', READY)
    second.change('a', lambda state: State(health=state.health, units=state.units + 1))
    assert first.state('a').units == 4


def test_problems_leave_it_as_it_was(folder: Path, at: Opener) -> None:
    index = at()
    index.sync(folder)
    (folder / 'blog.yaml').write_text('service: [')
    with pytest.raises(errors.Problems):
        index.sync(folder)
    seen = index.sync(folder, lenient=True)
    assert isinstance(seen.problems, errors.Problems)
    assert names(index) == ['production', 'staging']
    write(folder, 'production')
    assert index.sync(folder, lenient=True).problems is None
    assert names(index) == ['production']


def test_problems_of_an_inventory_that_was_never_read_are_told(folder: Path, at: Opener) -> None:
    (folder / 'blog.yaml').write_text('service: [')
    with pytest.raises(errors.Problems):
        at().sync(folder, lenient=True)
    with pytest.raises(errors.UsageFault, match='cannot find the inventory'):
        at().sync(folder / 'none', lenient=True)


def test_two_inventories_share_a_file(folder: Path, tmp_path: Path, at: Opener) -> None:
    other = tmp_path / 'other'
    other.mkdir()
    write(other, 'testing')
    first, second = at(), at()
    first.sync(folder)
    second.sync(other)
    assert not first.sync(folder).rebuilt
    assert names(first) == ['production', 'staging']
    assert names(second) == ['testing']
    assert second.find('blog production') == []


@pytest.mark.parametrize('damage', [b'no database at all', b'SQLite format 3\0' + b'\xff' * 4096, b''])
def test_a_damaged_file_is_made_anew(
    damage: bytes, folder: Path, tmp_path: Path, at: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    before = at()
    before.sync(folder)
    before.close()
    for name in ('index.db-wal', 'index.db-shm'):
        (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / 'index.db').write_bytes(damage)
    index = at()
    assert index.sync(folder).rebuilt
    assert names(index) == ['production', 'staging']
    assert ('was made anew' in caplog.text) == bool(damage)


def test_damage_within_is_mended_when_it_is_met(folder: Path, tmp_path: Path, at: Opener) -> None:
    index = at()
    index.sync(folder)
    index.keep('a', READY)
    with contextlib.closing(store.Store(tmp_path / 'index.db', indexfile.MIGRATIONS)) as other:
        other.write_now(lambda db: db.execute("UPDATE environment SET body = x'00'"))
        assert names(index) == ['production', 'staging']
    assert index.state('a') == READY


def test_a_newer_file_gives_its_states(
    folder: Path, tmp_path: Path, at: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    before = at()
    before.keep('a', READY)
    before.close()
    unheard = 'INSERT INTO state VALUES (\'b\', CAST(\'{"health": "unheard of"}\' AS BLOB));'
    newer = (*indexfile.MIGRATIONS, unheard)
    store.Store(tmp_path / 'index.db', newer).close()
    index = at()
    index.sync(folder)
    assert 'is kept' in caplog.text
    assert names(index) == ['production', 'staging']
    assert index.states() == {'a': READY}


def test_everybody_at_once(folder: Path, at: Opener) -> None:
    indexes = [at() for _ in range(4)]
    found: list[list[str]] = []

    def work(index: Index) -> None:
        for number in range(5):
            index.sync(folder)
            index.keep(f'a{number}', READY)
        found.append(names(index))

    threads = [threading.Thread(target=work, args=(index,)) for index in indexes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [['production', 'staging']] * 4
    assert len(indexes[0].states()) == 5
