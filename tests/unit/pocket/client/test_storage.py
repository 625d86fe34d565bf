"""Storage on the command line and in tables; golden files beside those of status."""

from __future__ import annotations

import json
import os
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from pocket.client import faults, output, values
from pocket.client.render import status, storage_tables

DATA = Path(__file__).parents[3] / 'data' / 'client'


def _document() -> dict[str, Any]:
    full = json.loads((DATA / 'storage.fullstatus.json').read_text())
    return status.storage(full, status.Style(zone=UTC))


def _compare(name: str, made: str) -> None:
    golden = DATA / f'storage-{name}.txt'
    if os.environ.get('UPDATE_GOLDEN'):
        golden.write_text(f'{made.rstrip()}\n')
    assert f'{made.rstrip()}\n' == golden.read_text()


def test_storage_is_shown_as_the_golden_files_have_it() -> None:
    document = _document()
    _compare('list', storage_tables.instances(document))
    _compare('status', storage_tables.instances(document, for_status=True))
    _compare('filesystems', storage_tables.filesystems(document))
    _compare('volumes', storage_tables.volumes(document))
    _compare('yaml', output.as_yaml(document))


def test_pools_are_shown_with_what_they_were_made_with() -> None:
    pools = {'tmpfs': {'provider': 'tmpfs'}, 'disks': {'provider': 'loop', 'attrs': {'b': 2, 'a': 1}}}
    assert storage_tables.pools(pools).splitlines() == [
        'Name   Provider  Attributes',
        'disks  loop      a=1 b=2',
        'tmpfs  tmpfs',
    ]


@pytest.mark.parametrize(
    ('mib', 'text'),
    [(0, ''), (48, '48 MiB'), (1, '1.0 MiB'), (1024, '1.0 GiB'), (2560, '2.5 GiB'), (102400, '100 GiB')],
)
def test_sizes_are_short(mib: int, text: str) -> None:
    assert storage_tables.size(mib) == text


@pytest.mark.parametrize(
    ('words', 'expected'),
    [
        (['data'], {'data': {'count': 1}}),
        (['data=2'], {'data': {'count': 2}}),
        (['data=loop,2,10G', 'logs=64M,tmpfs'], {
            'data': {'count': 2, 'pool': 'loop', 'size': 10240},
            'logs': {'count': 1, 'pool': 'tmpfs', 'size': 64},
        }),
    ],
)  # fmt: skip
def test_pool_count_and_size_may_come_in_any_order(words: list[str], expected: dict[str, Any]) -> None:
    assert values.storage(words) == expected


@pytest.mark.parametrize(
    ('words', 'problem'),
    [
        (['=loop'], 'missing name'),
        (['data=1', 'data=2'], 'storage "data" specified more than once'),
        (['data=0'], 'count must be greater than zero, got "0"'),
        (['data=loop,rootfs'], 'pool is already set, new value "rootfs" not valid'),
        (['data=1X'], 'bad size for storage "data"'),
        (['data=-1'], 'unrecognized storage constraint "-1"'),
    ],
)
def test_directives_that_make_no_sense_are_refused(words: list[str], problem: str) -> None:
    with pytest.raises(faults.WrongUsage) as caught:
        values.storage(words)
    assert problem in str(caught.value)


@pytest.mark.parametrize('text', ['data', 'data/x', 'Data/0', 'data/0/1', ''])
def test_what_is_no_id_of_storage_is_refused(text: str) -> None:
    with pytest.raises(faults.WrongUsage, match='not valid'):
        values.storage_tag(text)


def test_an_id_of_storage_becomes_its_tag() -> None:
    assert values.storage_tag('my-data/10') == 'storage-my-data-10'
