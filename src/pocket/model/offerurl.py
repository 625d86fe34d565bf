"""URLs of offers: ``[controller:][owner/]model.offer[:endpoint]``."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PATTERN = re.compile(
    r'((?P<controller>[^:/.]+)?:)?((?P<owner>[^/:.]+)/)?(?P<model>[a-z0-9][a-z0-9-]*)\.(?P<name>[a-z0-9-]+)'
    r'(:(?P<endpoint>[^/:.]+))?'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferUrl:
    """The parts of a URL; controller, owner and endpoint may be empty."""

    controller: str
    owner: str
    model: str
    name: str
    endpoint: str

    @classmethod
    def parse(cls, text: str, *, owner: str = '') -> OfferUrl | None:
        """The parts of *text*, None when it is no URL; *owner* has the model when it does not say who."""
        match = _PATTERN.fullmatch(text)
        if match is None:
            return None
        return cls(
            controller=match['controller'] or '',
            owner=match['owner'] or owner,
            model=match['model'],
            name=match['name'],
            endpoint=match['endpoint'] or '',
        )

    def __str__(self) -> str:
        """The URL as the offering controller itself writes it."""
        return f'{self.owner}/{self.model}.{self.name}'
