"""The charm's options, typed. Every problem names its option and its remedy; no secret is ever repeated."""

from __future__ import annotations

from ._reader import load
from ._types import (
    PULL_POLICY,
    Addon,
    Config,
    ConfigFaults,
    DatabaseOptions,
    InitialSettings,
    Oidc,
    Secret,
    SecretFault,
    Swift,
)

__all__ = [
    'PULL_POLICY',
    'Addon',
    'Config',
    'ConfigFaults',
    'DatabaseOptions',
    'InitialSettings',
    'Oidc',
    'Secret',
    'SecretFault',
    'Swift',
    'load',
]
