"""Who this controller is: its uuid, its administrator's password and its certificates, made once per home."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bedrock import files
from pocket.api import tls

__all__ = ['ADMIN', 'Identity', 'PasswordHash', 'load_or_create']

ADMIN = 'admin'
"""The one user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordHash:
    """What is kept of a password to check it by.

    The password is random and long, so one round of a salted hash is enough: there is nothing to guess, and
    every command of a client logs in anew.
    """

    salt: bytes
    digest: bytes = field(repr=False)

    @classmethod
    def of(cls, password: str) -> PasswordHash:
        """Hash *password* with a salt of its own."""
        salt = secrets.token_bytes(16)
        return cls(salt=salt, digest=_digest(salt, password))

    def matches(self, password: str) -> bool:
        """Whether *password* is the one; takes the same time wherever it differs."""
        return hmac.compare_digest(self.digest, _digest(self.salt, password))


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What stays the same for a home, from one daemon to the next."""

    controller_uuid: str
    password: str = field(repr=False)
    """The administrator's, as it stands in the Juju client's accounts.yaml."""
    certificates: tls.Certificates
    kube_secret: bytes = field(default=b'', repr=False)
    """What tokens for the Kubernetes APIs of models are made with."""

    @property
    def ca_cert_pem(self) -> str:
        """The CA's certificate, as it stands in the Juju client's controllers.yaml."""
        return self.certificates.ca_cert_pem


def load_or_create(home: Path) -> Identity:
    """Return the identity kept in *home*, making what is not there yet."""
    home.mkdir(parents=True, exist_ok=True)
    return Identity(
        controller_uuid=_kept(home / 'controller-uuid', lambda: str(uuid.uuid4())),
        password=_kept(home / 'admin-password', lambda: secrets.token_hex(16)),
        kube_secret=_kept(home / 'kube-secret', lambda: secrets.token_hex(32)).encode(),
        certificates=tls.load_or_create(home / 'tls', now=datetime.datetime.now(datetime.UTC)),
    )


def _kept(path: Path, make: Callable[[], str]) -> str:
    if not path.is_file():
        files.write_private(path, make() + '\n')
    return path.read_text().strip()


def _digest(salt: bytes, password: str) -> bytes:
    return hashlib.blake2b(password.encode(), key=salt).digest()
