"""The methods of Charms and Application that are about a charm store."""

from __future__ import annotations

from bedrock import hub
from bedrock.base import Base
from bedrock.hub import Channel, HubFault, Resolved, Wanted
from pocket.api import encode, storagejson, store
from pocket.api.facade import Call, each
from pocket.api.facades import application_bindings, application_config
from pocket.api.fields import Fields
from pocket.api.rpc import Json, error_object
from pocket.model.resources import Resource
from pocket.services import applications, charms, models, resources
from pocket.services.charms import CharmRecord
from pocket.services.errors import NOT_FOUND, JujuError
from pocket.state import Tx

_SERIES = {
    '16.04': 'xenial',
    '18.04': 'bionic',
    '20.04': 'focal',
    '22.04': 'jammy',
    '24.04': 'noble',
    '26.04': 'resolute',
}
_LAST_WITH_SERIES = 6


async def resolve_charms(call: Call) -> Json:
    """Charms.ResolveCharms."""

    async def one(request: Fields) -> Json:
        origin = request.child('charm-origin')
        wanted = store.wanted_by(request.text('reference'), origin, arch=call.controller.arch)
        found = await store.resolve(call, wanted)
        bases = found.bases or ((wanted.base,) if wanted.base else ())
        base = wanted.base or _chosen(call, found, None, force=True)
        # Only who has the charm already has its id.
        resolved = {**store.origin_of(found, base), 'id': origin.text('id'), 'hash': origin.text('hash')}
        reply: Json = {'url': store.url_of(found), 'charm-origin': resolved}
        if call.version <= _LAST_WITH_SERIES:
            return {**reply, 'supported-series': [_SERIES.get(one.channel, one.channel) for one in bases]}
        return {**reply, 'supported-bases': [encode.base(one) for one in bases]}

    return {'Results': await each(call.params.children('resolve'), one)}


async def add_charm(call: Call) -> Json:
    """Charms.AddCharm: a store's charm becomes one of the model's; it is downloaded meanwhile."""
    url, origin = call.params.text('url'), call.params.child('charm-origin')
    wanted = store.wanted_by(url, origin, arch=call.controller.arch)
    found = await store.resolve(call, wanted)
    await store.add(call, found)
    base = wanted.base or _chosen(call, found, None, force=True)
    return {'charm-origin': store.origin_of(found, base)}


async def get_download_infos(call: Call) -> Json:
    """Charms.GetDownloadInfos: where a store has a charm."""

    async def one(request: Fields) -> Json:
        origin = request.child('charm-origin')
        wanted = store.wanted_by(request.text('charm-url'), origin, arch=call.controller.arch)
        found = await store.resolve(call, wanted)
        base = wanted.base or _chosen(call, found, None, force=True)
        return {'url': found.download_url, 'charm-origin': store.origin_of(found, base)}

    return {'results': await each(call.params.children('entities'), one)}


async def list_charm_resources(call: Call) -> Json:
    """Charms.ListCharmResources: what a store has beside a charm."""
    results: list[list[Json]] = []
    for request in call.params.children('entities'):
        origin = request.child('charm-origin')
        try:
            wanted = store.wanted_by(request.text('charm-url'), origin, arch=call.controller.arch)
            found = await store.resolve(call, wanted)
        except JujuError as error:
            results.append([{'error': error_object(error)}])
        else:
            results.append([encode.charm_resource(one) for one in store.resources_of(found)])
    return {'results': results}


async def deploy_from_repository(call: Call) -> Json:
    """Application.DeployFromRepository."""
    results: list[Json] = []
    for request in call.params.children('Args'):
        try:
            results.append(await _deploy(call, request))
        except Exception as error:  # noqa: BLE001 - error_object logs what is not a refusal
            name = request.text('ApplicationName') or request.text('CharmName')
            results.append(
                {
                    'Errors': [error_object(error)],
                    'Info': {'architecture': '', 'channel': '', 'name': name, 'revision': 0},
                    'PendingResourceUploads': [],
                }
            )
    return {'Results': results}


async def _deploy(call: Call, request: Fields) -> Json:
    wanted = _wanted(call, request)
    found = await store.resolve(call, wanted)
    base = _chosen(call, found, wanted.base, force=request.flag('force'))
    charm = store.charm_of(found)
    name = request.text('ApplicationName') or charm.name
    given = request.text_map('resources')
    if unknown := sorted(set(given) - set(charm.resources)):
        raise JujuError(f'unrecognized resource "{unknown[0]}"', NOT_FOUND)
    bindings = request.text_map('endpoint-bindings')
    application_bindings.check(charm, name, bindings, doing=f'cannot add application "{name}"')
    info = _info(found, base, name)
    if request.flag('DryRun'):
        return {'Errors': [], 'Info': info, 'PendingResourceUploads': []}
    url = await store.add(call, found)
    record = call.read(charms.get, call.model_uuid, url)
    supplied = [await _supplied(call, record, name, key, given.get(key, '')) for key in charm.resources]
    config = application_config.from_yaml(request.text('ConfigYAML'), name, charm.name)
    options, trust = application_config.split_trust(config)
    storage = storagejson.wanted_by_name(request.map('Storage'), 'Storage')
    attached = [storagejson.untag(tag) for tag in request.texts('AttachStorage')]

    def deploy(tx: Tx) -> None:
        applications.deploy(
            tx,
            call.model_uuid,
            name=name,
            charm_url=url,
            num_units=0 if charm.subordinate else request.number('num-units', 1),
            config=options,
            constraints=request.values('Cons'),
            placement=[encode.placement(item, call.model_uuid) for item in request.children('Placement')],
            base=base,
            trust=trust or request.flag('Trust'),
            force=request.flag('force'),
            origin=store.kept(found),
            storage=storage,
            attach_storage=attached,
        )
        resources.put_store(tx, call.model_uuid, [one for one in supplied if not one.is_placeholder])

    await call.write(deploy)
    uploads = [
        {'Name': one.name, 'Filename': given[one.name], 'Type': one.type}
        for one in supplied
        if one.origin == 'upload' and one.name in given
    ]
    return {'Errors': [], 'Info': info, 'PendingResourceUploads': uploads}


def _wanted(call: Call, request: Fields) -> Wanted:
    revision = request.number('revision', -1)
    constraints = request.values('Cons')
    preferred = call.read(models.get_constraints, call.model_uuid).get('arch')
    try:
        channel = Channel.parse(request.text('channel'))
    except HubFault as err:
        raise store.refused(err) from err
    return Wanted(
        name=store.name_in(request.text('CharmName')),
        channel=channel,
        revision=revision if revision >= 0 else None,
        base=encode.parse_base(request.child('base')),
        arch=str(constraints.get('arch') or preferred or call.controller.arch),
    )


def _chosen(call: Call, found: Resolved, wanted: Base | None, *, force: bool) -> Base:
    default = Base.parse(str(call.read(models.option, call.model_uuid, 'default-base') or ''))
    if default is not None and wanted is None and found.bases and default not in found.bases and force:
        default = None
    try:
        return hub.chosen_base(found.bases, wanted=wanted, default=default, force=force)
    except HubFault as err:
        raise store.refused(err) from err


async def _supplied(call: Call, record: CharmRecord, application: str, name: str, given: str) -> Resource:
    """A resource as the request wants it: a store's revision, or a file that the client sends later."""
    own = resources.declared(record.charm, application)[name]
    if given and not given.isdecimal():
        return own
    wanted = Resource(
        application=application,
        name=name,
        type=own.type,
        path=own.path,
        description=own.description,
        origin='store',
        revision=int(given) if given else -1,
    )
    return await store.at_revision(call, record, wanted)


def _info(found: Resolved, base: Base, name: str) -> Json:
    return {
        'architecture': found.arch,
        'base': encode.base(base),
        'channel': str(found.channel),
        'effective-channel': str(found.channel),
        'name': name,
        'revision': found.revision,
    }
