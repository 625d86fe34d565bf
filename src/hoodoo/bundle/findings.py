"""What is found wrong or odd while a bundle is read, each at its place."""

from __future__ import annotations

from bedrock import errors
from hoodoo import wording
from hoodoo.bundle import tree


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

    def unknown(self, at: tree.Path, what: str, known: frozenset[str]) -> None:
        """The key that ends *at* is none of *known*."""
        hint = wording.guess(at[-1], known) or f'Known keys: {", ".join(sorted(known))}.'
        self.remark(at, f'{what} is unknown and has no effect', hint)
