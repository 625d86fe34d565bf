"""Charm options: parse what the operator gives, work out what is in effect (Juju's charm/config.go)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bedrock.charm import Charm, Option
from pocket.model import secrets
from pocket.services.errors import NOT_FOUND, NOT_VALID, JujuError

_TRUE = frozenset({'1', 't', 'T', 'TRUE', 'true', 'True'})
_FALSE = frozenset({'0', 'f', 'F', 'FALSE', 'false', 'False'})
_WHOLE = re.compile(r'[+-]?\d+')
_INT64 = range(-(2**63), 2**63)


def parse(charm: Charm, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return *values* with the types that *charm* declares; None stays None and means: back to the default.

    Raises:
        JujuError: an option is unknown or a value is not of its type.
    """
    parsed: dict[str, Any] = {}
    for name, value in values.items():
        if name not in charm.options:
            raise JujuError(f'unknown option "{name}"', NOT_FOUND)
        parsed[name] = None if value is None else _coerce(name, charm.options[name], value)
    return parsed


def parse_with_trust(charm: Charm, values: Mapping[str, Any], *, trust: bool) -> tuple[dict[str, Any], bool]:
    """Split *values* into charm options and the trust flag, which is an option of every application."""
    own = {key: value for key, value in values.items() if key != 'trust'}
    asked = values.get('trust')
    return parse(charm, own), trust if asked is None else parse_boolean('trust', asked)


def parse_boolean(name: str, value: object) -> bool:
    """Return *value* as Go's strconv.ParseBool would.

    Raises:
        JujuError: it is no boolean.
    """
    if isinstance(value, bool):
        return value
    if value in _TRUE or value in _FALSE:
        return value in _TRUE
    raise _mismatch(name, 'boolean', value)


def defaults(charm: Charm) -> dict[str, Any]:
    """Return the values that *charm* declares itself."""
    return {
        name: float(option.default) if option.type == 'float' else option.default
        for name, option in charm.options.items()
        if option.default is not None
    }


def effective(charm: Charm, own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the charm's defaults with the operator's *own* values on top; no value, no entry."""
    return {**defaults(charm), **surviving(charm, own)}


def surviving(charm: Charm, own: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the operator's values that still fit *charm*, as after an upgrade."""
    kept: dict[str, Any] = {}
    for name, value in own.items():
        option = charm.options.get(name)
        if option is None or value is None:
            continue
        try:
            kept[name] = _coerce(name, option, value)
        except JujuError:
            continue
    return kept


def _coerce(name: str, option: Option, value: object) -> Any:
    if option.type == 'boolean':
        return parse_boolean(name, value)
    if option.type == 'int':
        return _whole(name, value)
    if option.type == 'float':
        return _float(name, value)
    if isinstance(value, str):
        if option.type == 'secret' and value and not secrets.is_uri(value):
            raise _mismatch(name, 'secret', value)
        return value
    raise _mismatch(name, option.type, value)


def _whole(name: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value in _INT64:
        return value
    # JSON has one kind of number, and YAML writers love 1e3.
    if isinstance(value, float) and value.is_integer() and int(value) in _INT64:
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value) and int(value) in _INT64:
        return int(value)
    raise _mismatch(name, 'int', value)


def _float(name: str, value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and value.strip() == value:
        try:
            return float(value)
        except ValueError:
            pass
    raise _mismatch(name, 'float', value)


def _mismatch(name: str, kind: str, value: object) -> JujuError:
    shown = (
        f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else value
    )
    return JujuError(f'option "{name}" expected {kind}, got {shown}', NOT_VALID)
