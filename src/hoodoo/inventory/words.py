"""The words that an environment may be called by: as the inventory spells them, and as people say them."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hoodoo.inventory import regions
from hoodoo.inventory.environment import Environment

EXACT, SAID, PART, PLACE, COUNTRY, AREA = 1.0, 0.95, 0.9, 0.93, 0.88, 0.8
"""How good a word is for one of the four things that name an environment."""
WHOLE_BESIDE, PART_BESIDE, KEY_BESIDE = 0.8, 0.6, 0.4
"""The same for what stands beside them: controller, model, owners, DNS names, labels."""

STAGES = (
    frozenset({'production', 'prod', 'prd', 'live'}),
    frozenset({'staging', 'stage', 'stg'}),
    frozenset({'preproduction', 'preprod', 'preprd'}),
    frozenset({'development', 'devel', 'dev'}),
    frozenset({'testing', 'test', 'tst'}),
    frozenset({'acceptance', 'uat'}),
    frozenset({'integration', 'int'}),
    frozenset({'demonstration', 'demo'}),
)
"""Words that people use for one another."""
_PRODUCTION = STAGES[0]
_NOT_PRODUCTION = frozenset({'nonproduction', 'nonprod', 'nonprd'})
"""Of all other stages."""

_SEPARATED = re.compile(r'[^\W_]+')
_RUNS = re.compile(r'[^\W\d_]+|\d+')
_MADE_BY_MACHINES = re.compile(r'(?=.*\d)[0-9a-f]{7,}|\d{5,}')
"""Parts of identifiers and dates: nobody says them alone, and each environment has others."""


def fold(text: str) -> str:
    """*text* without accents and in one case."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize('NFKD', text.casefold())
    return ''.join(char for char in plain if not unicodedata.combining(char))


def squash(text: str) -> str:
    """*text* folded, its letters and digits alone: how it is spelt does not matter then."""
    return ''.join(_SEPARATED.findall(fold(text)))


def split(text: str) -> tuple[str, ...]:
    """The letters and digits of *text*, folded, parted where something else stands between them."""
    return tuple(_SEPARATED.findall(fold(text)))


@dataclass(frozen=True, slots=True)
class Said:
    """One thing of an environment: the words for it with how good they are, and the parts of its own name."""

    terms: Mapping[str, float]
    parts: frozenset[str]
    whole: str


@dataclass(frozen=True, slots=True)
class Calls:
    """What the four things are called that name an environment."""

    service: Said
    region: Said
    cloud: Said
    stage: Said
    for_few: bool
    """Whether the region is for governments and the like alone."""

    def each(self) -> tuple[Said, ...]:
        """The four."""
        return (self.service, self.region, self.cloud, self.stage)


def calls(*, service: str, cloud: str, region: str, stage: str) -> Calls:
    """The words for what is named so."""
    found = regions.look_up(cloud, region)
    return Calls(
        service=_named(service),
        region=_region(cloud, region),
        cloud=_cloud(cloud),
        stage=_stage(stage),
        for_few=found is not None and found.for_few,
    )


def terms(environment: Environment) -> tuple[frozenset[str], frozenset[str]]:
    """All words for *environment*; and those that a mistyped one is compared with.

    The latter are without the names of models and the like, of which each environment has its own.
    """
    called = calls(
        service=environment.service,
        cloud=environment.cloud,
        region=environment.region,
        stage=environment.stage,
    )
    named = frozenset[str]().union(*(said.terms for said in called.each()))
    others = beside(environment)
    parts = (term for term, weight in others.items() if weight < WHOLE_BESIDE)
    return named.union(others), named.union(parts)


def beside(environment: Environment) -> Mapping[str, float]:
    """The words for what stands beside the name: controller, model, owners, DNS names, labels."""
    pairs: list[tuple[str, float]] = [(squash(environment.name), WHOLE_BESIDE)]
    for whole in (environment.controller, environment.model, *environment.dns, *environment.owners):
        pairs += _whole(whole)
    for key, value in environment.labels.items():
        pairs += [*_whole(value), (squash(key), KEY_BESIDE)]
    return _best(pairs)


def _best(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for term, weight in pairs:
        if term and found.get(term, 0.0) < weight:
            found[term] = weight
    return found


def _said(name: str, others: Iterable[tuple[str, float]] = (), parts: Iterable[str] = ()) -> Said:
    own = split(name)
    whole = ''.join(own)
    terms = _best([(whole, EXACT), *((part, PART) for part in (*own, *parts)), *others])
    return Said(terms=terms, parts=frozenset(own), whole=whole)


@functools.lru_cache(maxsize=65_536)
def _named(name: str) -> Said:
    return _said(name)


@functools.lru_cache(maxsize=1024)
def _cloud(cloud: str) -> Said:
    provider = regions.provider(cloud)
    others = (*regions.PROVIDERS[provider], *regions.NICKNAMES[provider]) if provider else ()
    return _said(cloud, ((word, SAID) for word in others))


@functools.lru_cache(maxsize=1024)
def _stage(stage: str) -> Said:
    parts = split(stage)
    groups = [group for group in STAGES if group & set(parts)]
    others = {word for group in groups for word in group}
    if _PRODUCTION not in groups:
        others |= _NOT_PRODUCTION
    return _said(stage, ((word, SAID if len(parts) == 1 else PART) for word in others))


@functools.lru_cache(maxsize=4096)
def _region(cloud: str, region: str) -> Said:
    runs = tuple(_RUNS.findall(fold(region)))
    found = regions.look_up(cloud, region)
    if found is None:
        return _said(region, parts=runs)
    others = [(squash(found.called), SAID), *((part, PART) for part in split(found.called))]
    if found.short:
        others.append((found.short, PART))
    for place in (*found.places, *found.other_places):
        others += [(squash(place), PLACE), *((part, PLACE) for part in split(place))]
    for country in found.countries:
        others += [(squash(country), COUNTRY), *((part, COUNTRY) for part in split(country))]
    # Without its parts: "america" alone is a country.
    others += [(squash(area), AREA) for area in found.areas]
    others += [(turned, PART) for turned in found.turned]
    if found.code:
        others.append((found.code, COUNTRY))
    said = _said(region, others, runs)
    # Where the name has no separators, as Azure's, the words of it are those of what it is called.
    own = runs if len(said.parts) > 1 else split(found.called) or runs
    return Said(terms=said.terms, parts=frozenset(own), whole=said.whole)


@functools.lru_cache(maxsize=65_536)
def _whole(text: str) -> tuple[tuple[str, float], ...]:
    parts = split(text)
    said = [(part, PART_BESIDE) for part in parts if not _MADE_BY_MACHINES.fullmatch(part)]
    return ((''.join(parts), WHOLE_BESIDE), *said)
