"""Tools that read secrets."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Mapping
from typing import Any

from pocket.agents.tools._args import quote
from pocket.agents.tools._protocol import Reply, ToolFault, TrackSecret, UsageFault
from pocket.agents.tools._tool import Call, Tool
from pocket.model import secretcontent
from pocket.model.secrets import Rotate, SecretMetadata, find_id

_BASE64 = '#base64'


def id_of(call: Call) -> str:
    """The id in the URI that is the first argument."""
    if not call.args:
        raise UsageFault('missing secret URI')
    return _id(call.arg(0))


def managed_of(call: Call, secret_id: str) -> SecretMetadata:
    """The secret of that id, which the unit may change."""
    known = call.context.secrets.managed(call.context.reader).get(secret_id)
    if known is None:
        raise ToolFault(f'secret {quote(secret_id)} not found')
    return known


def _id(text: str) -> str:
    found = find_id(text)
    if found is None:
        raise UsageFault(f'secret URI {quote(text)} not valid')
    return found


def _get(call: Call) -> Reply:
    label = call.values.get('label', '')
    secret_id = _id(call.arg(0)) if call.args else None
    if secret_id is None and not label:
        raise UsageFault('require either a secret URI or label')
    if {'peek', 'refresh'} <= call.switches:
        raise UsageFault('specify one of --peek or --refresh but not both')
    context = call.context
    if secret_id is None:
        secret_id = context.secrets.find(context.reader, label)
        if secret_id is None:
            raise ToolFault(f'consumer label {quote(label)} not found')
        label = ''
    found = context.secrets.get(
        context.reader,
        secret_id,
        label=label,
        refresh='refresh' in call.switches,
        peek='peek' in call.switches,
    )
    shown = call.show(_value(found.content, call.arg(1)))
    if not found.tracks:
        return shown
    effect = TrackSecret(id=found.id, revision=found.tracks, label=found.label)
    return Reply(stdout=shown.stdout, output=shown.output, effects=(effect,))


def _value(content: Mapping[str, str], key: str) -> Any:
    if not key:
        return {name: secretcontent.decoded(value) for name, value in content.items()}
    name = key.removesuffix(_BASE64)
    if name not in content:
        raise ToolFault(f'secret key value {quote(name)} not found')
    value = content[name]
    return base64.b64encode(base64.b64decode(value)).decode() if key != name else secretcontent.decoded(value)


def _info_get(call: Call) -> Reply:
    label = call.values.get('label', '')
    if bool(call.args) is bool(label):
        text = 'specify either a secret URI or label but not both'
        raise UsageFault(text if label else 'require either a secret URI or label')
    context = call.context
    if call.args:
        known = managed_of(call, id_of(call))
    else:
        labelled = [
            known for known in context.secrets.managed(context.reader).values() if known.label == label
        ]
        if not labelled:
            raise ToolFault(f'secret {quote(label)} not found')
        known = labelled[0]
    return call.show({known.id: _info(known, context.view.model_uuid)})


def _info(known: SecretMetadata, model_uuid: str) -> dict[str, Any]:
    optional: dict[str, Any] = {
        'description': known.description,
        'rotation': '' if known.rotate is Rotate.NEVER else known.rotate.value,
        'expiry': _time(known.expire_ms),
        'rotates': _time(known.next_rotate_ms),
        'access': [
            {'target': access.target_tag, 'scope': access.scope_tag(model_uuid), 'role': 'view'}
            for access in known.access
        ],
    }
    return {
        'revision': known.latest_revision,
        'label': known.label,
        'owner': known.owner_kind.value,
        **{name: value for name, value in optional.items() if value},
    }


def _time(at_ms: int | None) -> str:
    if at_ms is None:
        return ''
    at = datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC)
    return at.isoformat(timespec='seconds').replace('+00:00', 'Z')


def _ids(call: Call) -> Reply:
    ids = list(call.context.secrets.managed(call.context.reader))
    return call.show(None if not ids and call.style == 'json' else ids)


TOOLS = (
    Tool(
        name='secret-get',
        usage='[<URI>] [--label NAME] [--peek | --refresh] [<key>[#base64]]',
        run=_get,
        texts=('label',),
        switches=('peek', 'refresh'),
        style='yaml',
        max_args=2,
    ),
    Tool(name='secret-ids', usage='', run=_ids, style='yaml'),
    Tool(
        name='secret-info-get',
        usage='<URI> | --label NAME',
        run=_info_get,
        texts=('label',),
        style='yaml',
        max_args=1,
    ),
)
