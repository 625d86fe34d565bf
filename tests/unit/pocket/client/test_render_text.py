"""Columns, natural order, ports, times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from pocket.client import timing
from pocket.client.render import charm_url, text


def test_columns_are_two_spaces_apart_and_lines_end_with_their_last_word() -> None:
    made = text.table(['Name', 'N', 'Message'], [['a', '10', ''], ['longer', '2', 'x']], right=('N',))
    assert made.split('\n') == ['Name     N  Message', 'a       10', 'longer   2  x']


def test_numbers_in_names_are_ordered_as_numbers() -> None:
    names = ['u/10', '1', 'u/2', '0/lxd/1', 'a', '0', 'v10/0', 'v9/0']
    assert sorted(names, key=text.natural) == ['0', '0/lxd/1', '1', 'a', 'u/2', 'u/10', 'v9/0', 'v10/0']


@pytest.mark.parametrize(
    ('opened', 'expected'),
    [
        (['80/tcp', '443/tcp', '53/udp'], '80,443/tcp 53/udp'),
        (['8000/tcp', '8001/tcp', '8002/tcp', '8003/tcp'], '8000-8003/tcp'),
        (['8000-8003/tcp', '8004/tcp'], '8000-8003,8004/tcp'),
        (['icmp', '22/tcp'], 'icmp 22/tcp'),
        (['80/tcp', '80/tcp'], '80/tcp'),
        ([], ''),
    ],
)
def test_ports_are_grouped_by_protocol(opened: list[str], expected: str) -> None:
    assert text.ports(opened) == expected


def test_a_long_message_is_cut() -> None:
    assert text.shortened('x' * 121) == 'x' * 120 + '...'
    assert text.shortened('a\nb\n') == 'a b'


@pytest.mark.parametrize(
    ('url', 'origin', 'name', 'revision'),
    [
        ('ch:amd64/jammy/ubuntu-24', 'charmhub', 'ubuntu', 24),
        ('ch:amd64/my-charm-k8s-3', 'charmhub', 'my-charm-k8s', 3),
        ('local:tester-0', 'local', 'tester', 0),
        ('local:focal/tester', 'local', 'tester', -1),
        ('cs:old-1', 'unknown', 'old', 1),
    ],
)
def test_charm_urls_are_taken_apart(url: str, origin: str, name: str, revision: int) -> None:
    parsed = charm_url.parsed(url)
    assert (parsed.origin, parsed.name, parsed.revision) == (origin, name, revision)


def test_times_are_shown_in_the_zone_or_in_utc() -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    stamp = '2026-11-22T09:20:00.123456789Z'
    assert timing.since(stamp, utc=False, zone=UTC) == '22 Nov 2026 09:20:00Z'
    assert timing.since(stamp, utc=False, zone=zone) == '22 Nov 2026 14:50:00+05:30'
    assert timing.since(stamp, utc=True, zone=zone) == '2026-11-22 09:20:00Z'
    assert timing.clock(stamp, utc=False, zone=zone) == '14:50:00+05:30'
    assert timing.clock(stamp, utc=True) == '09:20:00'
    assert timing.task_time(stamp) == '2026-11-22 09:20:00 +0000 UTC'


@pytest.mark.parametrize(
    ('ago', 'expected'),
    [
        (timedelta(seconds=59), 'just now'),
        (timedelta(seconds=60), '1 minute ago'),
        (timedelta(minutes=59), '59 minutes ago'),
        (timedelta(hours=2), '2 hours ago'),
        (timedelta(hours=30), 'yesterday'),
        (timedelta(days=3), '2026-11-19'),
    ],
)
def test_how_long_ago_is_told_in_words(ago: timedelta, expected: str) -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert timing.friendly((now - ago).isoformat(), now=now) == expected
    assert timing.friendly(None, now=now) == 'never connected'
