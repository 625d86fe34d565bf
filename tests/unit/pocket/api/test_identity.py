"""Who a controller is."""

from __future__ import annotations

from pathlib import Path

from pocket.api import identity
from pocket.api.identity import PasswordHash


def test_a_home_keeps_its_identity(tmp_path: Path) -> None:
    first, second = identity.load_or_create(tmp_path), identity.load_or_create(tmp_path)

    assert first == second
    assert first.password not in repr(first)
    assert (tmp_path / 'admin-password').stat().st_mode & 0o777 == 0o600


def test_two_homes_are_two_controllers(tmp_path: Path) -> None:
    one, other = identity.load_or_create(tmp_path / 'a'), identity.load_or_create(tmp_path / 'b')

    assert one.controller_uuid != other.controller_uuid
    assert one.password != other.password
    assert one.ca_cert_pem != other.ca_cert_pem


def test_only_the_password_matches_its_hash() -> None:
    kept = PasswordHash.of('right')

    assert kept.matches('right')
    assert not kept.matches('wrong')
    assert not kept.matches('')
    assert kept.digest != PasswordHash.of('right').digest
