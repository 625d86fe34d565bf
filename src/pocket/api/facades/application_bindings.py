"""The part of Application that is about network spaces, of which there is one: alpha."""

from __future__ import annotations

from collections.abc import Mapping

from pocket.api.facade import Call, each
from pocket.api.fields import Fields, untag
from pocket.api.rpc import Json
from pocket.services import applications
from pocket.services.applications import ApplicationRecord
from pocket.services.errors import NOT_FOUND, JujuError

ALPHA = 'alpha'


async def merge_bindings(call: Call) -> Json:
    """Application.MergeBindings: all endpoints are in alpha and stay there; anything else is refused."""

    async def one(request: Fields) -> Json:
        record = call.read(
            applications.get, call.model_uuid, untag('application', request.text('application-tag'))
        )
        check(record, request.text_map('bindings'))
        return {}

    return {'results': await each(call.params.children('args'), one)}


def check(record: ApplicationRecord, bindings: Mapping[str, str]) -> None:
    """Check that *bindings* name endpoints of the application and spaces that exist.

    Raises:
        JujuError: they do not.
    """
    charm = record.charm.charm
    extra = charm.metadata.get('extra-bindings') or {}
    known = {'', *charm.endpoints, *extra}
    unknown = sorted(set(bindings) - known)
    if unknown:
        raise JujuError(
            f'cannot merge bindings: application "{record.name}" has no endpoint "{unknown[0]}"', NOT_FOUND
        )
    for space in bindings.values():
        # Clients name a space by its name or by its id.
        if space not in ('', ALPHA, '0'):
            raise JujuError(f'cannot merge bindings: space "{space}" not found', NOT_FOUND)
