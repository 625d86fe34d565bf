"""Charms are packed one by one and cannot import from each other, so what two of them need stands in both."""

from __future__ import annotations

from pathlib import Path

import pytest

CHARMS = Path(__file__).resolve().parents[2] / 'charms'


@pytest.mark.parametrize(
    ('name', 'charms'),
    [
        ('machine.py', ('haproxy', 'nrpe')),
        ('related.py', ('haproxy', 'nrpe')),
        ('kube.py', ('ingress-integrator-k8s', 'wordpress-k8s')),
    ],
)
def test_what_two_charms_share_is_the_same(name: str, charms: tuple[str, str]) -> None:
    first, second = (CHARMS / charm / 'src' / name for charm in charms)
    assert first.read_text() == second.read_text()
