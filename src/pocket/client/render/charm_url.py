"""Charm URLs: ``ch:amd64/jammy/ubuntu-24``, ``local:app-0``, ``local:jammy/app-0``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CharmUrl:
    """A charm URL in its parts."""

    schema: str
    name: str
    revision: int

    @property
    def origin(self) -> str:
        """Where it is from, in the words of ``juju status``."""
        return {'ch': 'charmhub', 'local': 'local'}.get(self.schema, 'unknown')


def parsed(url: str) -> CharmUrl:
    """Read *url*; a name without a revision has revision -1."""
    schema, _, path = url.partition(':')
    last = path.rpartition('/')[2]
    name, dash, number = last.rpartition('-')
    if not dash or not number.isdecimal():
        return CharmUrl(schema=schema, name=last, revision=-1)
    return CharmUrl(schema=schema, name=name, revision=int(number))
