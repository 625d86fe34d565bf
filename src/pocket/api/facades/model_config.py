"""ModelConfig: a model's options and constraints."""

from __future__ import annotations

from pocket.api.facade import Call, Facade
from pocket.api.rpc import Json
from pocket.services import models


async def model_get(call: Call) -> Json:
    """ModelConfig.ModelGet."""
    options = call.read(models.get_config, call.model_uuid)
    return {
        'config': {name: {'value': option.value, 'source': option.source} for name, option in options.items()}
    }


async def model_set(call: Call) -> Json:
    """ModelConfig.ModelSet."""
    await call.write(models.set_config, call.model_uuid, call.params.map('config'))
    return {}


async def model_unset(call: Call) -> Json:
    """ModelConfig.ModelUnset."""
    await call.write(models.unset_config, call.model_uuid, call.params.texts('keys'))
    return {}


async def get_constraints(call: Call) -> Json:
    """ModelConfig.GetModelConstraints."""
    return {'constraints': call.read(models.get_constraints, call.model_uuid)}


async def set_constraints(call: Call) -> Json:
    """ModelConfig.SetModelConstraints."""
    await call.write(models.set_constraints, call.model_uuid, call.params.values('constraints'))
    return {}


async def sequences(call: Call) -> Json:
    """ModelConfig.Sequences: the next number of each kind of thing."""
    return {'sequences': call.read(models.sequences, call.model_uuid)}


FACADE = Facade(
    name='ModelConfig',
    versions=(3,),
    methods={
        'GetModelConstraints': get_constraints,
        'ModelGet': model_get,
        'ModelSet': model_set,
        'ModelUnset': model_unset,
        'Sequences': sequences,
        'SetModelConstraints': set_constraints,
    },
)
