"""What a model of CI is called: after its spec and revision, and like no other."""

from __future__ import annotations

import re
import secrets

_SPEC, _REVISION = 24, 12
"""Longest parts; with the rest a name stays within the 63 characters of a Kubernetes namespace."""
_TOKEN = re.compile(r'[0-9a-f]{10}')
_OURS = re.compile(r'ci-[a-z0-9-]+-[0-9a-f]{10}')


def token() -> str:
    """What tells one attempt from all others, wherever they are made."""
    return secrets.token_hex(5)


def model_name(spec: str, revision: str, token: str) -> str:
    """A name that Juju takes: small letters, digits and single hyphens."""
    words = (_word(spec, _SPEC), _word(revision, _REVISION))
    return '-'.join(('ci', *filter(None, words), token))


def looks_ours(model: str) -> bool:
    """Whether a model may be one of CI's; its annotations say whether it is."""
    return _OURS.fullmatch(model) is not None


def is_token(text: str) -> bool:
    """Whether *text* may be what `token` made."""
    return _TOKEN.fullmatch(text) is not None


def _word(text: str, longest: int) -> str:
    return re.sub('[^a-z0-9]+', '-', text.lower()).strip('-')[:longest].strip('-')
