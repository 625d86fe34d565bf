"""Secrets: what the API answers of them -> ``juju secrets`` and ``juju show-secret``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pocket.client import shape, timing, values
from pocket.client.render.text import table
from pocket.model import secretcontent

Json = dict[str, Any]

_MODEL = '<model>'


def bare_id(secret: Json) -> str:
    """The id without its scheme and model."""
    return str(secret['uri']).removeprefix('secret:').rpartition('/')[2]


def details(secret: Json, *, revisions: bool = False, nested: bool = False) -> Json:
    """One secret.

    Args:
        revisions: With all revisions.
        nested: The content as JSON has it, one level below ``Data``.
    """
    owner = _owner(secret)
    label = 'name' if owner == _MODEL else 'label'
    return _present(
        {
            'revision': secret['latest-revision'],
            'checksum': secret.get('latest-revision-checksum'),
            'expires': secret.get('latest-expire-time'),
            'rotation': secret.get('rotate-policy'),
            'rotates': secret.get('next-rotate-time'),
            'owner': owner,
            'description': secret.get('description'),
            label: secret.get('label'),
            'created': secret['create-time'],
            'updated': secret['update-time'],
            'content': _content(secret, nested=nested),
            'revisions': [_revision(found) for found in _revisions(secret)] if revisions else None,
            'access': [
                {
                    'target': access['target-tag'],
                    'scope': access['scope-tag'],
                    'role': access['role'],
                }
                for access in shape.objects(secret.get('access'))
            ],
        }
    )


def listing(secrets: Iterable[Json], *, now: datetime) -> str:
    """The table of ``juju secrets``."""
    rows = [
        [
            bare_id(secret),
            secret.get('label') or '-',
            _owner(secret),
            secret.get('rotate-policy') or 'never',
            str(secret['latest-revision']),
            timing.friendly(secret['update-time'], now=now),
        ]
        for secret in secrets
    ]
    header = ['ID', 'Name', 'Owner', 'Rotation', 'Revision', 'Last updated']
    return table(header, rows, right=['Revision']) if rows else ''


def now() -> datetime:
    """The time that a table counts from."""
    return datetime.now(UTC)


def _owner(secret: Json) -> str:
    tag = str(secret['owner-tag'])
    return _MODEL if tag.startswith('model-') else values.entity(tag)


def _content(secret: Json, *, nested: bool) -> Json | None:
    value = shape.mapping(secret.get('value'))
    if not value:
        return None
    data = shape.mapping(value.get('data'))
    content = {key: secretcontent.decoded(data[key]) for key in sorted(data)}
    return {'Data': content} if nested else content


def _revisions(secret: Json) -> list[Json]:
    return shape.objects(secret.get('revisions'))


def _revision(found: Json) -> Json:
    return _present(
        {
            'revision': found['revision'],
            'backend': found.get('backend-name'),
            'created': found.get('create-time'),
            'updated': found.get('update-time'),
            'expires': found.get('expire-time'),
        }
    )


def _present(found: Mapping[str, Any]) -> Json:
    return {key: value for key, value in found.items() if value}
