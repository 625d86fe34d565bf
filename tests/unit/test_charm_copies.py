"""Charms are packed one by one and cannot import from each other, so what two of them need stands in both."""

from __future__ import annotations

import re
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


def test_a_charm_knows_the_constants_that_its_image_fixes() -> None:
    image = CHARMS.parent / 'images/wordpress/files/usr/share/wordpress/wp-config.php'
    given = re.search(r'fixed = \[\n(.*?)\n    \];', image.read_text(), re.DOTALL)
    reader = CHARMS / 'wordpress-k8s/src/config/_reader.py'
    known = re.search(r'_FIXED = \(\n(.*?)\n\)', reader.read_text(), re.DOTALL)
    assert given
    assert known
    assert set(re.findall('[A-Z_]+', known[1])) == set(
        re.findall(r"^        '([A-Z_]+)' =>", given[1], re.MULTILINE)
    )
