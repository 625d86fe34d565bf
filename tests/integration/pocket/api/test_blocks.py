"""What an operator has disabled is refused, whoever asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pocket.api import blocking, facades
from pocket.services.errors import JujuError

Call = Callable[..., Awaitable[Any]]
Deploy = Callable[..., Awaitable[str]]


async def _switch(on_model: Call, kind: str, message: str = '', *, on: bool = True) -> Any:
    return await on_model('Block', 2, 'SwitchBlockOn' if on else 'SwitchBlockOff', type=kind, message=message)


async def _blocked(work: Awaitable[Any]) -> str:
    with pytest.raises(JujuError) as caught:
        await work
    assert caught.value.code == 'operation is blocked'
    return caught.value.message


async def test_each_block_disables_all_that_the_smaller_ones_do(
    on_model: Call, on_controller: Call, deploy: Deploy, model: str
) -> None:
    await deploy('web')

    async def remove() -> Any:
        wanted = [{'application-tag': 'application-web', 'dry-run': True}]
        return await on_model('Application', 20, 'DestroyApplication', applications=wanted)

    async def change() -> Any:
        return await on_model('ModelConfig', 3, 'ModelSet', config={'a': 'b'})

    async def destroy() -> Any:
        wanted = [{'model-tag': f'model-{model}'}]
        return (await on_controller('ModelManager', 10, 'DestroyModels', models=wanted))['results'][0]

    assert await _switch(on_model, 'BlockDestroy', 'ask first') == {}
    assert (await destroy())['error'] == {'message': 'ask first', 'code': 'operation is blocked'}
    await remove()
    await change()
    await _switch(on_model, 'BlockRemove')
    assert await _blocked(remove()) == 'the operation has been blocked'
    await change()
    await _switch(on_model, 'BlockRemove', on=False)
    await _switch(on_model, 'BlockChange', 'frozen')
    assert (await _blocked(change()), await _blocked(remove())) == ('frozen', 'frozen')
    listed = await on_model('Block', 2, 'List')
    assert [(item['result']['type'], item['result']['message']) for item in listed['results']] == [
        ('BlockDestroy', 'ask first'),
        ('BlockChange', 'frozen'),
    ]
    (seen,) = (await on_controller('Controller', 12, 'ListBlockedModels'))['models']
    assert (seen['model-uuid'], seen['blocks']) == (model, ['BlockDestroy', 'BlockChange'])
    await _switch(on_model, 'BlockChange', on=False)
    await change()


async def test_a_block_is_switched_once(on_model: Call) -> None:
    assert (await _switch(on_model, 'BlockX'))['error']['message'] == 'unknown block type "BlockX"'
    off = await _switch(on_model, 'BlockChange', on=False)
    assert off['error']['message'] == 'block BlockChange is already OFF'
    await _switch(on_model, 'BlockChange')
    again = await _switch(on_model, 'BlockChange')
    assert again['error']['message'] == 'block BlockChange is already ON'


def test_only_methods_that_there_are_can_be_blocked() -> None:
    for facade, method in blocking.BLOCKED_BY:
        assert method in facades.ALL[facade].methods
