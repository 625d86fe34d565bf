"""Pieces of Juju's JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pocket.api import encode
from pocket.api.fields import Fields
from pocket.api.http import STATUS, error_response
from pocket.model import Base, Life, Status
from pocket.services.errors import JujuError


@pytest.mark.parametrize(
    ('at_ms', 'text'),
    [
        (0, '0001-01-01T00:00:00Z'),
        (1_795_339_200_000, '2026-11-22T09:20:00.000Z'),
        (1, '1970-01-01T00:00:00.001Z'),
    ],
)
def test_times_are_utc_and_none_is_the_zero_time_of_go(at_ms: int, text: str) -> None:
    assert encode.timestamp(at_ms) == text


@pytest.mark.parametrize(
    ('constraints', 'text'),
    [
        ({}, ''),
        ({'cores': 2, 'mem': 1024}, 'cores=2 mem=1024M'),
        ({'root-disk': 8192, 'arch': None}, 'root-disk=8192M'),
        ({'tags': ['a', 'b'], 'allocate-public-ip': True}, 'tags=a,b allocate-public-ip=true'),
    ],
)
def test_constraints_are_written_as_a_person_would(constraints: Mapping[str, Any], text: str) -> None:
    assert encode.constraint_text(constraints) == text


@pytest.mark.parametrize(
    ('scope', 'directive', 'text'),
    [
        ('#', '0', '0'),
        ('', '0', '0'),
        ('lxd', '0', 'lxd:0'),
        ('lxd', '', 'lxd'),
        ('5a8e', 'zone=a', 'zone=a'),
    ],
)
def test_placements_are_written_as_a_person_would(scope: str, directive: str, text: str) -> None:
    assert encode.placement(Fields({'scope': scope, 'directive': directive}), '5a8e') == text


@pytest.mark.parametrize(
    ('sent', 'base'),
    [
        ({'name': 'ubuntu', 'channel': '24.04/stable'}, Base(name='ubuntu', channel='24.04')),
        ({'name': 'debian', 'channel': '12'}, Base(name='debian', channel='12')),
        ({'name': '', 'channel': ''}, None),
        ({}, None),
    ],
)
def test_bases_lose_their_risk_on_the_way_in(sent: dict[str, str], base: Base | None) -> None:
    assert encode.parse_base(Fields(sent)) == base
    if base is not None:
        assert encode.base(base)['channel'] == f'{base.channel}/stable'


@pytest.mark.parametrize(('life', 'text'), [(Life.ALIVE, ''), (Life.DYING, 'dying'), (Life.DEAD, 'dead')])
def test_a_status_carries_life_only_when_it_ends(life: Life, text: str) -> None:
    status = Status(value='idle', message='m', data={'k': 1}, since_ms=1)

    assert encode.detailed_status(status, life=life) == {
        'status': 'idle',
        'info': 'm',
        'data': {'k': 1},
        'since': '1970-01-01T00:00:00.001Z',
        'kind': '',
        'version': '',
        'life': text,
    }


@pytest.mark.parametrize(
    ('code', 'status'),
    [
        ('unauthorized access', 401),
        ('not found', 404),
        ('model not found', 404),
        ('bad request', 400),
        ('forbidden', 403),
        ('method not allowed', 405),
        ('not yet available; try again later', 409),
        ('already exists', 500),
        ('', 500),
    ],
)
def test_codes_are_http_statuses(code: str, status: int) -> None:
    assert STATUS.get(code, 500) == status
    response = error_response(JujuError('no', code), doing='cannot do it')
    assert response.status_code == status
    assert ('www-authenticate' in response.headers) == (status == 401)
