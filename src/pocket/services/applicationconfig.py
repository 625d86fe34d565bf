"""The options of an application: what its charm declares, and what the operator made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pocket.services import applicationrows, options, rows
from pocket.state import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionValue:
    """One option as ``juju config`` shows it."""

    type: str
    description: str
    value: Any
    """None when neither the operator nor the charm gives one."""
    default: Any
    source: str
    """``user``, ``default`` or ``unset``."""


def get(tx: Tx, uuid: str, name: str) -> dict[str, OptionValue]:
    """Return every option of the charm with its value and source."""
    record = applicationrows.get(tx, uuid, name)
    own = options.surviving(record.charm.charm, record.config)
    declared = options.defaults(record.charm.charm)
    shown: dict[str, OptionValue] = {}
    for key, option in sorted(record.charm.charm.options.items()):
        default = declared.get(key)
        value = own.get(key, default)
        # As in Juju, a value equal to the default counts as the default.
        source = 'unset' if value is None else 'default' if value == default else 'user'
        shown[key] = OptionValue(
            type=option.type, description=option.description, value=value, default=default, source=source
        )
    return shown


def change(tx: Tx, uuid: str, name: str, values: Mapping[str, Any]) -> None:
    """Set options of an application, ``trust`` among them; None returns one to its default.

    Raises:
        JujuError: an option is unknown or a value is of the wrong type; nothing was changed.
    """
    record = applicationrows.get(tx, uuid, name)
    parsed, trusted = options.parse_with_trust(record.charm.charm, values, trust=record.trust)
    merged = {**record.config, **parsed}
    put(tx, uuid, name, {k: v for k, v in merged.items() if v is not None}, trusted)


def unset(tx: Tx, uuid: str, name: str, names: Sequence[str]) -> None:
    """Return options of an application, ``trust`` among them, to their defaults.

    Raises:
        JujuError: an option is unknown; nothing was changed.
    """
    values: dict[str, Any] = dict.fromkeys(names)
    if 'trust' in values:
        values['trust'] = False
    change(tx, uuid, name, values)


def put(tx: Tx, uuid: str, name: str, config: Mapping[str, Any], trust: bool) -> None:
    """Replace what the operator set, without checking it."""
    tx.db.execute(
        'UPDATE application SET config = ?, trust = ? WHERE model_uuid = ? AND name = ?',
        (rows.dumps(config), trust, uuid, name),
    )
    tx.touch(uuid)
