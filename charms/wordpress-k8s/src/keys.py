"""What the application keeps in Juju: secrets that it owns, found by their labels."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping

import ops

NAMES = (
    'AUTH_KEY',
    'SECURE_AUTH_KEY',
    'LOGGED_IN_KEY',
    'NONCE_KEY',
    'AUTH_SALT',
    'SECURE_AUTH_SALT',
    'LOGGED_IN_SALT',
    'NONCE_SALT',
)
KEYS = 'keys'
ADMIN = 'admin'
_ALPHABET = string.ascii_letters + string.digits


def make_keys() -> dict[str, str]:
    """Return new keys and salts by WordPress's names."""
    return {name: _random(64) for name in NAMES}


def make_password() -> str:
    """Return a new password that can be typed and needs no quoting anywhere."""
    return _random(24)


def read(model: ops.Model, label: str) -> Mapping[str, str] | None:
    """Return the newest content of the application's secret *label*, or nothing when there is none."""
    try:
        content = model.get_secret(label=label).peek_content()
    except ops.SecretNotFoundError:
        return None
    return _from_juju(label, content)


def write(app: ops.Application, model: ops.Model, label: str, content: Mapping[str, str]) -> None:
    """Make the application's secret *label*, or give it a new revision when *content* differs."""
    stored = _to_juju(label, content)
    try:
        secret = model.get_secret(label=label)
    except ops.SecretNotFoundError:
        app.add_secret(stored, label=label)
        return
    if secret.peek_content() != stored:
        secret.set_content(stored)


def _to_juju(label: str, content: Mapping[str, str]) -> dict[str, str]:
    if label != KEYS:
        return dict(content)
    # Juju's keys are small letters, digits and dashes.
    return {name.lower().replace('_', '-'): value for name, value in content.items()}


def _from_juju(label: str, content: Mapping[str, str]) -> Mapping[str, str]:
    if label != KEYS:
        return content
    return {name.upper().replace('-', '_'): value for name, value in content.items()}


def _random(length: int) -> str:
    return ''.join(secrets.choice(_ALPHABET) for _ in range(length))
