"""Juju's list of the models on a controller; the only place that knows its field names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A model that a controller has."""

    uuid: str
    life: str = 'alive'


def request(user: str, *, every: bool) -> dict[str, Any]:
    """The parameters of ``ModelManager.ListModelSummaries``.

    Args:
        every: Also of models that nobody has let *user* into, which only superusers may ask.
    """
    return {'user-tag': f'user-{user}', 'all': every}


def decode(answer: Mapping[str, Any]) -> dict[str, Listed]:
    """Return the models of a ``ModelManager.ListModelSummaries`` answer by ``owner/name``."""
    models: dict[str, Listed] = {}
    for entry in cast('list[Mapping[str, Any]]', answer.get('results') or []):
        found = cast('Mapping[str, Any] | None', entry.get('result'))
        if found is None:  # a model that went away meanwhile
            continue
        owner = str(found.get('owner-tag', '')).removeprefix('user-')
        models[f'{owner}/{found["name"]}'] = Listed(
            uuid=str(found['uuid']), life=str(found.get('life') or 'alive')
        )
    return models


def find(models: Mapping[str, Listed], name: str, user: str) -> Listed | None:
    """The model of that name: ``OWNER/NAME``, or that of *user*, or of the only owner who has such a one."""
    if '/' in name:
        return models.get(name)
    own = models.get(f'{user}/{name}')
    others = [model for full, model in models.items() if full.partition('/')[2] == name]
    return own or (others[0] if len(others) == 1 else None)
