"""The exception tree.

    Fault                  base of every error raised on purpose; exit code 1
    ├── UsageFault         wrong usage or invalid input, nothing was changed; exit code 2
    │   └── Problems       every problem found in some input, together
    ├── UnreachableFault   no daemon or controller answers; exit code 3
    ├── ProgramFault       a program that we started failed (bedrock.process)
    └── StoreFault         a database cannot be used (bedrock.store)

Messages begin with a lower-case letter, usually "cannot", and name the thing with its value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar


class Fault(Exception):
    """An error raised on purpose: what, where, and what to do about it.

    Args:
        message: What failed, with the values that matter.
        where: File and line, or unit and step; empty when the message says it.
        hint: One sentence that says what to do; empty when nothing helps.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, where: str = '', hint: str = '') -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint


class UsageFault(Fault):
    """The input is wrong and nothing was changed."""

    exit_code = 2


class UnreachableFault(Fault):
    """No daemon or controller answers."""

    exit_code = 3


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """One finding about some input: where it is, what is wrong, what to do."""

    file: str = ''
    line: int = 0
    """1-based; 0 when the finding is about the file as a whole."""
    column: int = 0
    message: str
    hint: str = ''

    @property
    def where(self) -> str:
        """``file:line:column`` with the parts that are known."""
        parts = [self.file, *(str(n) for n in (self.line, self.column) if n)]
        return ':'.join(part for part in parts if part)


class Problems(UsageFault):
    """Every problem that was found, so that they can be mended in one go."""

    def __init__(self, message: str, problems: Sequence[Problem], *, hint: str = '') -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield *error* and what caused it, outermost first, each once."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__


def render(error: BaseException) -> str:
    """Return the text that a person is shown: message, where, causes, problems, hint."""
    return '\n'.join(_lines(error))


def _lines(error: BaseException) -> Iterable[str]:
    first, *causes = chain(error)
    where = f' ({first.where})' if isinstance(first, Fault) and first.where else ''
    yield f'ERROR {first}{where}'
    for cause in causes:
        where = f' ({cause.where})' if isinstance(cause, Fault) and cause.where else ''
        yield f'  because: {cause}{where}'
    for link in (first, *causes):
        if isinstance(link, Problems):
            for problem in link.problems:
                yield f'  {problem.where}: {problem.message}' if problem.where else f'  {problem.message}'
                if problem.hint:
                    yield f'      {problem.hint}'
        if isinstance(link, Fault) and link.hint:
            yield f'  {link.hint}'
