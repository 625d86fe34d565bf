"""An inventory of any size, and people who ask for one environment of it; both from a seed.

The inventory: services of one or two words, many of which share words, or differ in a number alone, each on
some regions of AWS, Azure, Google and a private cloud, in two to four stages.

A person has one environment in mind, each is as likely as any other, and says how it differs from all others:
of its service all words or (in one of ten queries) only one; its region by the name that tools use, by what
the cloud calls it, by a city or by the country; its cloud and its stage by name, by another usual name, or
not at all. The words come in any order, except that a number stays behind the word it belongs to.

Whether that determines the environment is decided here, by what was said of each thing, without any of the
code that finds: what fits two environments is thrown away, unless no stage was said and only one of them is
in production, which is meant then. In a third of the queries a word of at least four letters has a slip: one
left out, one typed twice, two that changed places, or a neighbour on the keyboard. Numbers have none, and
neither have words of which the slip makes another word that something in this inventory is called.

Only the table of regions and the other names of clouds are those that the finder knows, for they are facts.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hoodoo.inventory import regions
from hoodoo.inventory.environment import Environment, Place

_WORDS = """
account accounts ad alert analytics api archive artifact auth backup banner billing blog board bot
build cache catalog charm checkout cloud code console content crash dash data db deploy design
dispatch dns docs download edge email entity error event export feed file form forum front gateway
git graph graphite grafana hub identity image index ingest insight inventory invoice issue jenkins
key kernel landscape launch ledger library license livepatch load locale log login mail mailman maas
manual map market meeting message metric mirror monitor nagios network news notify oauth object
openid order package partner paste patch payment photo plan portal postgres print profile project
prometheus proxy push queue rabbit redis release report repository review robot rsync sales search
security session shop sign site snap software sso staff stats status store stream support survey
sync system tag talk task team telemetry theme ticket time token trace track training translate
tutorial ubuntu update upload user vault video view voice wallet web wiki wordpress work
"""
_STAGES = {
    'production': ('production', 'prod', 'prd', 'live'),
    'staging': ('staging', 'stg', 'stage'),
    'development': ('development', 'dev', 'devel'),
    'testing': ('testing', 'test'),
}
_CLOUDS = {
    'aws': ('aws', 'amazon', 'ec2'),
    'azure': ('azure', 'microsoft'),
    'google': ('google', 'gcp', 'gce'),
    'prodstack': ('prodstack',),
}
_PRIVATE = ('ps5', 'ps6', 'ps7')
_KEYS = ('qwertyuiop', 'asdfghjkl', 'zxcvbnm')
_TRIES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What somebody types, and what they mean."""

    text: str
    meant: str
    """An environment's name."""
    slip: bool


def inventory(size: int, *, seed: int) -> list[Environment]:
    """*size* environments."""
    chance = random.Random(seed)
    places = {
        **{cloud: [one.name for one in regions.regions_of(cloud)] for cloud in ('aws', 'azure', 'google')},
        'prodstack': list(_PRIVATE),
    }
    found: list[Environment] = []
    taken: set[str] = set()
    while len(found) < size:
        service = _service(chance)
        if service in taken:
            continue
        taken.add(service)
        stages = [
            'production',
            'staging',
            *chance.sample(['development', 'testing'], chance.choice([0, 0, 1, 2])),
        ]
        for cloud in chance.sample(sorted(places), chance.randint(1, 4)):
            some = chance.sample(places[cloud], min(len(places[cloud]), chance.randint(1, 16)))
            found += [_environment(service, cloud, region, stage) for region in some for stage in stages]
    return found[:size]


def yaml(environments: Sequence[Environment], folder: Path) -> None:
    """Write *environments* as an inventory: a file for each service, its environments one by one."""
    of: dict[str, list[Environment]] = defaultdict(list)
    for one in environments:
        of[one.service].append(one)
    for service, several in of.items():
        lines = [
            f'service: {service}',
            f'spec: git+https://git.example.com/specs/{service}',
            'controller: "{cloud}-{region}"',
            'model: "{service}-{stage}"',
            'dns: ["{region}.{cloud}.{service}.example.com"]',
            f'owners: [{service}@example.com]',
            'environments:',
            *(f'- {{cloud: {one.cloud}, region: {one.region}, stage: {one.stage}}}' for one in several),
        ]
        (folder / f'{service}.yaml').write_text('\n'.join(lines) + '\n')


def questions(environments: Sequence[Environment], number: int, *, seed: int) -> list[Question]:
    """What *number* people ask."""
    return list(_Askers(environments, seed).ask(number))


def _service(chance: random.Random) -> str:
    words = chance.sample(_WORDS.split(), chance.choice([1, 2, 2, 2]))
    number = chance.choice([1, 2, 3]) if chance.random() < 0.08 else 0
    return '-'.join([*words, str(number)] if number else words)


def _environment(service: str, cloud: str, region: str, stage: str) -> Environment:
    return Environment(
        name=f'{service}/{cloud}/{region}/{stage}',
        service=service,
        cloud=cloud,
        region=region,
        stage=stage,
        controller=f'{cloud}-{region}',
        model=f'{service}-{stage}',
        spec=f'git+https://git.example.com/specs/{service}',
        production=stage == 'production',
        owners=(f'{service}@example.com',),
        dns=(f'{region}.{cloud}.{service}.example.com',),
        place=Place(file=Path(f'{service}.yaml'), line=1),
    )


@dataclass(slots=True)
class _Ways:
    """How a value of one thing may be said: each way is its words, in order."""

    of: dict[str, set[tuple[str, ...]]] = field(default_factory=dict[str, set[tuple[str, ...]]])

    def values(self, said: tuple[str, ...]) -> frozenset[str]:
        """All values that these words may mean, whatever their order."""
        return self._values.get(tuple(sorted(said)), frozenset())

    _values: dict[tuple[str, ...], frozenset[str]] = field(
        default_factory=dict[tuple[str, ...], frozenset[str]]
    )

    def add(self, value: str, ways: Iterator[tuple[str, ...]]) -> None:
        """Note how *value* may be said."""
        self.of[value] = set(ways)
        for said in self.of[value]:
            key = tuple(sorted(said))
            self._values[key] = self._values.get(key, frozenset()) | {value}


class _Askers:
    def __init__(self, environments: Sequence[Environment], seed: int) -> None:
        self._chance = random.Random(seed)
        self._all = environments
        self._whole, self._partly = _Ways(), _Ways()
        self._clouds, self._regions, self._stages = _Ways(), _Ways(), _Ways()
        self._by_service: dict[str, list[Environment]] = defaultdict(list)
        for one in environments:
            self._by_service[one.service].append(one)
        for service in self._by_service:
            words = tuple(service.split('-'))
            self._whole.add(service, iter([words, (service,)]))
            self._partly.add(service, iter([words, (service,), *((word,) for word in words)]))
        for cloud in {one.cloud for one in environments}:
            self._clouds.add(cloud, ((word,) for word in _CLOUDS[cloud]))
        for stage in {one.stage for one in environments}:
            self._stages.add(stage, ((word,) for word in _STAGES[stage]))
        for cloud, region in {(one.cloud, one.region) for one in environments}:
            self._regions.add(f'{cloud}/{region}', _region_ways(cloud, region))
        every = (self._partly, self._clouds, self._regions, self._stages)
        self._known = {
            word for ways in every for several in ways.of.values() for way in several for word in way
        }

    def ask(self, number: int) -> Iterator[Question]:
        """The questions."""
        for _ in range(number):
            yield self._question()

    def _question(self) -> Question:
        for _ in range(_TRIES):
            meant = self._chance.choice(self._all)
            said = self._say(meant)
            if said is not None:
                return self._typed(meant, said)
        raise AssertionError('nobody found words for one environment alone')

    def _say(self, meant: Environment) -> list[tuple[str, ...]] | None:
        """The things that are said of an environment, if they determine it."""
        chance = self._chance
        services = self._partly if chance.random() < 0.1 else self._whole
        service = chance.choice(sorted(services.of[meant.service]))
        cloud = chance.choice(sorted(self._clouds.of[meant.cloud])) if chance.random() < 0.6 else ()
        region = (
            chance.choice(sorted(self._regions.of[f'{meant.cloud}/{meant.region}']))
            if chance.random() < 0.9
            else ()
        )
        stage = chance.choice(sorted(self._stages.of[meant.stage])) if chance.random() < 0.6 else ()
        fit = [
            one
            for name in services.values(service)
            for one in self._by_service[name]
            if (not cloud or one.cloud in self._clouds.values(cloud))
            and (not region or f'{one.cloud}/{one.region}' in self._regions.values(region))
            and (not stage or one.stage in self._stages.values(stage))
        ]
        if not stage and len(fit) > 1:
            fit = [one for one in fit if one.production]
        return [part for part in (service, cloud, region, stage) if part] if fit == [meant] else None

    def _typed(self, meant: Environment, said: Sequence[tuple[str, ...]]) -> Question:
        chance = self._chance
        words: list[str] = []
        for part in said:
            for word in part:
                if word.isdigit() and words:
                    words[-1] += f' {word}'
                else:
                    words.append(word)
        chance.shuffle(words)
        typed = list(words)
        if chance.random() < 1 / 3:
            could = [index for index, word in enumerate(typed) if len(word) >= 4 and word.isalpha()]
            if could:
                index = chance.choice(could)
                slipped = self._slip(typed[index])
                if slipped not in self._known:
                    typed[index] = slipped
        return Question(text=' '.join(typed), meant=meant.name, slip=typed != words)

    def _slip(self, word: str) -> str:
        chance = self._chance
        at = chance.randrange(len(word))
        kind = chance.choice(('drop', 'double', 'swap', 'neighbour'))
        if kind == 'drop':
            return word[:at] + word[at + 1 :]
        if kind == 'double':
            return word[:at] + word[at] + word[at:]
        if kind == 'swap':
            at = min(at, len(word) - 2)
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        row = next((row for row in _KEYS if word[at] in row), word[at])
        near = [key for key in row if abs(row.index(key) - row.index(word[at])) == 1] or [word[at]]
        return word[:at] + chance.choice(near) + word[at + 1 :]


def _region_ways(cloud: str, region: str) -> Iterator[tuple[str, ...]]:
    yield (region,)
    found = regions.look_up(cloud, region)
    if found is None:
        return
    if found.called:
        yield tuple(found.called.lower().split())
    for place in (*found.places, *found.countries[1:]):
        yield tuple(place.lower().split())
