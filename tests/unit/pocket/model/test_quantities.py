"""Amounts as Kubernetes writes them."""

from __future__ import annotations

import pytest

from pocket.model import quantities


@pytest.mark.parametrize(
    ('text', 'amount'),
    [
        ('0', 0),
        ('1.5Gi', 3 * 2**29),
        ('100Mi', 100 * 2**20),
        ('2e3', 2000),
        ('3k', 3000),
        ('500m', 0.5),
        ('.5', 0.5),
    ],
)
def test_an_amount_is_read(text: str, amount: float) -> None:
    assert quantities.parse(text) == amount


@pytest.mark.parametrize('text', ['', 'x', '1 Gi', '1KI', '-1', '1e', '1Gi\n', '1eM'])
def test_what_is_no_amount_is_not_read(text: str) -> None:
    assert quantities.parse(text) is None
