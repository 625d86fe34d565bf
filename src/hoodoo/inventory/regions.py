"""What people call the public regions of AWS, Azure and Google; other clouds have none and need none."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from hoodoo.inventory import regions_table

PROVIDERS = {
    'aws': ('aws', 'amazon', 'ec2'),
    'azure': ('azure', 'microsoft', 'az'),
    'google': ('google', 'gcp', 'gce'),
}
"""What the clouds are called; Juju's name of each is the key."""

_DIRECTIONS = {
    'central': 'c',
    'east': 'e',
    'north': 'n',
    'northeast': 'ne',
    'northwest': 'nw',
    'south': 's',
    'southeast': 'se',
    'southwest': 'sw',
    'west': 'w',
}
_WORDS = re.compile(r'[a-z]+')


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One public region."""

    name: str
    """As the cloud's own tools spell it."""
    called: str
    """As the cloud's console calls it, without the place; may be empty."""
    places: tuple[str, ...]
    """Cities, counties, states: where the cloud says that it is."""
    country: str
    """By its two letters of ISO 3166, in lower case."""
    short: str
    """As in the names of its zones, ``apne1``; empty where nobody shortens it."""

    @property
    def countries(self) -> tuple[str, ...]:
        """The country's code and its names."""
        return (self.country, *regions_table.COUNTRIES.get(self.country, ()))


def provider(cloud: str) -> str:
    """Whose cloud one of that name is, by the words in it: a key of `PROVIDERS`, or nothing."""
    words = set(_WORDS.findall(cloud.lower()))
    return next((name for name, called in PROVIDERS.items() if words.intersection(called)), '')


def look_up(cloud: str, region: str) -> Region | None:
    """What is known of a region of a cloud of that name."""
    return _table(provider(cloud)).get(region.lower())


def regions_of(name: str) -> tuple[Region, ...]:
    """All regions of one of `PROVIDERS`."""
    return tuple(_table(name).values())


@functools.cache
def _table(name: str) -> dict[str, Region]:
    table: dict[str, Region] = {}
    for line in regions_table.TABLES.get(name, '').strip().splitlines():
        region, called, places, country = (cell.strip() for cell in line.split('|'))
        table[region] = Region(
            name=region,
            called=called,
            places=tuple(place.strip() for place in places.split(',') if place.strip()),
            country=country,
            short=_short(region) if name == 'aws' else '',
        )
    return table


def _short(region: str) -> str:
    area, *directions, number = region.split('-')
    return area + ''.join(_DIRECTIONS.get(word, word) for word in directions) + number
