"""What a bundle says beyond its model: offers, what it consumes of others, endpoints exposed one by one."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

from bedrock import charm as charm_files
from hoodoo import model, wording
from hoodoo.bundle.reading import offerurls, tree, words
from hoodoo.bundle.wanted import findings

_EXPOSED, _OFFERS, _SAAS = 'exposed-endpoints', 'offers', 'saas'
_SPACES, _CIDRS = 'expose-to-spaces', 'expose-to-cidrs'
_ACCESS = ('read', 'consume', 'admin')
_URL = 'Write url: OWNER/MODEL.OFFER.'


def exposed(
    at: tree.Path, name: str, raw: tree.Table, charm: charm_files.Charm | None, found: findings.Findings
) -> dict[str, model.Exposure]:
    """The endpoints of application *name*, whose entry at *at* is *raw*, that are exposed one by one."""
    value = raw.get(_EXPOSED)
    here = (*at, _EXPOSED)
    if value is not None and not isinstance(value, tree.Table):
        found.problem(
            here, f'{_EXPOSED} of {name} are not a mapping', 'Write {ENDPOINT: {expose-to-cidrs: [CIDR]}}.'
        )
    told: dict[str, model.Exposure] = {}
    for endpoint, entry in tree.mapping(value).items():
        where = (*here, endpoint)
        if endpoint:
            _check_endpoint(where, name, endpoint, charm, found)
        if entry is not None and not isinstance(entry, tree.Table):
            found.problem(
                where, f'exposure of {name}:{endpoint} is not a mapping', f'Write {_CIDRS}: [CIDR].'
            )
        limits = tree.mapping(entry)
        found.unknown(where, f' of {name}:{endpoint}', limits, frozenset((_SPACES, _CIDRS)))
        cidrs = words.strings(limits.get(_CIDRS))
        for cidr in cidrs:
            if not _is_network(cidr):
                found.problem((*where, _CIDRS), f'"{cidr}" is not a network', 'Write one such as 10.0.0.0/8.')
        told[endpoint] = model.Exposure(spaces=words.strings(limits.get(_SPACES)), cidrs=cidrs)
    if told and words.option_text(raw.get('expose')).lower() in ('true', 'yes', '1'):
        found.problem(here, f'{name} has both expose: true and {_EXPOSED}', 'Leave one of them out.')
    return told


def offers(
    at: tree.Path, name: str, raw: tree.Table, charm: charm_files.Charm | None, found: findings.Findings
) -> dict[str, model.Offer]:
    """The offers of application *name*, whose entry at *at* is *raw*."""
    value = raw.get(_OFFERS)
    if value is not None and not isinstance(value, tree.Table):
        found.problem(
            (*at, _OFFERS), f'offers of {name} are not a mapping', 'Write {OFFER: {endpoints: [NAME]}}.'
        )
    told: dict[str, model.Offer] = {}
    for offer, entry in tree.mapping(value).items():
        where = (*at, _OFFERS, offer)
        facts = tree.mapping(entry)
        found.unknown(where, f' of offer {offer}', facts, frozenset(('endpoints', 'acl')))
        endpoints = words.strings(facts.get('endpoints'))
        if not endpoints:
            found.problem(where, f'offer {offer} of {name} names no endpoints', 'Write endpoints: [NAME].')
        for endpoint in endpoints:
            _check_endpoint((*where, 'endpoints'), name, endpoint, charm, found)
        _check_access((*where, 'acl'), offer, facts.get('acl'), found)
        told[offer] = model.Offer(application=name, endpoints=tuple(sorted(set(endpoints))))
    return told


def saas(chosen: tree.Table, services: Collection[str], found: findings.Findings) -> dict[str, str]:
    """The URLs of the offers that the bundle consumes, by the names that they get."""
    value = chosen.get(_SAAS)
    if value is not None and not isinstance(value, tree.Table):
        found.problem((_SAAS,), 'saas is not a mapping', 'Write NAME: {url: OWNER/MODEL.OFFER}.')
    told: dict[str, str] = {}
    for name, entry in tree.mapping(value).items():
        where = (_SAAS, name)
        found.unknown(where, f' of {name}', tree.mapping(entry), frozenset(('url',)))
        url = words.option_text(tree.mapping(entry).get('url'))
        if name in services:
            found.problem(
                where, f'{name} is an application of the bundle, too', 'Give one of them another name.'
            )
        if not url:
            found.problem(where, f'{name} has no url: which offer is it?', _URL)
        elif not offerurls.is_url(url):
            found.problem((*where, 'url'), f'"{url}" is not the URL of an offer', _URL)
        told[name] = url
    return told


def _check_endpoint(
    at: tree.Path, name: str, endpoint: str, charm: charm_files.Charm | None, found: findings.Findings
) -> None:
    if charm is None or endpoint in (*charm.endpoints, 'juju-info'):
        return
    hint = wording.guess(endpoint, charm.endpoints) or f'It has: {", ".join(charm.endpoints) or "none"}.'
    found.problem(at, f'charm of {name} has no endpoint "{endpoint}"', hint)


def _check_access(at: tree.Path, offer: str, value: object, found: findings.Findings) -> None:
    if value is not None and not isinstance(value, tree.Table):
        found.problem(at, f'acl of offer {offer} is not a mapping', 'Write {USER: consume}.')
    for user, entry in tree.mapping(value).items():
        access = words.option_text(entry)
        if access not in _ACCESS:
            hint = f'Access is one of {", ".join(_ACCESS)}.'
            found.problem((*at, user), f'"{access}" of {user} is no access to offer {offer}', hint)
        elif access != 'admin':
            found.remark(
                (*at, user),
                f'{user} is given no access to offer {offer}',
                f'Give it with "juju grant {user} {access} OFFER-URL".',
            )


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True
