"""Storage in Juju's JSON."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pocket.api import storagejson
from pocket.model import Life, Status
from pocket.services.errors import JujuError
from pocket.services.storage.directives import Wanted
from pocket.services.storage.records import StorageRecord

VOLUME = StorageRecord(
    id='pg-data/0',
    owner='a/0',
    pool='disks',
    provider='loop',
    size_mib=1024,
    filesystem_id='4',
    volume_id='2',
    life=Life.ALIVE,
    persistent=True,
    status=Status(value='attached', since_ms=1),
    unit='a/0',
    machine='0',
    location='/srv/data',
    read_only=False,
    attachment_life=Life.ALIVE,
    provisioned=True,
)
FOLDER = replace(VOLUME, id='logs/1', filesystem_id='0/5', volume_id='', persistent=False)


@pytest.mark.parametrize(
    ('tag', 'storage_id'),
    [('storage-data-0', 'data/0'), ('storage-pg-data-10', 'pg-data/10'), ('storage-data/0', 'data/0')],
)
def test_tags_name_storage(tag: str, storage_id: str) -> None:
    assert storagejson.untag(tag) == storage_id


@pytest.mark.parametrize('tag', ['storage-data', 'storage--0', 'unit-data-0', 'storage-data-x', ''])
def test_other_tags_are_refused(tag: str) -> None:
    with pytest.raises(JujuError, match='is not a valid storage tag'):
        storagejson.untag(tag)


def test_only_a_volume_has_a_volume() -> None:
    assert [each['volume-tag'] for each in storagejson.volumes([VOLUME, FOLDER])] == ['volume-2']
    first, second = storagejson.filesystems([VOLUME, FOLDER])
    assert (first['filesystem-tag'], first['volume-tag']) == ('filesystem-4', 'volume-2')
    assert second['filesystem-tag'] == 'filesystem-0-5'
    assert 'volume-tag' not in second


def test_an_attachment_has_its_place_only_once_it_is_there() -> None:
    (there,) = storagejson.instances([VOLUME])
    (coming,) = storagejson.instances([replace(VOLUME, provisioned=False)])
    assert there['attachments']['unit-a-0']['location'] == '/srv/data'
    assert coming['attachments']['unit-a-0']['location'] == ''
    (free,) = storagejson.instances([replace(VOLUME, unit='', owner='', machine='')])
    assert (free['attachments'], free['owner-tag']) == ({}, '')


def test_what_is_asked_for_may_leave_anything_open() -> None:
    asked = {'data': {'Pool': 'loop', 'size': None}, 'logs': {'count': 2, 'size': 64}}
    assert storagejson.wanted_by_name(asked, 'storage') == {
        'data': Wanted(pool='loop'),
        'logs': Wanted(size_mib=64, count=2),
    }
    with pytest.raises(JujuError, match='"data" is not an object'):
        storagejson.wanted_by_name({'data': 'loop'}, 'storage')
