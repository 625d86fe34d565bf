"""Values of bundles as text: options, mappings, lists."""

from __future__ import annotations

from typing import Any, cast

from hoodoo.bundle.reading import tree


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
    """A mapping with its values as texts; empty when it is none."""
    return {key: option_text(entry) for key, entry in tree.mapping(value).items()}


def strings(value: object) -> tuple[str, ...]:
    """One text or a list of them."""
    if value is None:
        return ()
    if isinstance(value, list):
        return tuple(option_text(entry) for entry in cast('list[Any]', value))
    return (option_text(value),)


def plain(value: object) -> bool:
    """Whether *value* is one value and neither a list nor a mapping."""
    return not isinstance(value, list | dict)
