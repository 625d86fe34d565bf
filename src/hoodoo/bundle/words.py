"""Values of bundles as text: options, constraints, lists."""

from __future__ import annotations

from typing import Any, cast

from hoodoo.bundle import tree


def option_text(value: object) -> str:
    """An option's value as Juju reads it from text."""
    if isinstance(value, bool):
        return 'true' if value else 'false'
    return '' if value is None else str(value)


def fits(text: str, kind: str) -> bool:
    """Whether *text* can be the value of an option of type *kind*."""
    try:
        match kind:
            case 'int':
                int(text)
            case 'float':
                float(text)
            case 'boolean':
                return text.lower() in ('true', 'false', '1', '0', 't', 'f')
            case _:
                pass
    except ValueError:
        return False
    return True


def same_option(wanted: str, value: object, kind: str) -> bool:
    """Whether the deployed *value* is what *wanted* says."""
    live = option_text(value)
    if kind == 'boolean':
        return (wanted.lower() in ('true', '1', 't')) == (live == 'true')
    if kind in ('int', 'float') and fits(wanted, 'float') and fits(live, 'float'):
        return float(wanted) == float(live)
    return wanted == live


def pairs(value: object) -> dict[str, str]:
    """Constraints or the like, written as ``k=v k=v``, a list of such, or a mapping."""
    if isinstance(value, dict):
        return {key: option_text(entry) for key, entry in tree.mapping(cast('object', value)).items()}
    found = ' '.join(strings(value)).replace(',', ' ').split() if value else []
    return {key: text for key, _, text in (word.partition('=') for word in found)}


def strings(value: object) -> tuple[str, ...]:
    """One text or a list of them."""
    if value is None:
        return ()
    if isinstance(value, list):
        return tuple(option_text(entry) for entry in cast('list[Any]', value))
    return (option_text(value),)
