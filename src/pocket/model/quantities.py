"""Amounts as Kubernetes writes them: ``500m``, ``1.5Gi``, ``2e3``."""

from __future__ import annotations

import re
from decimal import Decimal

_QUANTITY = re.compile(r'(\d+(?:\.\d*)?|\.\d+)(?:([eE][+-]?\d{1,2})|(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?)')
_FACTORS = {
    'm': Decimal('0.001'),
    **{name: Decimal(1000) ** power for power, name in enumerate('kMGTPE', start=1)},
    **{f'{name}i': Decimal(1024) ** power for power, name in enumerate('KMGTPE', start=1)},
}


def parse(text: str) -> Decimal | None:
    """Return the amount; None when it is none."""
    found = _QUANTITY.fullmatch(text)
    if found is None:
        return None
    number, exponent, suffix = found.groups()
    return Decimal(f'{number}{exponent or ""}') * _FACTORS.get(suffix or '', Decimal(1))
