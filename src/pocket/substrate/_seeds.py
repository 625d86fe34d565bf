"""The first files of a machine that are its own: its name, its keys, who may log in."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pocket.substrate import HostSpec

_UBUNTU = 1000
"""User and group number of ``ubuntu`` in every image."""


def sow(upper: Path, spec: HostSpec, *, users: int) -> str:
    """Write what is a machine's own into its upper layer; returns its public ssh host key.

    Args:
        users: The user of the host that root of the machine is; others follow.
    """
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    public = (
        key.public_key()
        .public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        .decode()
    )
    files: list[tuple[str, bytes, int]] = [
        ('etc/hostname', f'{spec.name}\n'.encode(), 0o644),
        ('etc/machine-id', f'{uuid.uuid4().hex}\n'.encode(), 0o444),
        ('etc/ssh/ssh_host_ed25519_key', private, 0o600),
        ('etc/ssh/ssh_host_ed25519_key.pub', f'{public} root@{spec.name}\n'.encode(), 0o644),
        ('home/ubuntu/.ssh/authorized_keys', ''.join(f'{k}\n' for k in spec.authorized_keys).encode(), 0o600),
    ]
    for name, content, mode in files:
        path = upper / name
        for parent in reversed(path.relative_to(upper).parents[:-1]):
            folder = upper / parent
            if not folder.exists():
                folder.mkdir()
                folder.chmod(0o700 if folder.name == '.ssh' else 0o755)
        path.write_bytes(content)
        path.chmod(mode)
    home = upper / 'home' / 'ubuntu'
    for path in (home, home / '.ssh', home / '.ssh' / 'authorized_keys'):
        os.chown(path, _UBUNTU, _UBUNTU)
    if users:
        _shift(upper, users)
    return public


def sow_pod(upper: Path, hostname: str) -> None:
    """Write what is a pod's own into the upper layer of its charm's container, which is empty."""
    (upper / 'etc').mkdir(mode=0o755, exist_ok=True)
    files = {'hostname': (f'{hostname}\n', 0o644), 'machine-id': (f'{uuid.uuid4().hex}\n', 0o444)}
    for name, (text, mode) in files.items():
        path = upper / 'etc' / name
        path.write_text(text)
        path.chmod(mode)


def _shift(folder: Path, first: int) -> None:
    """Give *folder* and all in it to the users that are *first* further on."""
    for path in (folder, *folder.rglob('*')):
        found = path.lstat()
        os.chown(path, first + found.st_uid, first + found.st_gid, follow_symlinks=False)
