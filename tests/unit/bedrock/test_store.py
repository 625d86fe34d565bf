from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import pytest

from bedrock import process, store

FIRST = "CREATE TABLE word (text TEXT NOT NULL) STRICT; INSERT INTO word VALUES ('a;b');"
SECOND = 'CREATE TABLE number (n INTEGER) STRICT;'


def _words(db: sqlite3.Connection) -> list[str]:
    return [row['text'] for row in db.execute('SELECT text FROM word')]


async def test_work_that_raises_leaves_nothing(tmp_path: Path) -> None:
    opened = store.Store(tmp_path / 'x.db', [FIRST])

    def work(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO word VALUES ('lost')")
        raise ValueError('no')

    with pytest.raises(ValueError, match='no'):
        await opened.write(work)
    assert opened.read_now(_words) == ['a;b']
    opened.close()


def test_a_database_is_migrated_step_by_step(tmp_path: Path) -> None:
    path = tmp_path / 'x.db'
    store.Store(path, [FIRST]).close()
    stepped = store.Store(path, [FIRST, SECOND])
    whole = store.Store(tmp_path / 'y.db', [FIRST, SECOND])

    def schema(db: sqlite3.Connection) -> list[str]:
        return [row['sql'] for row in db.execute('SELECT sql FROM sqlite_master ORDER BY name')]

    assert stepped.read_now(schema) == whole.read_now(schema)
    stepped.close()
    whole.close()


@pytest.mark.parametrize(
    ('known', 'said'),
    [([FIRST], 'has version 2, this program knows 1'), ([FIRST, 'SELECT 1;'], 'is not ours')],
)
def test_foreign_state_is_refused(tmp_path: Path, known: list[str], said: str) -> None:
    store.Store(tmp_path / 'x.db', [FIRST, SECOND]).close()
    with pytest.raises(store.StoreFault, match=said):
        store.Store(tmp_path / 'x.db', known)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / 'x.db').write_text('hello, this is no database at all' * 10)
    with pytest.raises(store.StoreFault, match='cannot open database'):
        store.Store(tmp_path / 'x.db', [FIRST])


def test_what_was_written_survives_kill_9(tmp_path: Path) -> None:
    program = f"""
import os, pathlib
from bedrock import store
s = store.Store(pathlib.Path({str(tmp_path / 'x.db')!r}), [{FIRST!r}])
s.write_now(lambda db: db.execute("INSERT INTO word VALUES ('kept')"))
os.kill(os.getpid(), 9)
"""
    done = process.run([sys.executable, '-c', program], check=False)
    assert done.returncode == -9
    opened = store.Store(tmp_path / 'x.db', [FIRST])
    assert opened.read_now(_words) == ['a;b', 'kept']
    opened.close()


def test_two_in_one_process_lose_nothing_when_another_process_looks(tmp_path: Path) -> None:
    path = tmp_path / 'x.db'
    program = f"""
import sqlite3
db = sqlite3.connect({str(path)!r})
print(*(text for text, in db.execute('SELECT text FROM word')))
db.close()
"""
    first = store.Store(path, [FIRST])
    store.Store(path, [FIRST]).close()
    assert process.run([sys.executable, '-c', program]).stdout.split() == ['a;b']
    first.write_now(lambda db: db.execute("INSERT INTO word VALUES ('kept')"))
    assert process.run([sys.executable, '-c', program]).stdout.split() == ['a;b', 'kept']
    first.close()
