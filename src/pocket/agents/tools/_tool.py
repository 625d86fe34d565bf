"""One hook tool: what its command line may hold, and the function that answers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pocket.agents.context import HookContext
from pocket.agents.tools import _args, _format
from pocket.agents.tools._protocol import Reply, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a tool with its command line taken apart."""

    request: Request
    context: HookContext
    values: dict[str, str]
    switches: frozenset[str]
    args: tuple[str, ...]
    style: str

    def arg(self, index: int, default: str = '') -> str:
        """The argument at *index*, or *default*."""
        return self.args[index] if len(self.args) > index else default

    def key(self, index: int = 0) -> str:
        """The argument at *index* as a key; ``-`` and nothing mean all keys."""
        key = self.arg(index)
        return '' if key == '-' else key

    def show(self, value: Any) -> Reply:
        """The reply that prints *value* in the format that was asked for."""
        output = self.values.get('o', '')
        return Reply(stdout=_format.render(value, self.style), output='' if output == '-' else output)

    def show_key(self, values: dict[str, Any], index: int = 0) -> Reply:
        """The reply that prints one of *values*, or all of them, by the argument at *index*."""
        key = self.key(index)
        return self.show(values.get(key) if key else values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A hook tool as Juju has it."""

    name: str
    usage: str
    run: Callable[[Call], Reply]
    texts: tuple[str, ...] = ()
    switches: tuple[str, ...] = ()
    style: str = ''
    """The default format of a tool that prints a value, else empty."""
    max_args: int | None = 0
    """None: any number."""

    def answer(self, request: Request, context: HookContext) -> Reply:
        """Answer one call.

        Raises:
            ToolFault: it failed. FileWanted: it must be asked again with a file.
        """
        formats = ('format', 'o output') if self.style else ()
        if {'--help', '-h'} & set(_before_dashes(request.args)):
            return Reply(stdout=f'Usage: {self.name} {self.usage}'.rstrip() + '\n')
        parsed = _args.parse(request.args, texts=(*self.texts, *formats), switches=self.switches)
        if self.max_args is not None:
            _args.at_most(parsed.positional, self.max_args)
        call = Call(
            request=request,
            context=context,
            values=dict(parsed.values),
            switches=parsed.switches,
            args=parsed.positional,
            style=parsed.values.get('format', self.style),
        )
        return self.run(call)


def _before_dashes(args: tuple[str, ...]) -> tuple[str, ...]:
    return args[: args.index('--')] if '--' in args else args
