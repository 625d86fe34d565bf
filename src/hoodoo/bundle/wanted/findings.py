"""What is found wrong or odd while a bundle is read, each at its place."""

from __future__ import annotations

from collections.abc import Iterable

from bedrock import errors
from hoodoo import wording
from hoodoo.bundle.reading import tree


class Findings:
    """Collects problems, which forbid using a bundle, and remarks, which do not."""

    def __init__(self, chosen: tree.Tree) -> None:
        """Findings are about parts of *chosen*."""
        self.chosen = chosen
        self.problems: list[errors.Problem] = []
        self.remarks: list[errors.Problem] = []

    def problem(self, at: tree.Path, message: str, hint: str = '') -> None:
        """Something at *at* is wrong."""
        self.problems.append(self.chosen.problem(at, message, hint=hint))

    def remark(self, at: tree.Path, message: str, hint: str = '') -> None:
        """Something at *at* is not as the author may think."""
        self.remarks.append(self.chosen.problem(at, message, hint=hint))

    def unknown(self, at: tree.Path, whose: str, data: Iterable[str], known: frozenset[str]) -> None:
        """Remark on the keys in *data*, the mapping at *at*, that are none of *known*.

        Args:
            whose: Such as ``" of web"``.
        """
        for key in data:
            if key not in known:
                hint = wording.guess(key, known) or f'Known keys: {", ".join(sorted(known))}.'
                self.remark((*at, key), f'key "{key}"{whose} is unknown and has no effect', hint)
