"""The storage section of a charm's metadata, as tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bedrock import charm, charmstorage


@pytest.mark.parametrize(
    ('multiple', 'count'),
    [
        (None, (1, 1)),
        ({'range': '0-'}, (0, -1)),
        ({'range': '1+'}, (1, -1)),
        ({'range': '1-3'}, (1, 3)),
        ({'range': 2}, (2, 2)),
        ({'range': '0-1'}, (0, 1)),
    ],
)
def test_a_range_says_how_many_instances_a_unit_takes(multiple: Any, count: tuple[int, int]) -> None:
    spec = charmstorage.parse('data', {'type': 'filesystem', 'multiple': multiple})
    assert (spec.count_min, spec.count_max) == count


@pytest.mark.parametrize(
    ('raw', 'place'),
    [
        ({}, '/var/lib/juju/storage/data/3'),
        ({'location': '/srv/data'}, '/srv/data'),
        ({'location': '/srv', 'multiple': {'range': '0-'}}, '/srv/data/3'),
        ({'location': '/srv/', 'multiple': {'range': '0-1'}}, '/srv/'),
    ],
)
def test_a_singleton_is_mounted_just_at_its_location(raw: dict[str, Any], place: str) -> None:
    assert charmstorage.parse('data', {'type': 'filesystem', **raw}).mount_point('data/3') == place


@pytest.mark.parametrize(
    ('raw', 'problem'),
    [
        ({}, 'storage "data" has unknown type "None"'),
        ({'type': 'tape'}, 'storage "data" has unknown type "tape"'),
        ({'type': 'filesystem', 'location': 'srv'}, 'invalid location "srv": not an absolute path'),
        ({'type': 'filesystem', 'location': '/srv/../etc'}, 'invalid location "/srv/../etc"'),
        (
            {'type': 'filesystem', 'location': '/var/lib/juju/storage/x'},
            'must not fall within "/var/lib/juju/storage"',
        ),
        ({'type': 'filesystem', 'multiple': {'range': '3-1'}}, 'invalid range "3-1"'),
        ({'type': 'filesystem', 'multiple': {'range': 'many'}}, 'invalid range "many"'),
        ({'type': 'filesystem', 'minimum-size': 'big'}, 'invalid minimum-size "big"'),
    ],
)
def test_a_section_that_makes_no_sense_is_refused_when_the_charm_is_read(
    tmp_path: Path, raw: dict[str, Any], problem: str
) -> None:

    (tmp_path / 'metadata.yaml').write_text(json.dumps({'name': 'a', 'storage': {'data': raw}}))
    with pytest.raises(charm.CharmFault) as caught:
        charm.read(tmp_path)
    assert problem in caught.value.message


@pytest.mark.parametrize(
    ('text', 'mib'), [('5', 5), ('100M', 100), ('1.5G', 1536), ('2T', 2 * 1024**2), ('1GiB', 1024)]
)
def test_sizes_are_mebibytes_unless_they_say_otherwise(text: str, mib: int) -> None:
    assert charmstorage.size_mib(text) == mib
