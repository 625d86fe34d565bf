"""The three output formats of hook tools."""

from __future__ import annotations

import json
from typing import Any, cast

from bedrock import yamltext
from pocket.agents.tools._protocol import UsageFault

FORMATS = ('json', 'smart', 'yaml')


def render(value: Any, style: str) -> str:
    """Return *value* as the tool prints it.

    Raises:
        UsageFault: *style* is no format.
    """
    if style == 'json':
        return json.dumps(value, separators=(',', ':'), sort_keys=True, ensure_ascii=False) + '\n'
    if style == 'yaml':
        return _yaml(value)
    if style == 'smart':
        return _smart(value)
    raise UsageFault(f'invalid value "{style}" for option --format: unknown format "{style}"')


def _smart(value: Any) -> str:
    if value is None:
        return ''
    if isinstance(value, bool | int | float | str):
        return f'{value}\n'
    if isinstance(value, list | tuple):
        items = cast('list[Any]', value)
        if all(isinstance(item, str) for item in items):
            return ''.join(f'{item}\n' for item in items)
    return _yaml(value)


def _yaml(value: Any) -> str:
    return yamltext.dump(value, sort_keys=True)
