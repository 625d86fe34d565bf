"""A model as a spec's bundle: what the controller exports, less what a spec must not or cannot say. Pure."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import yaml

from bedrock import errors, yamltext
from hoodoo import model
from hoodoo.bundle.planning import crossing, memory, placing
from hoodoo.inventory import privately, spectext
from hoodoo.juju import particulars

_LOCAL = re.compile(r'local:(?:.*/)?(?P<name>.+?)-(?P<revision>\d+)')
_LEFT = {
    'devices': 'its devices; the spec cannot ask for them',
    'placement': 'where its pods go; the spec cannot ask for it',
}
_SAID_APART = ('expose', 'exposed-endpoints', 'offers')
"""Keys of which an overlay may have to say what is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of a model beside its export."""

    snapshot: model.ModelSnapshot
    settings: Mapping[str, model.Settings]
    annotations: Mapping[str, Mapping[str, str]]
    """Of machines, by id."""
    attached: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """The resources that somebody brought, by application: what a bundle calls them; empty if it cannot."""
    secrets: Mapping[str, particulars.Secret] = field(default_factory=dict[str, particulars.Secret])
    """Those that options lead to and that could be seen, by their URIs."""
    own: particulars.Own = field(default_factory=particulars.Own)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What a spec will say."""

    text: str
    charms: Mapping[str, str] = field(default_factory=dict[str, str])
    """The URL of each local charm, by the directory of the spec's repository where it belongs."""
    users: Mapping[str, str] = field(default_factory=dict[str, str])
    """The directory of its charm, by application that has a local one."""
    private: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """What no version control may see: texts by the names of their files, see `privately`."""
    secrets: tuple[str, ...] = ()
    """The options among it, ``APPLICATION: OPTION``."""
    left: tuple[str, ...] = ()
    """What else of the model the spec does not say."""


def bundle(exported: str, seen: Seen) -> Bundle:
    """Return what a spec says of the model that was *exported*.

    Raises:
        Fault: the export makes no sense.
    """
    documents = _documents(exported)
    base, overlays = documents[0], documents[1:]
    left = _access(overlays)
    applications = cast('dict[str, dict[str, Any]]', base.get('applications') or {})
    machines, names = _machines(base, seen)
    charms, users = _local_charms(applications)
    private = privately.Private(seen.secrets)
    made: dict[str, dict[str, Any]] = {}
    for name, entry in applications.items():
        told = {key: value for key, value in entry.items() if key not in (*_LEFT, *_SAID_APART)}
        left += [f'{name}: {why}' for key, why in _LEFT.items() if entry.get(key)]
        there = seen.snapshot.applications.get(name)
        if name in users:
            told['charm'] = f'./{users[name]}'
            # A store's revisions mean nothing there.
            told.pop('resources', None)
        attached = seen.attached.get(name, {})
        left += [
            f'{name}: its resource {key}; name one in the bundle before it is deployed anew'
            for key, text in attached.items()
            if not text
        ]
        if resources := {
            **told.pop('resources', {}),
            **{key: text for key, text in attached.items() if text},
        }:
            told['resources'] = resources
        if there is not None and there.exposed and crossing.whole(there):
            told['expose'] = True
        if there is not None and there.scale is not None:
            # Juju exports how many pods there are, which may be on their way, and no 0.
            told['scale'] = there.scale
        if 'to' in told:
            told['to'] = [_place(str(word), names) for word in cast('list[object]', told['to'])]
        options = cast('dict[str, Any]', told.pop('options', None) or {})
        kept = private.public(name, options, seen.settings.get(name, model.Settings()))
        made[name] = {**told, **({'options': kept} if kept else {})}
    remote = cast('dict[str, dict[str, Any] | None]', base.get('saas') or {})
    # A model that consumes an offer of this one is listed, too; it has no URL.
    saas = {name: {'url': entry['url']} for name, entry in remote.items() if entry and entry.get('url')}
    others = remote.keys() - saas.keys()
    relations = [pair for pair in base.get('relations') or () if not _applications(pair) & others]
    document = {
        **{key: value for key, value in base.items() if key in ('bundle', 'default-base')},
        **({'saas': saas} if saas else {}),
        'applications': made,
        **({'machines': machines} if machines else {}),
        **({'relations': relations} if relations else {}),
    }
    return Bundle(
        text=spectext.verbatim(document) + _reachable(seen.snapshot, made),
        charms=charms,
        users=users,
        private=private.files,
        secrets=private.names,
        left=tuple(dict.fromkeys([*left, *private.left, *_of_itself(seen.own)])),
    )


def as_given(
    fetched: Mapping[str, model.Deployed], known: Mapping[str, model.Deployed]
) -> tuple[dict[str, model.Deployed], dict[str, str]]:
    """What to remember of charms, and notes of which are the same: what is fetched was packed from a source.

    That source may be in a spec here, whose next plan must not say that its charm has changed.
    """
    given: dict[str, str] = {}
    for name, found in fetched.items():
        if name in known and known[name].charm == found.charm:
            given.setdefault(found.digest, known[name].digest)
    deployed = {
        name: dataclasses.replace(found, digest=given.get(found.digest, found.digest))
        for name, found in fetched.items()
    }
    return deployed, {one: memory.same_charm(other) for one, other in given.items() if one != other}


def _documents(exported: str) -> list[dict[str, Any]]:
    try:
        found = [one for one in yaml.load_all(exported, yamltext.safe_loader(exported)) if one]
    except (yaml.YAMLError, ValueError, RecursionError) as err:
        raise errors.Fault('cannot read the bundle that the controller made of the model') from err
    if not found or not all(isinstance(one, dict) for one in found):
        raise errors.Fault('cannot read the bundle that the controller made of the model')
    return found


def _access(overlays: list[dict[str, Any]]) -> list[str]:
    """Who may use the offers of an export, which no spec says; its owner always may."""
    return [
        f'{name}: access of {user} to its offer {offer}; give it with "juju grant {user} {access} OFFER-URL"'
        for overlay in overlays
        for name, entry in _mapping(overlay.get('applications')).items()
        for offer, facts in _mapping(_mapping(entry).get('offers')).items()
        for user, access in _mapping(_mapping(facts).get('acl')).items()
        if access != 'admin'
    ]


def _mapping(value: object) -> dict[str, Any]:
    return cast('dict[str, Any]', value) if isinstance(value, dict) else {}


def _of_itself(own: particulars.Own) -> Iterator[str]:
    """What the model itself is set to, which no bundle says."""
    if own.config:
        yield f'the model: its settings {", ".join(own.config)}; "juju model-config" sets those of another'
    if own.constraints:
        words = ' '.join(f'{key}={value}' for key, value in own.constraints.items())
        yield f'the model: its constraints; "juju set-model-constraints {words}" sets those of another'


def _reachable(snapshot: model.ModelSnapshot, said: Collection[str]) -> str:
    """What only an overlay may say of the applications in *said*, as one more document."""
    made: dict[str, dict[str, Any]] = {}
    for name, offer in snapshot.offers.items():
        if offer.application in said:
            offers = made.setdefault(offer.application, {}).setdefault('offers', {})
            offers[name] = {'endpoints': list(offer.endpoints)}
    for name, there in snapshot.applications.items():
        if name in said and there.exposed and not crossing.whole(there):
            made.setdefault(name, {})['exposed-endpoints'] = {
                endpoint: _exposure(to) for endpoint, to in sorted(there.exposed_to.items())
            }
    return f'---\n{spectext.verbatim({"applications": made})}' if made else ''


def _exposure(to: model.Exposure) -> dict[str, list[str]]:
    both = {'expose-to-spaces': list(to.spaces), 'expose-to-cidrs': list(to.cidrs)}
    return {key: found for key, found in both.items() if found}


def _machines(base: Mapping[str, Any], seen: Seen) -> tuple[dict[str, Any], dict[str, str]]:
    """The machines by the names that hoodoo gave them, and those names by ids."""
    found = cast('dict[str, dict[str, Any] | None]', base.get('machines') or {})
    names = _names([str(number) for number in found], seen.annotations)
    made: dict[str, Any] = {}
    for number, entry in found.items():
        id_ = str(number)
        told = dict(entry or {})
        given = cast('dict[str, str]', told.pop('annotations', None) or {})
        notes = {key: text for key, text in given.items() if key != placing.MARK}
        made[names[id_]] = {**told, **({'annotations': notes} if notes else {})}
    return made, names


def _names(ids: Sequence[str], annotations: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """What a bundle calls the machines *ids*: as they are marked, else by their own numbers."""
    marks = {one: annotations.get(one, {}).get(placing.MARK, '') for one in ids}
    names = {mark: one for one, mark in marks.items() if mark.isdecimal()}
    named = {one: mark for mark, one in names.items()}
    fresh = itertools.count(1 + max((int(word) for word in (*ids, *names) if word.isdecimal()), default=0))
    for one in ids:
        if one not in named:
            # Another machine may be marked with its number; it is known by its units then.
            named[one] = one if one not in names else str(next(fresh))
    return named


def _local_charms(applications: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, str], dict[str, str]]:
    """Local charms by directory, and the directory by application."""
    charms: dict[str, str] = {}
    users: dict[str, str] = {}
    for name, entry in applications.items():
        url = str(entry.get('charm', ''))
        local = _LOCAL.fullmatch(url)
        if local is None:
            continue
        folder = local['name']
        if charms.get(folder, url) != url:  # another revision of the same charm
            folder = f'{folder}-{local["revision"]}'
        charms[folder] = url
        users[name] = folder
    return charms, users


def _place(directive: str, names: Mapping[str, str]) -> str:
    head, colon, machine = directive.rpartition(':')
    return f'{head}{colon}{names.get(machine, machine)}'


def _applications(pair: object) -> set[str]:
    return (
        {str(end).partition(':')[0] for end in cast('list[object]', pair)}
        if isinstance(pair, list)
        else set()
    )
