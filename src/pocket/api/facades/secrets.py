"""Secrets: the model's own, and a look at all of them."""

from __future__ import annotations

import datetime

from bedrock import errors
from pocket.api import encode
from pocket.api.facade import Call, Facade, each
from pocket.api.fields import Fields
from pocket.api.rpc import Json
from pocket.model import secretcontent
from pocket.model.secrets import OwnerKind, Rotate, SecretDraft, find_id, new_id, uri
from pocket.services.errors import BAD_REQUEST, NOT_VALID, JujuError
from pocket.services.secrets import operator, records, revisions
from pocket.services.secrets.records import SecretRecord

BACKEND = 'internal'


async def create_secrets(call: Call) -> Json:
    """Secrets.CreateSecrets."""

    async def one(arg: Fields) -> Json:
        secret_id = _id(arg.text('uri')) if arg.text('uri') else new_id()
        _require_model(call, arg.text('owner-tag'))
        return {
            'result': await call.write(
                operator.add, call.model_uuid, secret_id=secret_id, draft=_draft(arg, _content(arg))
            )
        }

    return {'results': await each(call.params.children('args'), one)}


async def update_secrets(call: Call) -> Json:
    """Secrets.UpdateSecrets."""

    async def one(arg: Fields) -> Json:
        auto_prune = arg.flag('auto-prune') if 'auto-prune' in arg else None
        given = bool(arg.child('content').map('data'))
        draft = _draft(arg, _content(arg) if given else None)
        await call.write(
            operator.update,
            call.model_uuid,
            _named(arg, 'existing-label'),
            draft,
            auto_prune=auto_prune,
        )
        return {}

    return {'results': await each(call.params.children('args'), one)}


async def remove_secrets(call: Call) -> Json:
    """Secrets.RemoveSecrets."""

    async def one(arg: Fields) -> Json:
        await call.write(
            operator.remove, call.model_uuid, _named(arg, 'label'), tuple(arg.numbers('revisions'))
        )
        return {}

    return {'results': await each(call.params.children('args'), one)}


async def grant_secret(call: Call) -> Json:
    """Secrets.GrantSecret: one result for each application."""

    async def one(application: str) -> Json:
        await call.write(operator.grant, call.model_uuid, _named(call.params, 'label'), application)
        return {}

    return {'results': await each(call.params.texts('applications'), one)}


async def revoke_secret(call: Call) -> Json:
    """Secrets.RevokeSecret: one result for each application."""

    async def one(application: str) -> Json:
        await call.write(operator.revoke, call.model_uuid, _named(call.params, 'label'), application)
        return {}

    return {'results': await each(call.params.texts('applications'), one)}


async def list_secrets(call: Call) -> Json:
    """Secrets.ListSecrets."""
    wanted = call.params.child('filter')
    secret_id = _id(wanted.text('uri')) if wanted.text('uri') else ''
    number = wanted.number('revision') or None
    found = [
        record
        for record in call.read(records.list_, call.model_uuid)
        if secret_id in ('', record.metadata.id)
        and wanted.text('label') in ('', record.metadata.label)
        and wanted.text('owner-tag') in ('', _owner_tag(call, record))
        and (number is None or any(revision.number == number for revision in record.revisions))
    ]
    if secret_id and not found:
        raise revisions.missing(f'{secret_id}/{number}' if number else secret_id)
    reveal = call.params.flag('show-secrets')
    return {'results': [_result(call, record, reveal=reveal, number=number) for record in found]}


def _result(call: Call, record: SecretRecord, *, reveal: bool, number: int | None) -> Json:
    known = record.metadata
    result: Json = {
        'uri': uri(known.id),
        'version': 1,
        'owner-tag': _owner_tag(call, record),
        'rotate-policy': known.rotate.value,
        'latest-revision': known.latest_revision,
        'latest-revision-checksum': record.latest_checksum,
        'create-time': encode.timestamp(record.created_ms),
        'update-time': encode.timestamp(record.updated_ms),
        'revisions': [
            {
                'revision': revision.number,
                'backend-name': BACKEND,
                'create-time': encode.timestamp(revision.created_ms),
                'update-time': encode.timestamp(revision.updated_ms),
                **_time('expire-time', revision.expire_ms),
            }
            for revision in record.revisions
            if number in (None, revision.number)
        ],
        'access': [
            {
                'target-tag': access.target_tag,
                'scope-tag': access.scope_tag(call.model_uuid),
                'role': 'view',
            }
            for access in known.access
        ],
        **_time('next-rotate-time', known.next_rotate_ms),
        **_time('latest-expire-time', known.expire_ms),
    }
    result |= {key: text for key, text in _texts(record).items() if text}
    if reveal:
        shown = number or known.latest_revision
        result['value'] = {'data': call.read(revisions.content, call.model_uuid, known.id, shown)}
    return result


def _texts(record: SecretRecord) -> dict[str, str]:
    return {'description': record.metadata.description, 'label': record.metadata.label}


def _time(name: str, at_ms: int | None) -> Json:
    return {} if at_ms is None else {name: encode.timestamp(at_ms)}


def _owner_tag(call: Call, record: SecretRecord) -> str:
    known = record.metadata
    if known.owner_kind is OwnerKind.MODEL:
        return f'model-{call.model_uuid}'
    return f'{known.owner_kind}-{known.owner.replace("/", "-")}'


def _require_model(call: Call, tag: str) -> None:
    if tag not in ('', f'model-{call.model_uuid}'):
        raise JujuError(f'owner tag "{tag}" not valid', NOT_VALID)


def _id(text: str) -> str:
    found = find_id(text)
    if found is None:
        raise JujuError(f'secret URI "{text}" not valid', NOT_VALID)
    return found


def _named(arg: Fields, label: str) -> str:
    """The URI or name that a client gave: some put the one where the other belongs."""
    named = arg.text('uri') or arg.text(label)
    if not named:
        raise JujuError('must specify either URI or name', BAD_REQUEST)
    return named


def _content(arg: Fields) -> dict[str, str]:
    try:
        return secretcontent.check(arg.child('content').text_map('data'))
    except errors.UsageFault as fault:
        raise JujuError(fault.message, NOT_VALID) from None


def _draft(arg: Fields, content: dict[str, str] | None) -> SecretDraft:
    policy = arg.text('rotate-policy')
    if policy and policy not in Rotate.__members__.values():
        raise JujuError(f'rotate policy "{policy}" not valid', NOT_VALID)
    return SecretDraft(
        label=arg.text('label') or None,
        description=arg.text('description') or None,
        rotate=Rotate(policy) if policy else None,
        expire_ms=_expiry(arg.text('expire-time')),
        content=content,
    )


def _expiry(text: str) -> int | None:
    if not text:
        return None
    try:
        at = datetime.datetime.fromisoformat(text)
        return round(at.timestamp() * 1000)
    except ValueError:
        raise JujuError(f'expire time "{text}" not valid', NOT_VALID) from None


FACADE = Facade(
    name='Secrets',
    versions=(2,),
    methods={
        'CreateSecrets': create_secrets,
        'GrantSecret': grant_secret,
        'ListSecrets': list_secrets,
        'RemoveSecrets': remove_secrets,
        'RevokeSecret': revoke_secret,
        'UpdateSecrets': update_secrets,
    },
)
