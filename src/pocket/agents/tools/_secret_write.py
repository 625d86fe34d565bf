"""Tools that change secrets, which is kept when the hook succeeds."""

from __future__ import annotations

import datetime
import re

from bedrock import errors
from pocket.agents.tools import _relation, _secret
from pocket.agents.tools._args import quote
from pocket.agents.tools._protocol import Reply, ToolFault, UsageFault
from pocket.agents.tools._status import NOT_LEADER
from pocket.agents.tools._tool import Call, Tool
from pocket.model import application_of, secretcontent
from pocket.model.secrets import OwnerKind, Rotate, SecretAccess, SecretCreation, SecretDraft, uri
from pocket.services import durations

_TIME = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)')


def _add(call: Call) -> Reply:
    if not call.args and not call.values.get('file'):
        raise UsageFault('missing secret value or filename')
    owner = _owner(call)
    draft = _draft(call, call.args)
    if not draft.content:
        raise UsageFault('empty secret value not valid')
    if owner is OwnerKind.APPLICATION and not call.context.view.leader:
        raise ToolFault(NOT_LEADER)
    book = call.context.secrets
    creation = SecretCreation(id=book.new_id(), owner_kind=owner, draft=draft)
    book.create(creation)
    return Reply(stdout=f'{uri(creation.id)}\n')


def _set(call: Call) -> Reply:
    secret_id = _secret.id_of(call)
    _owner(call)
    draft = _draft(call, call.args[1:])
    _require_managed(call, secret_id)
    call.context.secrets.update(secret_id, draft)
    return Reply()


def _require_managed(call: Call, secret_id: str) -> None:
    context = call.context
    if secret_id in context.secrets.managed(context.reader):
        return
    owner = context.reader.read_secret(secret_id, latest=True).owner
    raise ToolFault(NOT_LEADER if owner == context.view.application else 'permission denied')


def _draft(call: Call, words: tuple[str, ...]) -> SecretDraft:
    values = call.values
    try:
        content = secretcontent.from_words(words, call.request.read_bytes)
        if values.get('file'):
            content = {**secretcontent.from_document(call.request.read(values['file'])), **content}
    except errors.UsageFault as fault:
        raise UsageFault(fault.message) from None
    return SecretDraft(
        label=values.get('label'),
        description=values.get('description'),
        rotate=_rotate(values['rotate']) if values.get('rotate') else None,
        expire_ms=_expiry(values['expire'], call) if values.get('expire') else None,
        content=content or None,
    )


def _rotate(text: str) -> Rotate:
    if text not in Rotate.__members__.values():
        raise UsageFault(f'rotate policy {quote(text)} not valid')
    return Rotate(text)


def _expiry(text: str, call: Call) -> int:
    if _TIME.fullmatch(text):
        try:
            return round(datetime.datetime.fromisoformat(text).timestamp() * 1000)
        except ValueError:
            pass
    seconds = durations.parse_s(text)
    if seconds is None or seconds < 0:
        raise UsageFault(f'expire time or duration {quote(text)} not valid')
    return call.context.secrets.now_ms() + round(seconds * 1000)


def _owner(call: Call) -> OwnerKind:
    text = call.values.get('owner', OwnerKind.APPLICATION.value)
    if text not in (OwnerKind.APPLICATION, OwnerKind.UNIT):
        raise UsageFault(f'secret owner {quote(text)} not valid')
    return OwnerKind(text)


def _remove(call: Call) -> Reply:
    secret_id, text = _secret.id_of(call), call.values.get('revision')
    if text is not None and not text.isdecimal():
        raise UsageFault(f'invalid value {quote(text)} for option --revision: strconv.Atoi: invalid syntax')
    _require_managed(call, secret_id)
    call.context.secrets.remove(secret_id, int(text) if text and int(text) else None)
    return Reply()


def _grant(call: Call) -> Reply:
    secret_id, unit = _secret.id_of(call), call.values.get('unit', '')
    if 'r' not in call.values and call.context.relation is None:
        raise UsageFault('missing relation id')
    relation = _relation.relation_of(call)
    remote = relation.remote_application
    if unit and application_of(unit) != remote:
        raise ToolFault(f'cannot specify unit {quote(unit)} in relation to application {quote(remote)}')
    known = _secret.managed_of(call, secret_id)
    granted = [(access.kind, access.subject) for access in known.access]
    if (OwnerKind.APPLICATION, remote) in granted and unit:
        return Reply()
    if not unit and any(
        kind is OwnerKind.UNIT and application_of(subject) == remote for kind, subject in granted
    ):
        raise ToolFault(
            'any unit level grants need to be revoked before granting access to the corresponding application'
        )
    access = SecretAccess(
        kind=OwnerKind.UNIT if unit else OwnerKind.APPLICATION,
        subject=unit or remote,
        relation_id=relation.id,
        relation_key=_key(call, relation.id),
    )
    call.context.secrets.grant(secret_id, access)
    return Reply()


def _key(call: Call, relation_id: int) -> str:
    """The key of a relation, for the requirer's side first, as its own record has it."""
    view = call.context.view
    relation = next(known for known in view.relations if known.id == relation_id)
    own = f'{view.application}:{relation.endpoint}'
    if relation.role == 'peer':
        return own
    other = f'{relation.remote_application}:{relation.remote_endpoint}'
    return f'{own} {other}' if relation.role == 'requirer' else f'{other} {own}'


def _revoke(call: Call) -> Reply:
    secret_id = _secret.id_of(call)
    unit, application = call.values.get('unit', ''), call.values.get('app', '')
    if not (unit or application):
        if 'r' not in call.values and call.context.relation is None:
            raise UsageFault('missing relation or application or unit')
        application = _relation.relation_of(call).remote_application
    _secret.managed_of(call, secret_id)
    kind = OwnerKind.UNIT if unit else OwnerKind.APPLICATION
    call.context.secrets.revoke(secret_id, SecretAccess(kind=kind, subject=unit or application))
    return Reply()


_R = 'r relation'
_DETAILS = ('label', 'description', 'expire', 'rotate', 'owner', 'file')
_USAGE = (
    '[--label NAME] [--description TEXT] [--expire TIME] [--rotate POLICY] [--owner application|unit]'
    ' [--file FILE]'
)

TOOLS = (
    Tool(
        name='secret-add',
        usage=f'{_USAGE} <key>[#base64|#file]=<value> [...]',
        run=_add,
        texts=_DETAILS,
        max_args=None,
    ),
    Tool(
        name='secret-grant',
        usage='<URI> [-r ID] [--unit NAME]',
        run=_grant,
        texts=(_R, 'unit'),
        max_args=1,
    ),
    Tool(name='secret-remove', usage='<URI> [--revision N]', run=_remove, texts=('revision',), max_args=1),
    Tool(
        name='secret-revoke',
        usage='<URI> [-r ID | --app NAME | --unit NAME]',
        run=_revoke,
        texts=(_R, 'app', 'unit'),
        max_args=1,
    ),
    Tool(
        name='secret-set',
        usage=f'<URI> {_USAGE} <key>[#base64|#file]=<value> [...]',
        run=_set,
        texts=_DETAILS,
        max_args=None,
    ),
)
