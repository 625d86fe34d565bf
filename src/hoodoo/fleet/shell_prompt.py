"""The prompt of a connected shell: where one is, what one may do, and production unmistakable."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ['Prompt', 'colourful']

_STRANGE = re.compile(r'[^A-Za-z0-9 ._+/@:-]')
_PRODUCTION_READ, _PRODUCTION_WRITE = '1;37;41', '1;5;37;41'
_OTHER_READ, _OTHER_WRITE = '36', '1;33'


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What stands in front of the prompt that a person has anyway."""

    environment: str
    production: bool
    write: bool
    colours: bool

    @property
    def text(self) -> str:
        """It, without colours; nothing in it means anything to a shell."""
        mode = 'WRITE' if self.write else 'read-only'
        words = f'PRODUCTION {self.environment} {mode}' if self.production else f'{self.environment} {mode}'
        return f'[{_STRANGE.sub("?", words)}]'

    @property
    def colour(self) -> str:
        """Numbers of the terminal's colours; production is on red."""
        if self.production:
            return _PRODUCTION_WRITE if self.write else _PRODUCTION_READ
        return _OTHER_WRITE if self.write else _OTHER_READ

    def wrapped(self, before: str, after: str) -> str:
        """The text in its colours; *before* and *after* tell a shell that what they enclose has no width."""
        if not self.colours:
            return self.text
        return f'{before}\033[{self.colour}m{after}{self.text}{before}\033[0m{after}'

    def plain(self) -> str:
        """For shells that count every character: in their colours all the same."""
        return self.wrapped('', '')


def colourful(environ: Mapping[str, str]) -> bool:
    """Whether a terminal with this environment is to have colours."""
    return not environ.get('NO_COLOR') and environ.get('TERM', 'dumb') not in ('', 'dumb')
