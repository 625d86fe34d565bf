"""Application: deploying, scaling, relating and removing; modules beside it hold options and records."""

from __future__ import annotations

from pocket.api import encode, storagejson, store
from pocket.api.facade import Call, Facade, each
from pocket.api.facades import (
    application_bindings,
    application_config,
    application_info,
    application_offers,
    application_place,
    repository,
)
from pocket.api.fields import Fields, untag
from pocket.api.rpc import Json
from pocket.model import unit_tag
from pocket.services import applications, charms, relations, status
from pocket.services.errors import NOT_SUPPORTED, JujuError
from pocket.services.storage import instances as storage_instances

_NS_IN_MS = 1_000_000
_MAX_WAIT_NS = 60_000 * _NS_IN_MS


async def deploy(call: Call) -> Json:
    """Application.Deploy: of charms that the model has."""

    async def one(application: Fields) -> Json:
        _refuse(application, ('devices',))
        name = application.text('application')
        options = application_config.parse(application, name)
        config, trust = application_config.split_trust(options)
        charm = call.read(charms.get, call.model_uuid, application.text('charm-url')).charm
        bindings = application.text_map('endpoint-bindings')
        application_bindings.check(charm, name, bindings, doing=f'cannot add application "{name}"')
        await call.write(
            applications.deploy,
            call.model_uuid,
            name=name,
            charm_url=application.text('charm-url'),
            num_units=application.number('num-units'),
            config=config,
            constraints=application.values('constraints'),
            placement=_placements(call, application),
            base=encode.parse_base(application.child('charm-origin').child('base')),
            trust=trust,
            storage=storagejson.wanted_by_name(application.map('storage'), 'storage'),
            attach_storage=_attached(application),
            force=application.flag('Force'),
            origin=store.kept_origin(application.child('charm-origin'), application.text('channel')),
            resource_ids=application.text_map('resources'),
        )
        return {}

    return {'results': await each(call.params.children('applications'), one)}


async def add_units(call: Call) -> Json:
    """Application.AddUnits."""
    names = await call.write(
        applications.add_units,
        call.model_uuid,
        call.params.text('application'),
        count=call.params.number('num-units'),
        placement=_placements(call, call.params),
        attach_storage=_attached(call.params),
    )
    return {'units': names}


async def destroy_application(call: Call) -> Json:
    """Application.DestroyApplication."""

    async def one(request: Fields) -> Json:
        name = untag('application', request.text('application-tag'))
        units = [u.name for u in call.read(applications.list_units, call.model_uuid, name)]
        fate = _fate(call, units, request)
        if request.flag('dry-run'):
            call.read(applications.get, call.model_uuid, name)
        else:
            units = await call.write(
                applications.destroy,
                call.model_uuid,
                name,
                force=request.flag('force'),
                max_wait_ms=_max_wait_ms(request),
                destroy_storage=request.flag('destroy-storage'),
            )
        return {'info': {'destroyed-units': [{'tag': unit_tag(unit)} for unit in units], **fate}}

    return {'results': await each(call.params.children('applications'), one)}


async def destroy_unit(call: Call) -> Json:
    """Application.DestroyUnit."""

    async def one(request: Fields) -> Json:
        unit = untag('unit', request.text('unit-tag'))
        fate = _fate(call, [unit], request)
        if request.flag('dry-run'):
            call.read(applications.get_unit, call.model_uuid, unit)
        else:
            await call.write(
                applications.destroy_unit,
                call.model_uuid,
                unit,
                force=request.flag('force'),
                max_wait_ms=_max_wait_ms(request),
                destroy_storage=request.flag('destroy-storage'),
            )
        return {'info': fate}

    return {'results': await each(call.params.children('units'), one)}


async def add_relation(call: Call) -> Json:
    """Application.AddRelation."""
    record = await call.write(
        relations.add,
        call.model_uuid,
        call.params.texts('endpoints'),
        via_cidrs=call.params.texts('via-cidrs'),
    )
    return {
        'endpoints': {endpoint.application: encode.charm_relation(endpoint) for endpoint in record.endpoints}
    }


async def destroy_relation(call: Call) -> Json:
    """Application.DestroyRelation: by its endpoints, else by its id."""
    force, endpoints = call.params.flag('force'), call.params.texts('endpoints')
    if endpoints:
        await call.write(relations.destroy, call.model_uuid, endpoints, force=force)
    else:
        relation_id = call.params.number('relation-id')
        await call.write(relations.destroy_by_id, call.model_uuid, relation_id, force=force)
    return {}


async def resolve_unit_errors(call: Call) -> Json:
    """Application.ResolveUnitErrors."""
    retry = call.params.flag('retry')
    if call.params.flag('all'):
        units = call.read(status.snapshot, call.model_uuid).units.values()
        tags = [unit_tag(unit.name) for unit in units if unit.workload.value == 'error']
    else:
        tags = [entity.text('tag') for entity in call.params.child('tags').children('entities')]

    async def one(tag: str) -> Json:
        await call.write(applications.resolve, call.model_uuid, untag('unit', tag), retry=retry)
        return {}

    return {'results': await each(tags, one)}


async def expose(call: Call) -> Json:
    """Application.Expose."""
    endpoints = call.params.map('exposed-endpoints')
    name = call.params.text('application')
    await call.write(applications.expose, call.model_uuid, name, endpoints=endpoints or None)
    return {}


async def unexpose(call: Call) -> Json:
    """Application.Unexpose."""
    endpoints = call.params.texts('exposed-endpoints')
    await call.write(
        applications.unexpose, call.model_uuid, call.params.text('application'), endpoints=endpoints
    )
    return {}


async def set_constraints(call: Call) -> Json:
    """Application.SetConstraints."""
    await call.write(
        applications.set_constraints,
        call.model_uuid,
        call.params.text('application'),
        call.params.values('constraints'),
    )
    return {}


async def get_constraints(call: Call) -> Json:
    """Application.GetConstraints."""

    async def one(tag: str) -> Json:
        record = call.read(applications.get, call.model_uuid, untag('application', tag))
        return {'constraints': dict(record.constraints)}

    tags = [entity.text('tag') for entity in call.params.children('entities')]
    return {'results': await each(tags, one)}


def _placements(call: Call, fields: Fields) -> list[str]:
    return [encode.placement(item, call.model_uuid) for item in fields.children('placement')]


def _attached(fields: Fields) -> list[str]:
    return [storagejson.untag(tag) for tag in fields.texts('attach-storage')]


def _fate(call: Call, units: list[str], request: Fields) -> Json:
    destroy = request.flag('destroy-storage')
    return storagejson.fate(
        call.read(storage_instances.fate, call.model_uuid, units, destroy_storage=destroy)
    )


def _max_wait_ms(request: Fields) -> int:
    return request.number('max-wait', _MAX_WAIT_NS) // _NS_IN_MS


def _refuse(fields: Fields, names: tuple[str, ...]) -> None:
    """Refuse what pocket does not have, instead of deploying something else than was asked for."""
    for name in names:
        if fields.has_any(name):
            raise JujuError(f'{name} not supported by pocket', NOT_SUPPORTED)


FACADE = Facade(
    name='Application',
    versions=(19, 20),
    methods={
        'AddRelation': add_relation,
        'AddUnits': add_units,
        'ApplicationsInfo': application_info.applications_info,
        'CharmConfig': application_config.charm_config,
        'CharmRelations': application_info.charm_relations,
        'Consume': application_offers.consume,
        'Deploy': deploy,
        'DeployFromRepository': repository.deploy_from_repository,
        'DestroyApplication': destroy_application,
        'DestroyConsumedApplications': application_offers.destroy_consumed_applications,
        'DestroyRelation': destroy_relation,
        'DestroyUnit': destroy_unit,
        'Expose': expose,
        'Get': application_config.get,
        'GetCharmURLOrigin': application_info.get_charm_url_origin,
        'GetConstraints': get_constraints,
        'Leader': application_info.leader,
        'MergeBindings': application_bindings.merge_bindings,
        'ResolveUnitErrors': resolve_unit_errors,
        'ScaleApplications': application_place.scale_applications,
        'SetCharm': application_config.set_charm,
        'SetConfigs': application_config.set_configs,
        'SetConstraints': set_constraints,
        'SetRelationsSuspended': application_offers.set_relations_suspended,
        'Unexpose': unexpose,
        'UnitsInfo': application_info.units_info,
        'UnsetApplicationsConfig': application_config.unset_config,
        'UpdateApplicationBase': application_place.update_base,
    },
)
