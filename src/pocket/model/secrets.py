"""Secrets: what they are called, who owns them, what a hook changes of them, what a unit is to be told."""

from __future__ import annotations

import base64
import calendar
import datetime
import enum
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

RETRY_MS = 5 * 60_000
"""A rotation or an expiry that the owner did nothing about is told again after this."""
NO_RELATION = -1
"""The relation of a grant that is good for the whole model."""

_URI = re.compile(r'(?:secret:(?://[0-9a-f-]{36}/)?)?([0-9a-v]{20})')


class OwnerKind(enum.StrEnum):
    """What owns a secret: an application through its leader, one unit, or the model's operators."""

    APPLICATION = 'application'
    UNIT = 'unit'
    MODEL = 'model'


class Rotate(enum.StrEnum):
    """How often the owner is asked for new content."""

    NEVER = 'never'
    HOURLY = 'hourly'
    DAILY = 'daily'
    WEEKLY = 'weekly'
    MONTHLY = 'monthly'
    QUARTERLY = 'quarterly'
    YEARLY = 'yearly'

    def after(self, at_ms: int) -> int | None:
        """The time of the next rotation after one at *at_ms*; None: there is none."""
        if self in _DAYS:
            return at_ms + round(_DAYS[self] * 86_400_000)
        return _months_later(at_ms, _MONTHS[self]) if self in _MONTHS else None


_DAYS: Mapping[Rotate, float] = {Rotate.HOURLY: 1 / 24, Rotate.DAILY: 1, Rotate.WEEKLY: 7}
_MONTHS: Mapping[Rotate, int] = {Rotate.MONTHLY: 1, Rotate.QUARTERLY: 3, Rotate.YEARLY: 12}


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretDraft:
    """What a secret is to have; None leaves what there is."""

    label: str | None = None
    description: str | None = None
    rotate: Rotate | None = None
    expire_ms: int | None = None
    content: Mapping[str, str] | None = field(default=None, repr=False)
    """Values in base64, by key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretAccess:
    """Who may read a secret, and through which relation."""

    kind: OwnerKind
    """application or unit."""
    subject: str
    relation_id: int = NO_RELATION
    relation_key: str = ''
    """``requirer:ep provider:ep``; empty for the whole model."""

    @property
    def target_tag(self) -> str:
        """``application-app`` or ``unit-app-0``."""
        return f'{self.kind}-{self.subject.replace("/", "-")}'

    def scope_tag(self, model_uuid: str) -> str:
        """``relation-app.ep#other.ep``, or the tag of the model."""
        if self.relation_key:
            return 'relation-' + self.relation_key.replace(':', '.').replace(' ', '#')
        return f'model-{model_uuid}'


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretMetadata:
    """All about a secret but its content."""

    id: str
    owner_kind: OwnerKind
    owner: str
    """The application or unit; empty for the model."""
    label: str
    description: str
    rotate: Rotate
    next_rotate_ms: int | None
    latest_revision: int
    expire_ms: int | None
    """Of the latest revision."""
    access: tuple[SecretAccess, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretReading:
    """One revision as a unit reads it."""

    owner: str
    """The application or unit; empty for the model."""
    managed: bool
    """The unit may change the secret: its label is the owner's."""
    first: bool
    """The unit has not read the secret before; from now on it tracks this revision."""
    revision: int
    content: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretCreation:
    """A new secret."""

    id: str
    owner_kind: OwnerKind
    draft: SecretDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretChanges:
    """What a hook does to secrets, in the order of these fields."""

    creations: tuple[SecretCreation, ...] = ()
    updates: Mapping[str, SecretDraft] = field(default_factory=dict[str, SecretDraft])
    tracked: Mapping[str, int] = field(default_factory=dict[str, int])
    """Secret -> revision that the unit has refreshed to; 0 is the one that this hook makes."""
    removals: tuple[tuple[str, int | None], ...] = ()
    """Secrets with one revision, or None for all of it."""
    grants: tuple[tuple[str, SecretAccess], ...] = ()
    revocations: tuple[tuple[str, SecretAccess], ...] = ()
    """From the subject, through whatever relation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretEvent:
    """Something that a unit's charm is to be told of a secret."""

    kind: str
    """The hook: secret-expired, secret-rotate, secret-changed or secret-remove."""
    id: str
    label: str
    revision: int
    """The one that expired, that nobody tracks, or the latest when it was time to tell."""
    source: str = ''
    """The model that has the secret when that is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretsView:
    """What a unit's agent is to tell its charm, now and next."""

    due: tuple[SecretEvent, ...] = ()
    next_due_s: float | None = None
    """Seconds until a rotation or an expiry is due that is not yet; None: there is none."""


def new_id() -> str:
    """A fresh id: twenty digits and letters up to v."""
    return base64.b32hexencode(secrets.token_bytes(15)).decode().lower()[:20]


def uri(secret_id: str, source: str = '') -> str:
    """``secret:<id>``, or ``secret://<model>/<id>`` for a secret of the model *source*."""
    return f'secret://{source}/{secret_id}' if source else f'secret:{secret_id}'


def find_id(text: str) -> str | None:
    """The id in a URI, with or without its scheme and model; None when it is no URI."""
    found = _URI.fullmatch(text)
    return found[1] if found else None


def is_uri(text: str) -> bool:
    """Whether *text* is a whole URI, with its scheme."""
    return text.startswith('secret:') and find_id(text) is not None


def _months_later(at_ms: int, months: int) -> int:
    at = datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC)
    years, month = divmod(at.month - 1 + months, 12)
    first = at.replace(year=at.year + years, month=month + 1, day=1)
    # A day that the month lacks runs over into the next one, as in Go.
    days = calendar.monthrange(first.year, first.month)[1]
    later = first.replace(day=min(at.day, days)) + datetime.timedelta(days=max(0, at.day - days))
    return round(later.timestamp() * 1000)
