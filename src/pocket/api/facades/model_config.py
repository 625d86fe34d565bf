"""ModelConfig: a model's options and constraints; on a controller connection, those of its own model."""

from __future__ import annotations

from pocket.api.facade import Call, Facade, Scope
from pocket.api.rpc import Json
from pocket.services import models
from pocket.services.errors import MODEL_NOT_FOUND, JujuError

_SUPPORT_LEVEL = 'unsupported'


async def model_get(call: Call) -> Json:
    """ModelConfig.ModelGet."""
    options = call.read(models.get_config, _model(call))
    config = {name: {'value': option.value, 'source': option.source} for name, option in options.items()}
    if config['charmhub-url']['source'] == 'default':
        config['charmhub-url']['value'] = call.controller.settings.charmhub_url
    return {'config': config}


async def model_set(call: Call) -> Json:
    """ModelConfig.ModelSet."""
    await call.write(models.set_config, _model(call), call.params.map('config'))
    return {}


async def model_unset(call: Call) -> Json:
    """ModelConfig.ModelUnset."""
    await call.write(models.unset_config, _model(call), call.params.texts('keys'))
    return {}


async def get_constraints(call: Call) -> Json:
    """ModelConfig.GetModelConstraints."""
    return {'constraints': call.read(models.get_constraints, _model(call))}


async def set_constraints(call: Call) -> Json:
    """ModelConfig.SetModelConstraints."""
    await call.write(models.set_constraints, _model(call), call.params.values('constraints'))
    return {}


async def sequences(call: Call) -> Json:
    """ModelConfig.Sequences: the next number of each kind of thing."""
    return {'sequences': call.read(models.sequences, _model(call))}


async def get_support_level(_call: Call) -> Json:
    """ModelConfig.SLALevel: nobody sells support for a model on this machine."""
    return {'result': _SUPPORT_LEVEL}


def _model(call: Call) -> str:
    if call.model_uuid:
        return call.model_uuid
    own = call.read(models.find, models.CONTROLLER)
    if own is None:
        raise JujuError(f'model "{models.CONTROLLER}" not found', MODEL_NOT_FOUND)
    return own.uuid


FACADE = Facade(
    name='ModelConfig',
    versions=(3,),
    scope=Scope.BOTH,
    methods={
        'GetModelConstraints': get_constraints,
        'ModelGet': model_get,
        'ModelSet': model_set,
        'ModelUnset': model_unset,
        'SLALevel': get_support_level,
        'Sequences': sequences,
        'SetModelConstraints': set_constraints,
    },
)
