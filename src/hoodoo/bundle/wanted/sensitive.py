"""Which options of a bundle hold secrets: what is not to be shown, and known only by its digest."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from bedrock import charm as charm_files
from hoodoo.bundle.reading import tree
from hoodoo.bundle.wanted import includes

_TELLING = re.compile(
    r'pass(word|wd|phrase)?\b|secret|token|credential|private|api[-_]?key|\bkey$|[-_]key$', re.IGNORECASE
)
_NAMING = re.compile(r'[-_.]names?$', re.IGNORECASE)
"""``tls_secret_name``: what a secret is called is none."""


def options(
    written: Mapping[str, tuple[tree.Place, object]],
    charm: charm_files.Charm | None,
    *,
    secret: Sequence[Path],
) -> frozenset[str]:
    """Return which of the options in *written* (with where they are written) hold secrets.

    Those that are whole files, those of a bundle file in the local directory, those whose charm says so
    and those whose name does.

    Args:
        secret: The local directory, wherever it is.
    """
    return frozenset(
        key
        for key, (place, value) in written.items()
        if (_TELLING.search(key) and not _NAMING.search(key))
        or (charm is not None and key in charm.options and charm.options[key].type == 'secret')
        or _below(Path(place.file), secret)
        or includes.is_include(value)
    )


def _below(path: Path, folders: Sequence[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)
