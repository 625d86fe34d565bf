"""The audit journal: only added to, by many at once, and what it says when something was killed."""

from __future__ import annotations

import concurrent.futures
import json
import sys
from pathlib import Path

import pytest

from bedrock import alive, process
from hoodoo.fleet import audit, audit_lines


@pytest.mark.parametrize(
    'value',
    [
        'plain',
        'with "quotes", \\ and / and \n\t\x00\x7f',
        'käse 漢字 🦔',
        'no text: \udcff\udc80',
        12,
        -1,
        True,
        False,
        None,
        [],
        ['a', 1, ['b']],
        {'a': 'b', 'ä"': [True]},
    ],
)
def test_json_is_what_python_reads(value: object) -> None:
    assert json.loads(audit_lines.encoded(value)) == value


def test_what_was_added_is_read_and_is_the_owners_alone(tmp_path: Path) -> None:
    audit_lines.add(str(tmp_path), {'event': 'session', 'id': 's', 'argv': ['ä', '\n']}, surely=True)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    (record,) = audit.Reader(tmp_path).new()
    assert (record['id'], record['argv']) == ('s', ['ä', '\n'])


_MANY = """
import sys
sys.path.append(sys.argv[1])
from hoodoo.fleet import audit_lines
for number in range(200):
    audit_lines.add(sys.argv[2], {'event': 'command', 'id': f'{sys.argv[3]}.{number}', 'argv': ['x' * 900]})
"""


def test_many_processes_add_at_once(tmp_path: Path) -> None:
    source = str(Path(audit_lines.__file__).parents[2])
    # As the guard starts: without packages of a site.
    adding = [[sys.executable, '-IS', '-c', _MANY, source, str(tmp_path), str(name)] for name in range(4)]
    with concurrent.futures.ThreadPoolExecutor(len(adding)) as pool:
        list(pool.map(process.run, adding))
    reader = audit.Reader(tmp_path)
    assert {str(record['id']) for record in reader.new()} == {
        f'{a}.{b}' for a in range(4) for b in range(200)
    }
    assert reader.torn == 0


def test_a_torn_line_harms_no_other(tmp_path: Path) -> None:
    audit_lines.add(str(tmp_path), {'event': 'command', 'id': '1'})
    (file,) = tmp_path.iterdir()
    with file.open('a') as torn:
        torn.write('{"event":"comm')
    audit_lines.add(str(tmp_path), {'event': 'command', 'id': '2'})
    reader = audit.Reader(tmp_path)
    assert [record['id'] for record in reader.new()] == ['1', '2']
    assert reader.torn == 1


def test_a_line_that_is_not_complete_is_read_when_it_is(tmp_path: Path) -> None:
    file = tmp_path / '2026-11.jsonl'
    reader = audit.Reader(tmp_path)
    file.write_text('{"event":"command","id":"1"}\n{"event":"com')
    assert [record['id'] for record in reader.new()] == ['1']
    file.write_text(f'{file.read_text()}mand","id":"2"}}\n')
    assert [record['id'] for record in reader.new()] == ['2']


def test_links_are_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / 'audit'
    folder.mkdir()
    audit_lines.add(str(folder), {'event': 'session'})
    (file,) = folder.iterdir()
    elsewhere = tmp_path / 'elsewhere'
    elsewhere.touch()
    file.unlink()
    file.symlink_to(elsewhere)
    with pytest.raises(OSError, match='symbolic'):
        audit_lines.add(str(folder), {'event': 'session'})


_SESSION = {
    'event': 'session',
    'id': 's',
    'at_ms': 1,
    'environment': 'mirror',
    'kind': 'connect',
    'mode': 'write',
    'reason': 'ticket 1',
    'login': 'ada',
    'user': 'root',
    'sudo': '',
}
_COMMAND = {
    'event': 'command',
    'id': 'c',
    'session': 's',
    'at_ms': 2,
    'argv': ['add-unit', 'a'],
    'writes': True,
}


def _one(*more: dict[str, object]) -> audit.Entry:
    return list(audit.entries([_SESSION, {**_COMMAND, **(more[0] if more else {})}, *more[1:]]))[1]


def test_a_command_knows_whose_it_is() -> None:
    entry = _one()
    assert (entry.who, entry.what, entry.writes) == ('ada', 'juju add-unit a', True)
    assert entry.facts['environment'] == 'mirror'
    session, _ = audit.entries([_SESSION, _COMMAND])
    assert (session.what, session.writes) == ('connect (ticket 1)', True)


def test_what_was_typed_makes_no_line_of_its_own_and_acts_on_no_terminal() -> None:
    entry = _one({'argv': ['exec', 'a\n2026-11-23  ada', '\x1b[2Jé\u202e']})
    assert entry.what == 'juju exec a\\n2026-11-23  ada \\x1b[2Jé\\u202e'


@pytest.mark.parametrize(
    'line',
    [
        '{"event":"session","id":"q","at_ms":"x"}',
        '{"event":"command","id":"q","argv":5}',
        '{"event":"command","id":"q","argv":[5]}',
        '{"event":"ended","id":"q","exit":"x"}',
        '["event"]',
    ],
)
def test_a_line_that_somebody_edited_harms_no_other(line: str, tmp_path: Path) -> None:
    audit_lines.add(str(tmp_path), _SESSION)
    (file,) = tmp_path.iterdir()
    with file.open('a') as edited:
        edited.write(f'{line}\n')
    reader = audit.Reader(tmp_path)
    assert [entry.id for entry in audit.entries(reader.new())] == ['s']
    assert reader.torn == 1


@pytest.mark.parametrize(
    ('records', 'outcome'),
    [
        (({'process': '1 0'},), 'unfinished'),
        (({'process': alive.me()},), 'running'),
        (({'process': alive.me()}, {'event': 'ended', 'id': 'c', 'exit': 0, 'ms': 5}), 'done'),
        (({'process': alive.me()}, {'event': 'ended', 'id': 'c', 'exit': 1, 'ms': 5}), 'failed'),
        (({'refused': 'read-only'},), 'refused'),
    ],
)
def test_how_it_ended(records: tuple[dict[str, object], ...], outcome: str) -> None:
    assert _one(*records).outcome == outcome
