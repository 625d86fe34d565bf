"""What a bundle asks for, what was asked for before, and what is there, all as plain facts by name.

A fact is text, such as ``units`` being ``2``. A secret is known by its digest only, which tells whether
another value is the same; and so is every option's value in what is remembered, since any may be a secret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from hoodoo import model
from hoodoo.bundle.planning import crossing, equal, memory, plan, related
from hoodoo.bundle.reading import offerurls, words

_RELATION = ' - '
_OPTION = 'option '
_SETTINGS = (_OPTION, 'constraint ', 'annotation ', 'trust', 'exposed')


@dataclass(frozen=True, slots=True)
class Hidden:
    """A secret."""

    digest: str

    @classmethod
    def of(cls, text: str, *, where: str) -> Hidden:
        """Hide *text*; *where* it belongs keeps equal secrets of different places from looking equal."""
        same = text.lower() if text.lower() in ('true', 'false') else text
        return cls(hashlib.sha256(f'{where}\0{same}'.encode()).hexdigest())


Fact = str | Hidden | None
"""None when it cannot be told."""
Facts = Mapping[str, Fact]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A model, wanted or seen."""

    applications: Mapping[str, Facts] = field(default_factory=dict[str, Facts])
    relations: tuple[related.Pair, ...] = ()
    types: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """By application and option; only what is seen has them."""
    quiet: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """By application, the facts that mean nothing where nobody asks for them: defaults, revisions."""


def of_wanted(wanted: model.WantedModel, seen: plan.Seen, uuid: str) -> State:
    """What *wanted* asks for, of a model with the uuid *uuid*."""
    return State(
        applications={
            **{name: _wanted(a, seen, uuid) for name, a in wanted.applications.items()},
            **_crossing(wanted.offers, _as_there(wanted.saas, seen.snapshot.saas)),
        },
        relations=tuple((relation.one, relation.other) for relation in wanted.relations),
    )


def of_seen(seen: plan.Seen) -> State:
    """What is there."""
    settings = {name: seen.settings.get(name, model.Settings()) for name in seen.snapshot.applications}
    live = {name: _live(there, settings[name], seen) for name, there in seen.snapshot.applications.items()}
    return State(
        applications={**live, **_crossing(seen.snapshot.offers, seen.snapshot.saas)},
        relations=related.pairs(seen.snapshot.relations),
        types={name: {k: o.type for k, o in found.options.items()} for name, found in settings.items()},
        quiet={name: _quiet(found, settings[name]) for name, found in live.items()},
    )


def remember(
    wanted: model.WantedModel,
    seen: plan.Seen,
    remembered: memory.Memory,
    uuid: str,
    *,
    left: Collection[str] = (),
) -> None:
    """Note that *wanted* was applied, less the settings of the applications in *left* and units too many."""
    state = of_wanted(wanted, seen, uuid)
    before = memory.applied(remembered, uuid)
    notes: dict[str, Mapping[str, Any]] = {
        name: {key: _plain(_hidden(fact, key, f'{uuid}/{name}')) for key, fact in found.items()}
        for name, found in state.applications.items()
    }
    for name in left:
        notes[name] = {
            **{key: value for key, value in notes[name].items() if not key.startswith(_SETTINGS)},
            **{key: value for key, value in before.get(name, {}).items() if key.startswith(_SETTINGS)},
        }
    for name in notes:
        there = seen.snapshot.applications.get(name)
        if there is not None and there.size > wanted.applications[name].num_units and 'units' in notes[name]:
            # They were left, so that what was asked for here last is what they come from.
            kept = before.get(name, {}).get('units', str(there.size))
            notes[name] = {**notes[name], 'units': kept}
    notes |= {f'{one}{_RELATION}{other}': {} for one, other in state.relations}
    for name, note in notes.items():
        if before.get(name) != note:
            memory.note_applied(remembered, uuid, name, note)


def remembered(notes: memory.Memory, uuid: str) -> State:
    """What was last applied from here."""
    found = memory.applied(notes, uuid)
    return State(
        applications={
            name: {key: _fact(value) for key, value in note.items()}
            for name, note in found.items()
            if _RELATION not in name
        },
        relations=tuple(_pair(name) for name in found if _RELATION in name),
    )


def _wanted(wanted: model.WantedApplication, seen: plan.Seen, uuid: str) -> Facts:
    found: dict[str, Fact] = {}
    if isinstance(wanted.charm, model.StoreCharm):
        found['charm'] = wanted.charm.name
        if wanted.charm.channel:
            found['channel'] = plan.channel(wanted.charm.channel)
        if wanted.charm.revision is not None:
            found['revision'] = str(wanted.charm.revision)
    else:
        found['charm'] = seen.digests.get(wanted.charm.path)
    given = wanted.resources.items()
    found |= {f'image {key}': seen.images[text] for key, text in given if text in seen.images}
    there = seen.snapshot.applications.get(wanted.name)
    if not (wanted.subordinate or (there and there.subordinate_to)):
        found['units'] = str(wanted.num_units)
        found |= {f'constraint {k}': equal.constraint(k, v) for k, v in wanted.constraints.items()}
    for key, value in wanted.options.items():
        where = f'{uuid}/{wanted.name}/{key}'
        found[f'{_OPTION}{key}'] = Hidden.of(value, where=where) if key in wanted.private else value
    found |= {f'annotation {key}': value for key, value in wanted.annotations.items()}
    if wanted.exposed_to:
        found['exposed'] = _exposed(wanted.exposed_to)
    elif wanted.expose is not None:
        found['exposed'] = _yes(wanted.expose)
    if wanted.trust:
        found['trust'] = _yes(True)
    return found


def _live(there: model.Application, settings: model.Settings, seen: plan.Seen) -> Facts:
    found: dict[str, Fact] = {'charm': plan.charm_name(there.charm)}
    if plan.charm_source(there.charm) == 'local':
        given = seen.deployed.get(there.name)
        found['charm'] = given.digest if given and given.charm == there.charm else there.charm
    found |= {f'image {key}': digest for key, digest in seen.given.get(there.name, {}).items()}
    found['channel'] = plan.channel(there.channel)
    found['revision'] = str(there.revision)
    found['units'] = str(there.size)
    found |= {f'constraint {k}': equal.constraint(k, v) for k, v in settings.constraints.items()}
    found |= {f'{_OPTION}{key}': words.option_text(option.value) for key, option in settings.options.items()}
    found |= {f'annotation {key}': value for key, value in settings.annotations.items()}
    closed = not there.exposed or crossing.whole(there)
    found['exposed'] = _yes(there.exposed) if closed else _exposed(there.exposed_to)
    return {**found, 'trust': _yes(settings.trust)}


def _crossing(offers: Mapping[str, model.Offer], saas: Mapping[str, str]) -> dict[str, Facts]:
    """What is offered and consumed; no application has a name with a blank."""
    offered = {
        f'offer {name}': {'application': offer.application, 'endpoints': ', '.join(sorted(offer.endpoints))}
        for name, offer in offers.items()
    }
    return {**offered, **{f'saas {name}': {'url': url} for name, url in saas.items()}}


def _as_there(wanted: Mapping[str, str], there: Mapping[str, str]) -> dict[str, str]:
    """The URLs of *wanted*, as those of *there* that lead to the same offers are written."""
    return {
        name: there[name] if name in there and offerurls.same(url, there[name]) else url
        for name, url in wanted.items()
    }


def _exposed(to: Mapping[str, model.Exposure]) -> str:
    return equal.exposed({endpoint: equal.exposure(each) or each for endpoint, each in to.items()})


def _quiet(found: Facts, settings: model.Settings) -> frozenset[str]:
    chosen = {f'{_OPTION}{key}' for key, option in settings.options.items() if option.source == 'user'}
    open_ = {key for key in ('exposed', 'trust') if found[key] != _yes(False)}
    return frozenset(found.keys() - chosen - open_)


def _yes(value: bool) -> str:
    return 'yes' if value else 'no'


def _hidden(fact: Fact, key: str, where: str) -> Fact:
    """*fact* as it may be kept."""
    option = key.removeprefix(_OPTION)
    return Hidden.of(fact, where=f'{where}/{option}') if option != key and isinstance(fact, str) else fact


def _plain(fact: Fact) -> object:
    return {'digest': fact.digest} if isinstance(fact, Hidden) else fact


def _fact(value: Any) -> Fact:
    return Hidden(cast('dict[str, str]', value)['digest']) if isinstance(value, dict) else value


def _pair(text: str) -> related.Pair:
    one, _, other = text.partition(_RELATION)
    return _endpoint(one), _endpoint(other)


def _endpoint(text: str) -> model.Endpoint:
    application, _, name = text.partition(':')
    return model.Endpoint(application=application, name=name)
