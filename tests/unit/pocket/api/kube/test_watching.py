"""What a client that watches is told."""

from __future__ import annotations

from typing import Any

import pytest

from pocket.api.kube import catalog, watching


def _item(name: str, version: str, *, uid: str = 'u', **labels: str) -> dict[str, Any]:
    return {'metadata': {'name': name, 'uid': uid, 'resourceVersion': version, 'labels': labels}}


A, A2, OTHER_A = _item('a', '1'), _item('a', '2', role='primary'), _item('a', '3', uid='v')


@pytest.mark.parametrize(
    ('before', 'now', 'selector', 'wanted'),
    [
        ([], [A], '', ['ADDED a']),
        ([A], [A], '', []),
        ([A], [A2], '', ['MODIFIED a']),
        ([A], [], '', ['DELETED a']),
        ([A], [OTHER_A], '', ['DELETED a', 'ADDED a']),
        # What comes to be meant by the selector is new to the client, and the other way round.
        ([A], [A2], 'role=primary', ['ADDED a']),
        ([A2], [A], 'role=primary', ['DELETED a']),
        ([], [A], 'role=primary', []),
    ],
)
def test_events_tell_the_difference(
    before: list[dict[str, Any]], now: list[dict[str, Any]], selector: str, wanted: list[str]
) -> None:
    told = watching.changes(
        watching.by_name(before),
        watching.by_name(now),
        is_meant=lambda item: catalog.selected(item, {'labelSelector': selector}),
    )
    assert [f'{event} {item["metadata"]["name"]}' for event, item in told] == wanted


def test_what_was_told_too_long_ago_is_not_known() -> None:
    told = watching.Told()
    for number in range(300):
        told.remember('Pod', str(number), {})
    assert told.find('Pod', '0') is None
    assert told.find('Pod', '299') == {}
    assert told.find('Secret', '299') is None


@pytest.mark.parametrize(
    ('selector', 'is_meant'),
    [
        ('role=primary', True),
        ('role == primary,x', False),
        ('role in (primary, replica),!x', True),
        ('role notin (primary)', False),
        ('role!=replica', True),
        ('x notin (y)', True),
        ('role', True),
    ],
)
def test_selectors_of_labels(selector: str, is_meant: bool) -> None:
    assert catalog.selected(A2, {'labelSelector': selector}) is is_meant
