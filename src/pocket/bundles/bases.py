"""Bases as bundles name them: ``ubuntu@24.04``, or by the older name of a series."""

from __future__ import annotations

import re

from bedrock.base import SERIES

_BASE = re.compile(r'[a-z][a-z0-9]*@[0-9a-z][0-9a-z.]*(/[a-z]+)?')


def is_base(text: str) -> bool:
    """Whether *text* names a base."""
    return _BASE.fullmatch(text) is not None


def with_risk(text: str) -> str:
    """``ubuntu@24.04`` -> ``ubuntu@24.04/stable``, as Juju writes a base in changes."""
    return text if not text or '/' in text else f'{text}/stable'


def from_series(name: str) -> str:
    """The base of a series; empty when the series is not known."""
    return SERIES.get(name, '')


def series_of(base: str) -> str:
    """The series of a base, for clients that still speak of those; empty when it has none."""
    wanted = base.partition('/')[0]
    return next((series for series, known in SERIES.items() if known == wanted), '')
