"""Asking the charm store for a client: which store, which release, and what becomes of it in a model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar, cast

from bedrock import hub
from bedrock.base import Base
from bedrock.charm import Charm, CharmFault, YamlFault, from_documents, yaml_mapping
from bedrock.errors import Fault
from bedrock.hub import Channel, Hub, HubFault, Resolved, Wanted
from pocket import storefetch
from pocket.api import encode
from pocket.api.facade import Call
from pocket.api.fields import Fields
from pocket.api.rpc import Json
from pocket.model.resources import Resource
from pocket.services import charms, models, origins
from pocket.services.charms import CharmRecord
from pocket.services.cluster import images
from pocket.services.errors import NOT_FOUND, NOT_SUPPORTED, NOT_VALID, JujuError

_PATIENCE_S = 25.0
"""Also bounds looking up the store's name, which no socket's timeout does."""
_CODES = {'name-not-found': NOT_FOUND, 'id-not-found': NOT_FOUND, 'revision-not-found': NOT_FOUND}
T = TypeVar('T')


def name_in(reference: str) -> str:
    """Return the charm's name in a reference: ``ch:amd64/jammy/name-3``, ``ch:name``, ``name``.

    Raises:
        JujuError: it is none of a store's charm.
    """
    schema, colon, path = reference.rpartition(':')
    if colon and schema != 'ch':
        raise JujuError(f'unknown schema for charm URL "{reference}"', NOT_VALID)
    name, dash, number = path.rpartition('/')[2].rpartition('-')
    found = name if dash and number.isdecimal() else path.rpartition('/')[2]
    if not found:
        raise JujuError(f'charm or bundle URL has malformed name: "{reference}"', NOT_VALID)
    return found


async def asked(call: Call, work: Callable[[Hub], T]) -> T:
    """Do *work* with the model's store, off the event loop.

    Raises:
        JujuError: the store refuses or does not answer.
    """
    option = call.read(models.get_config, call.model_uuid)['charmhub-url']
    url = call.controller.settings.charmhub_url if option.source == 'default' else str(option.value)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await asyncio.to_thread(lambda: work(Hub(url)))
    except TimeoutError:
        raise JujuError(f'cannot reach the charm store at {url}: no answer in time') from None
    except HubFault as err:
        raise refused(err) from err


def refused(err: HubFault) -> JujuError:
    """The store's refusal in Juju's form."""
    return JujuError(err.message, _CODES.get(err.code, err.code))


def wanted_by(reference: str, origin: Fields, *, arch: str) -> Wanted:
    """Return what a client asks for with a reference and a charm origin.

    Raises:
        JujuError: its channel is none.
    """
    parts = [origin.text('track'), origin.text('risk'), origin.text('branch')]
    # As in Juju, who sends an id refreshes a charm from that revision; who sends none asks for it.
    revision = -1 if origin.text('id') else origin.number('revision', -1)
    try:
        channel = Channel.parse('/'.join(part for part in parts if part))
    except HubFault as err:
        raise refused(err) from err
    return Wanted(
        name=name_in(reference),
        channel=channel,
        revision=revision if revision >= 0 else None,
        base=encode.parse_base(origin.child('base')),
        arch=_arch(origin.text('architecture'), arch),
    )


def _arch(text: str, default: str) -> str:
    return text if text and text != 'all' else default


async def resolve(call: Call, wanted: Wanted) -> Resolved:
    """Find the release that *wanted* means; it may be a bundle.

    Raises:
        JujuError: there is none, or the store does not answer.
    """
    found = await asked(call, lambda store: hub.resolve(store.refresh, wanted))
    if wanted.revision is None or found.charm.get('resources'):
        return found
    # Resources hang on channels: asked for a revision, the store names none.
    try:
        in_channel = await asked(
            call, lambda store: hub.resolve(store.refresh, replace(wanted, revision=None))
        )
    except JujuError:
        return found
    return replace(found, charm={**found.charm, 'resources': in_channel.charm.get('resources') or []})


def url_of(found: Resolved) -> str:
    """Return the charm URL of a release: ``ch:amd64/name-3``."""
    return f'ch:{found.arch}/{found.charm.get("name")}-{found.revision}'


def charm_of(found: Resolved) -> Charm:
    """Return what the store says of a charm, before its archive is here.

    Raises:
        JujuError: it is a bundle, or the store says too little.
    """
    name = str(found.charm.get('name') or '')
    if found.kind != 'charm':
        raise JujuError(f'"{name}" is a bundle, not a charm', NOT_SUPPORTED)
    if not found.charm.get('metadata-yaml'):
        raise JujuError(f'the charm store does not tell the metadata of charm "{name}"')
    try:
        documents: dict[str, dict[str, Any] | None] = {
            key: yaml_mapping(str(found.charm.get(f'{key}-yaml') or '').encode(), f'{key}.yaml')
            for key in ('metadata', 'config')
        }
        documents['manifest'] = {
            'bases': [{'name': base.name, 'channel': base.channel} for base in found.bases]
        }
        return replace(from_documents(documents, f'charm "{name}"'), name=name)
    except (YamlFault, CharmFault) as err:
        raise JujuError(err.message) from err


async def add(call: Call, found: Resolved) -> str:
    """Record a release in the model, for somebody to download; return its URL."""
    url, charm = url_of(found), charm_of(found)
    await call.write(
        charms.add_from_store,
        call.model_uuid,
        url,
        revision=found.revision,
        sha256=found.sha256,
        charm=charm,
        origin={
            'id': found.charm.get('id') or '',
            'download': found.download_url,
            'resources': [_entry(one) for one in found.charm.get('resources') or ()],
        },
    )
    return url


def origin_of(found: Resolved, base: Base) -> Json:
    """Return a release as a charm origin for clients, and for the application to keep."""
    channel = found.channel
    origin: Json = {
        'source': origins.STORE,
        'type': found.kind,
        'id': str(found.charm.get('id') or ''),
        'hash': found.sha256,
        'risk': channel.risk,
        'revision': found.revision,
        'track': channel.track,
        'architecture': found.arch,
        'base': {'name': base.name, 'channel': f'{base.channel}/stable'},
    }
    return {**origin, 'branch': channel.branch} if channel.branch else origin


def kept(found: Resolved) -> Json:
    """Return what an application keeps of the release that it was deployed from."""
    origin = origin_of(found, Base('', ''))
    return {
        key: origin[key]
        for key in ('source', 'type', 'id', 'hash', 'risk', 'track', 'branch')
        if key in origin
    }


def resources_of(found: Resolved) -> list[Resource]:
    """Return the resources that come with a release."""
    return [resource_in(_entry(one), '') for one in found.charm.get('resources') or ()]


def kept_origin(origin: Fields, channel: str) -> Json:
    """Return what an application keeps of the origin that a client sent; nothing of a local charm."""
    if origin.text('source') != origins.STORE:
        return {}
    kept = ('id', 'hash', 'risk', 'track', 'branch', 'type')
    found: Json = {key: origin.text(key) for key in kept if origin.text(key)}
    if not found.get('risk'):
        parsed = Channel.parse(channel)
        found |= {'track': parsed.track, 'risk': parsed.risk}
    return {'source': origins.STORE, **found}


def offered(record: CharmRecord) -> list[Json]:
    """Return the resources that the store offers with a charm, as ListResources shows them."""
    found = (resource_in(entry, '') for entry in record.origin.get('resources') or ())
    return [encode.charm_resource(resource) for resource in found]


def resource_in(entry: Mapping[str, Any], application: str) -> Resource:
    """Return a store's resource revision as a resource of *application*."""
    return Resource(
        application=application,
        name=str(entry.get('name') or ''),
        type=str(entry.get('type') or 'file'),
        path=str(entry.get('filename') or ''),
        description=str(entry.get('description') or ''),
        origin='store',
        revision=int(entry.get('revision') or 0),
        fingerprint=str(entry.get('sha384') or ''),
        size=int(entry.get('size') or 0),
        source=str(entry.get('url') or ''),
    )


async def at_revision(call: Call, record: CharmRecord, resource: Resource) -> Resource:
    """Return *resource* of a store's charm with what the store has for its revision.

    Raises:
        JujuError: the store has no such revision.
    """
    if resource.origin != 'store':
        return resource
    offers = [resource_in(entry, resource.application) for entry in record.origin.get('resources') or ()]
    matching = [
        one for one in offers if one.name == resource.name and resource.revision in (-1, one.revision)
    ]
    if matching:
        return await _with_image(call, matching[0])
    found = await asked(call, lambda store: store.resource_revisions(record.name, resource.name))
    entries = sorted((_entry(one) for one in found), key=lambda entry: int(entry['revision']), reverse=True)
    for entry in entries:
        if resource.revision in (-1, entry['revision']):
            return await _with_image(
                call, resource_in({**entry, 'name': resource.name}, resource.application)
            )
    raise JujuError(f'charm resource "{resource.name}" at revision {resource.revision} not found', NOT_FOUND)


async def _with_image(call: Call, resource: Resource) -> Resource:
    """Return *resource* with what it says of the image that it names, where a pod will need that."""
    if resource.type != images.TYPE or not call.read(models.is_caas, call.model_uuid):
        return resource
    try:
        content = await storefetch.resource(call.controller.settings.home, resource)
    except Fault as err:
        raise JujuError(err.message) from err
    return replace(resource, image=images.parse(resource.name, content.read_bytes()))


def _entry(raw: Mapping[str, Any]) -> Json:
    """A resource of the store's answer, cut to what is kept."""
    download = cast('Mapping[str, Any]', raw.get('download') or {})
    return {
        'name': raw.get('name') or '',
        'type': raw.get('type') or 'file',
        'filename': raw.get('filename') or '',
        'description': raw.get('description') or '',
        'revision': int(raw.get('revision') or 0),
        'sha384': download.get('hash-sha-384') or '',
        'size': int(download.get('size') or 0),
        'url': download.get('url') or '',
    }
