"""The model's proxy options as variables of the environment (juju.md 3.9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_KINDS = ('http', 'https', 'ftp')


def environment(option: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables that the options of a model make.

    A charm chooses what to do with ``juju-*-proxy``; the older options are forced on every program, and their
    exceptions with them.
    """

    def value(name: str) -> str:
        return str(option.get(name) or '')

    found = {f'JUJU_CHARM_{kind.upper()}_PROXY': value(f'juju-{kind}-proxy') for kind in (*_KINDS, 'no')}
    forced = {kind: value(f'{kind}-proxy') for kind in _KINDS}
    if any(forced.values()):
        forced['no'] = value('no-proxy')
    for kind, text in forced.items():
        if text:
            found |= {f'{kind}_proxy': text, f'{kind.upper()}_PROXY': text}
    return found
