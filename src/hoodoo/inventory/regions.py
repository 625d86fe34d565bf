"""What people call the public regions of AWS, Azure and Google; other clouds have none and need none."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from hoodoo.inventory import regions_names, regions_table

PROVIDERS = {
    'aws': ('aws', 'amazon', 'ec2'),
    'azure': ('azure', 'microsoft', 'az'),
    'google': ('google', 'gcp', 'gce'),
}
"""What the clouds are called; Juju's name of each is the key."""

NICKNAMES = {
    'aws': ('amzn', 'amazonwebservices'),
    'azure': ('msft', 'msazure', 'microsoftazure'),
    'google': ('googlecloudplatform', 'googlecomputeengine'),
}
"""What people call them as well, as one word; none tells whose a cloud is that somebody has named so."""

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
_AREAS = {
    'africa': 'af',
    'asia': 'as',
    'australia': 'au',
    'europe': 'eu',
    'me': 'me',
    'northamerica': 'na',
    'southamerica': 'sa',
    'us': 'us',
}
_FOR_FEW = frozenset({'dod', 'gov', 'govcloud', 'sovereign'})
_WORDS = re.compile(r'[a-z]+')
_NUMBERED = re.compile(r'([a-z]+)(\d*)')


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
    """By first letters, ``apne1``, ``euw4``, ``weu``; empty where nobody shortens it."""

    @property
    def countries(self) -> tuple[str, ...]:
        """The country's code and its names."""
        return (self.country, *regions_names.COUNTRIES.get(self.country, ()))

    @property
    def code(self) -> str:
        """The country's code of three letters."""
        return regions_names.CODES.get(self.country, '')

    @property
    def areas(self) -> tuple[str, ...]:
        """The part of the world that its country is in."""
        return next(
            (names for names, countries in regions_names.AREAS.items() if self.country in countries.split()),
            (),
        )

    @property
    def turned(self) -> tuple[str, ...]:
        """Its name with the area first, and last: ``uswest2``, ``westus2``; nothing where nobody does so."""
        found = _NUMBERED.fullmatch(self.name)
        said = [word for word in self.called.lower().split() if not word.isdecimal()]
        area = [word for word in said if word not in _DIRECTIONS]
        if found is None or len(area) != 1 or len(said) == 1:
            return ()
        directions = [word for word in said if word in _DIRECTIONS]
        return (''.join([*area, *directions, found[2]]), ''.join([*directions, *area, found[2]]))

    @property
    def other_places(self) -> tuple[str, ...]:
        """What people call its places as well."""
        return tuple(name for place in self.places for name in regions_names.OTHER_NAMES.get(place, ()))

    @property
    def for_few(self) -> bool:
        """Whether it is for governments and the like alone."""
        return bool(_FOR_FEW.intersection(self.called.lower().split()))


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
            short=_SHORTENED[name](region, called, country),
        )
    return table


def _short_aws(region: str, _called: str, _country: str) -> str:
    area, *directions, number = region.split('-')
    return area + ''.join(_DIRECTIONS.get(word, word) for word in directions) + number


def _short_azure(region: str, called: str, country: str) -> str:
    """``eus2`` for East US 2, ``jpe`` for Japan East."""
    found = _NUMBERED.fullmatch(region)
    directions = [_DIRECTIONS.get(word, '') for word in called.lower().split() if not word.isdecimal()]
    if found is None or directions.count('') != 1:
        return ''  # the country has two words, or it is for few
    area = {'US': 'us', 'Europe': 'eu', 'Asia': 'a', 'UK': 'uk'}
    names = [area[word] for word in called.split() if word in area] or [country]
    return ''.join(direction or names[0] for direction in directions) + found[2]


def _short_google(region: str, _called: str, _country: str) -> str:
    area, _, rest = region.partition('-')
    found = _NUMBERED.fullmatch(rest)
    if found is None or area not in _AREAS or found[1] not in _DIRECTIONS:
        return ''
    return _AREAS[area] + _DIRECTIONS[found[1]] + found[2]


_SHORTENED = {'aws': _short_aws, 'azure': _short_azure, 'google': _short_google}
