"""What one run has asked for of secrets so far, and how the run sees them by that."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from pocket.model.secrets import (
    OwnerKind,
    Rotate,
    SecretAccess,
    SecretChanges,
    SecretCreation,
    SecretDraft,
    SecretMetadata,
    SecretReading,
    new_id,
)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class SecretReader(Protocol):
    """What a run reads of the secrets that are kept."""

    def managed_secrets(self) -> list[SecretMetadata]: ...
    def find_secret(self, label: str) -> str | None: ...
    def read_secret(self, secret_id: str, *, latest: bool) -> SecretReading: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What ``secret-get`` has found."""

    id: str
    tracks: int = 0
    """The revision that the unit tracks from now on; 0: that is no news."""
    label: str = ''
    """The name that the unit has for it from now on."""
    content: Mapping[str, str] = field(repr=False)


@dataclass(slots=True, kw_only=True)
class SecretBook:
    """The secrets of one run; what is in it is kept only if the run succeeds."""

    now_ms: Callable[[], int] = _now_ms
    new_id: Callable[[], str] = new_id
    _creations: dict[str, SecretCreation] = field(default_factory=dict[str, SecretCreation], repr=False)
    _updates: dict[str, SecretDraft] = field(default_factory=dict[str, SecretDraft], repr=False)
    _tracked: dict[str, int] = field(default_factory=dict[str, int])
    _removals: list[tuple[str, int | None]] = field(default_factory=list[tuple[str, int | None]])
    _grants: list[tuple[str, SecretAccess]] = field(default_factory=list[tuple[str, SecretAccess]])
    _revocations: list[tuple[str, SecretAccess]] = field(default_factory=list[tuple[str, SecretAccess]])

    def create(self, creation: SecretCreation) -> None:
        """Add a secret."""
        self._creations[creation.id] = creation

    def update(self, secret_id: str, draft: SecretDraft) -> None:
        """Change a secret; what *draft* leaves out stays as an earlier call of this run has it."""
        creation = self._creations.get(secret_id)
        if creation is not None:
            self._creations[secret_id] = replace(creation, draft=_over(creation.draft, draft))
        else:
            self._updates[secret_id] = _over(self._updates.get(secret_id, SecretDraft()), draft)

    def remove(self, secret_id: str, revision: int | None) -> None:
        """Remove a secret, or one revision."""
        if self._creations.pop(secret_id, None) is None:
            self._removals.append((secret_id, revision))
        if revision is None:
            self._updates.pop(secret_id, None)
            self._grants = [item for item in self._grants if item[0] != secret_id]
            self._revocations = [item for item in self._revocations if item[0] != secret_id]

    def grant(self, secret_id: str, access: SecretAccess) -> None:
        """Let a subject read a secret."""
        self._revocations = [item for item in self._revocations if not _same(item, (secret_id, access))]
        self._grants.append((secret_id, access))

    def revoke(self, secret_id: str, access: SecretAccess) -> None:
        """Take the access of a subject away."""
        self._grants = [item for item in self._grants if not _same(item, (secret_id, access))]
        self._revocations.append((secret_id, access))

    def find(self, reader: SecretReader, label: str) -> str | None:
        """The secret that the unit calls *label*."""
        drafts = {**{key: made.draft for key, made in self._creations.items()}, **self._updates}
        own = next((key for key, draft in drafts.items() if draft.label == label), None)
        return own or reader.find_secret(label)

    def get(self, reader: SecretReader, secret_id: str, *, label: str, refresh: bool, peek: bool) -> Found:
        """What the unit reads of a secret, its own pending changes among it.

        Raises:
            JujuError: there is no such secret, or it is not for this unit.
        """
        creation = self._creations.get(secret_id)
        if creation is not None:
            if label:
                self.update(secret_id, SecretDraft(label=label))
            return Found(id=secret_id, content=creation.draft.content or {})
        refreshed = refresh or secret_id in self._tracked
        reading = reader.read_secret(secret_id, latest=refreshed or peek)
        pending = self._updates.get(secret_id, SecretDraft()).content if refreshed or peek else None
        if refresh:
            self._tracked[secret_id] = reading.revision if pending is None else 0
        if label and reading.managed:
            self.update(secret_id, SecretDraft(label=label))
            label = ''
        return Found(
            id=secret_id,
            tracks=reading.revision if reading.first or label else 0,
            label=label,
            content=reading.content if pending is None else pending,
        )

    def managed(self, reader: SecretReader) -> dict[str, SecretMetadata]:
        """The secrets that the unit may change, by id, as they are after this run."""
        removed = {secret_id for secret_id, revision in self._removals if revision is None}
        stored = {known.id: known for known in reader.managed_secrets() if known.id not in removed}
        made = {creation.id: _new(creation) for creation in self._creations.values()}
        return {key: self._changed(known) for key, known in {**stored, **made}.items()}

    def changes(self) -> SecretChanges:
        """What is to be kept now that the run has succeeded."""
        return SecretChanges(
            creations=tuple(self._creations.values()),
            updates=dict(self._updates),
            tracked=dict(self._tracked),
            removals=tuple(self._removals),
            grants=tuple(self._grants),
            revocations=tuple(self._revocations),
        )

    def _changed(self, known: SecretMetadata) -> SecretMetadata:
        draft = self._updates.get(known.id, SecretDraft())
        revoked = [(a.kind, a.subject) for secret_id, a in self._revocations if secret_id == known.id]
        kept = [access for access in known.access if (access.kind, access.subject) not in revoked]
        granted = [access for secret_id, access in self._grants if secret_id == known.id]
        return replace(
            known,
            label=known.label if draft.label is None else draft.label,
            description=known.description if draft.description is None else draft.description,
            rotate=known.rotate if draft.rotate is None else draft.rotate,
            expire_ms=known.expire_ms if draft.expire_ms is None else draft.expire_ms,
            access=tuple(dict.fromkeys([*kept, *granted])),
        )


def _over(below: SecretDraft, above: SecretDraft) -> SecretDraft:
    return SecretDraft(
        label=below.label if above.label is None else above.label,
        description=below.description if above.description is None else above.description,
        rotate=below.rotate if above.rotate is None else above.rotate,
        expire_ms=below.expire_ms if above.expire_ms is None else above.expire_ms,
        content=below.content if above.content is None else above.content,
    )


def _new(creation: SecretCreation) -> SecretMetadata:
    draft = creation.draft
    return SecretMetadata(
        id=creation.id,
        owner_kind=creation.owner_kind,
        owner='',
        label=draft.label or '',
        description=draft.description or '',
        rotate=draft.rotate or Rotate.NEVER,
        next_rotate_ms=None,
        latest_revision=1,
        expire_ms=draft.expire_ms,
    )


def _same(one: tuple[str, SecretAccess], other: tuple[str, SecretAccess]) -> bool:
    return _subject(one) == _subject(other)


def _subject(item: tuple[str, SecretAccess]) -> tuple[str, OwnerKind, str]:
    return item[0], item[1].kind, item[1].subject
