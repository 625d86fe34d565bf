"""The part of Application that is about network spaces, of which there is one: alpha."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from bedrock.charm import Charm
from pocket.api.facade import Call, each
from pocket.api.fields import Fields, untag
from pocket.api.rpc import Json
from pocket.services import applications
from pocket.services.errors import NOT_FOUND, JujuError

ALPHA = 'alpha'


async def merge_bindings(call: Call) -> Json:
    """Application.MergeBindings: all endpoints are in alpha and stay there; anything else is refused."""

    async def one(request: Fields) -> Json:
        record = call.read(
            applications.get, call.model_uuid, untag('application', request.text('application-tag'))
        )
        check(record.charm.charm, record.name, request.text_map('bindings'), doing='cannot merge bindings')
        return {}

    return {'results': await each(call.params.children('args'), one)}


def check(charm: Charm, application: str, bindings: Mapping[str, str], *, doing: str) -> None:
    """Check that *bindings* name endpoints of the application's charm and spaces that exist.

    Raises:
        JujuError: they do not.
    """
    extra = cast('Mapping[str, object]', charm.metadata.get('extra-bindings') or {})
    unknown = sorted(set(bindings) - {'', *charm.endpoints, *extra})
    if unknown:
        raise JujuError(f'{doing}: application "{application}" has no endpoint "{unknown[0]}"', NOT_FOUND)
    for space in bindings.values():
        # Clients name a space by its name or by its id.
        if space not in ('', ALPHA, '0'):
            raise JujuError(f'{doing}: space "{space}" not found', NOT_FOUND)
