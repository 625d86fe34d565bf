"""Block: what is disabled in a model."""

from __future__ import annotations

from pocket.api.facade import Call, Facade, one_result
from pocket.api.rpc import Json, error_object
from pocket.services import blocks
from pocket.services.blocks import Block
from pocket.services.errors import BAD_REQUEST, JujuError


async def list_blocks(call: Call) -> Json:
    """Block.List."""
    found = call.read(blocks.list_, call.model_uuid)
    return {
        'results': [
            one_result(
                {
                    'id': str(number),
                    'tag': f'model-{call.model_uuid}',
                    'type': block.value,
                    'message': message,
                }
            )
            for number, (block, message) in enumerate(found.items())
        ]
    }


async def switch_on(call: Call) -> Json:
    """Block.SwitchBlockOn."""
    return await _switched(call, on=True)


async def switch_off(call: Call) -> Json:
    """Block.SwitchBlockOff."""
    return await _switched(call, on=False)


async def _switched(call: Call, *, on: bool) -> Json:
    """The one item of the reply has its error within, as those of bulk calls have."""
    try:
        block = _block(call.params.text('type'))
        if on:
            await call.write(blocks.switch_on, call.model_uuid, block, call.params.text('message'))
        else:
            await call.write(blocks.switch_off, call.model_uuid, block)
    except JujuError as error:
        return {'error': error_object(error)}
    return {}


def _block(text: str) -> Block:
    if text not in Block.__members__.values():
        raise JujuError(f'unknown block type "{text}"', BAD_REQUEST)
    return Block(text)


FACADE = Facade(
    name='Block',
    versions=(2,),
    methods={'List': list_blocks, 'SwitchBlockOff': switch_off, 'SwitchBlockOn': switch_on},
)
