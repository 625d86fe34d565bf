"""What an image is made of, as plain data, and what is wrong with one."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bedrock import errors

INDEX = 'application/vnd.oci.image.index.v1+json'
MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
CONFIG = 'application/vnd.oci.image.config.v1+json'
LAYER = 'application/vnd.oci.image.layer.v1.tar'
LAYER_GZIP = f'{LAYER}+gzip'
LAYER_ZSTD = f'{LAYER}+zstd'
REF_NAME = 'org.opencontainers.image.ref.name'

INDEXES = (INDEX, 'application/vnd.docker.distribution.manifest.list.v2+json')
MANIFESTS = (MANIFEST, 'application/vnd.docker.distribution.manifest.v2+json')

_DIGEST = re.compile(r'sha256:[0-9a-f]{64}')
_ARCHITECTURES = {'x86_64': 'amd64', 'aarch64': 'arm64', 'ppc64le': 'ppc64le', 's390x': 's390x'}


class ImageFault(errors.Fault):
    """An image is damaged, or is not what it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """One thing that an image refers to, by the digest of its bytes."""

    media_type: str
    digest: str
    """``sha256:`` and 64 hex digits."""
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])
    architecture: str = ''
    """Of what machines it is, where it says so."""
    system: str = ''

    @property
    def hexdigits(self) -> str:
        """The digest without its kind: the name of a file."""
        return self.digest.partition(':')[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """How an image is to be run, and of what it is made."""

    architecture: str
    system: str = 'linux'
    user: str = ''
    environment: tuple[str, ...] = ()
    """``NAME=value``."""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    folder: str = ''
    ports: tuple[str, ...] = ()
    """``8080/tcp``."""
    volumes: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    created: str = ''
    stop_signal: str = ''
    diff_ids: tuple[str, ...] = ()
    """Digests of the layers as tar archives, lowest first."""


def check_digest(text: object, *, where: str) -> str:
    """Return *text*, a digest that is safe as the name of a file.

    Raises:
        ImageFault: it is none that can be checked.
    """
    if not isinstance(text, str) or not _DIGEST.fullmatch(text):
        raise ImageFault(f'cannot read the image: "{text}" is no sha256 digest', where=where)
    return text


def this_architecture() -> str:
    """This machine, in the words of images."""
    machine = platform.machine()
    return _ARCHITECTURES.get(machine, machine)
