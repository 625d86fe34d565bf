"""The error of a bundle that cannot be used."""

from __future__ import annotations

from collections.abc import Sequence

from bedrock import errors


class BundleFault(errors.Fault):
    """A bundle is wrong; `problems` holds everything that is."""

    def __init__(self, problems: Sequence[str], *, heading: str = '') -> None:
        self.problems = tuple(problems)
        super().__init__('\n'.join([heading, *problems] if heading else problems))


def invalid(problems: Sequence[str]) -> BundleFault:
    """The error for a bundle that does not pass verification, with Juju's heading."""
    return BundleFault(problems, heading='the provided bundle has the following errors:')
