"""The bases that charms are written for and machines run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ['SERIES', 'Base']

SERIES: Mapping[str, str] = {
    'precise': 'ubuntu@12.04',
    'trusty': 'ubuntu@14.04',
    'xenial': 'ubuntu@16.04',
    'bionic': 'ubuntu@18.04',
    'focal': 'ubuntu@20.04',
    'jammy': 'ubuntu@22.04',
    'noble': 'ubuntu@24.04',
    'bookworm': 'debian@12',
}
"""The series that bundles still name, and the bases that they are."""


@dataclass(frozen=True, slots=True, order=True)
class Base:
    """An operating system of a release, for example ubuntu 24.04 or debian 12, without its architecture."""

    name: str
    channel: str
    """Without a risk: ``24.04``."""

    @classmethod
    def parse(cls, text: str) -> Base | None:
        """The base that *text* such as ``ubuntu@24.04`` names, whatever its risk; None when it names none."""
        name, _, channel = text.partition('@')
        return cls.of(name, channel)

    @classmethod
    def of(cls, name: str, channel: str) -> Base | None:
        """The base of a name and a channel, whatever its risk; None when either is empty."""
        track = channel.partition('/')[0]
        return cls(name, track) if name and track else None

    def __str__(self) -> str:
        return f'{self.name}@{self.channel}'
