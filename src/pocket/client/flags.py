"""Commands as they are declared, and their parser: flags and positionals in any order, as in Juju."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pocket.client import faults

if TYPE_CHECKING:
    from pocket.client.context import Context

_TRUE = frozenset({'1', 't', 'true', 'yes', 'y', 'on'})
_FALSE = frozenset({'0', 'f', 'false', 'no', 'n', 'off'})


@dataclass(frozen=True, slots=True)
class Flag:
    """One declared flag.

    Args:
        names: Spellings separated by commas, without dashes, the first one being its key: ``model,m``.
        help: What it does.
        value: Placeholder of its value in help; empty for a switch.
        default: Value when it is not given.
        refused: Reason why it cannot be given, for what Juju has and this client does not.
    """

    names: str
    help: str
    value: str = ''
    default: str = ''
    refused: str = ''
    """Why this client cannot do what Juju does with it; it is an error to give such a flag."""

    @property
    def key(self) -> str:
        """The first spelling."""
        return self.names.partition(',')[0]

    @property
    def spellings(self) -> tuple[str, ...]:
        """All spellings with their dashes."""
        return tuple(dashed(name) for name in self.names.split(','))


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A parsed command line."""

    args: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]]
    """What was given, by flag key, in order."""
    defaults: Mapping[str, str]

    def on(self, key: str) -> bool:
        """Whether the switch *key* is on."""
        given = self.values.get(key)
        return bool(given) and given[-1] == 'true'

    def was_given(self, key: str) -> bool:
        """Whether *key* was on the command line."""
        return key in self.values

    def text(self, key: str) -> str:
        """The last value of *key*, or its default."""
        given = self.values.get(key)
        return given[-1] if given else self.defaults[key]

    def many(self, key: str) -> tuple[str, ...]:
        """Every value of *key*."""
        return self.values.get(key, ())

    def listed(self, key: str) -> list[str]:
        """Every value of *key*, each split at its commas."""
        return [part.strip() for value in self.many(key) for part in value.split(',') if part.strip()]

    def number(self, key: str) -> int:
        """The value of *key* as an integer.

        Raises:
            WrongUsage: it is none.
        """
        value = self.text(key)
        try:
            return int(value)
        except ValueError:
            raise invalid(key, value, 'not a whole number') from None


Run = Callable[['Context', Given], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command as the parser, the help and the dispatcher see it."""

    name: str
    usage: str = ''
    """Positional arguments as help shows them."""
    summary: str
    details: str = ''
    examples: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    least: int = 0
    """Fewest positional arguments."""
    most: int | None = None
    """Most positional arguments; None: any number."""
    missing: str = ''
    """The error when there are fewer than `least`."""
    interspersed: bool = True
    """False: everything after the first positional is one too (ssh, scp)."""
    aliases: tuple[str, ...] = ()
    lenient: bool = False
    """True: flags that are not declared are passed over (a command that only says why it cannot be done)."""
    machines_only: bool = False
    """Models on Kubernetes have no use for it."""
    run: Run = field(repr=False)

    @property
    def all_flags(self) -> tuple[Flag, ...]:
        """Its own flags and those of every command."""
        return (*self.flags, *COMMON)


COMMON = (
    Flag('help,h', 'Show help on a command or other topic'),
    Flag('quiet,q', 'Show no informational output'),
    Flag('verbose,v', 'Show more verbose output'),
    Flag('debug', 'Equivalent to --show-log --logging-config=<root>=DEBUG'),
    Flag('show-log', 'Write the log of this command to standard error'),
    Flag('logging-config', 'Levels of that log, for example <root>=DEBUG', value='SPEC'),
    Flag('no-browser-login,B', 'Do not log in by a web browser (this client never does)'),
)
MODEL = Flag('model,m', 'Model to operate in: [<controller>:][<owner>/]<model>', value='MODEL')
CONTROLLER = Flag('controller,c', 'Controller to operate in', value='NAME')
OUTPUT = Flag('output,o', 'Write the result to this file', value='FILE')


def formats(default: str, *others: str) -> tuple[Flag, Flag]:
    """The flags of a command that reads: ``--format`` and ``--output``."""
    choices = '|'.join(sorted({default, *others}))
    return (Flag('format', f'Output format ({choices})', value='FORMAT', default=default), OUTPUT)


def dashed(name: str) -> str:
    """*name* with one dash for a letter and two for a word."""
    return f'-{name}' if len(name) == 1 else f'--{name}'


def invalid(key: str, value: str, why: str) -> faults.WrongUsage:
    """The error for a flag value that makes no sense."""
    return faults.WrongUsage(f'invalid value "{value}" for option {dashed(key)}: {why}')


def parse(command: Command, argv: Sequence[str]) -> Given:
    """Read *argv* by the declaration of *command*; the number of positionals is not checked here.

    Raises:
        WrongUsage: an unknown flag, a flag without its value, or a switch with a strange one.
    """
    known = {spelling: flag for flag in command.all_flags for spelling in flag.spellings}
    values: dict[str, list[str]] = {}
    args: list[str] = []
    rest = list(reversed(argv))
    while rest:
        word = rest.pop()
        if word == '--':
            args.extend(reversed(rest))
            break
        if len(word) < 2 or not word.startswith('-'):
            args.append(word)
            if not command.interspersed:
                args.extend(reversed(rest))
                break
            continue
        if command.lenient and word not in known:
            continue
        flag, value = _flag(known, word, rest)
        if flag.refused:
            raise faults.WrongUsage(f'option {dashed(flag.key)} is not supported: {flag.refused}')
        values.setdefault(flag.key, []).append(value)
    return Given(
        args=tuple(args),
        values={key: tuple(given) for key, given in values.items()},
        defaults={flag.key: flag.default for flag in command.all_flags},
    )


def check_count(command: Command, given: Given) -> None:
    """Check the number of positional arguments.

    Raises:
        WrongUsage: too few or too many.
    """
    count = len(given.args)
    if count < command.least:
        raise faults.WrongUsage(command.missing or f'missing arguments: {command.usage}')
    if command.most is not None and count > command.most:
        raise unrecognized(given.args[command.most :])


def unrecognized(extra: Iterable[str]) -> faults.WrongUsage:
    """The error for positionals that a command has no use for."""
    return faults.WrongUsage('unrecognized args: [{}]'.format(' '.join(f'"{arg}"' for arg in extra)))


def _flag(known: Mapping[str, Flag], word: str, rest: list[str]) -> tuple[Flag, str]:
    """The flag in *word* and its value, which may be the next word of *rest*."""
    if not word.startswith('--') and len(word) > 2 and word not in known:
        return _letters(known, word, rest)
    spelling, equals, value = word.partition('=')
    flag = known.get(spelling)
    if flag is None:
        raise faults.WrongUsage(f'option provided but not defined: {spelling}')
    if not flag.value:
        return flag, _switch(spelling, value) if equals else 'true'
    if not equals:
        if not rest:
            raise faults.WrongUsage(f'option needs an argument: {spelling}')
        value = rest.pop()
    return flag, value


def _letters(known: Mapping[str, Flag], word: str, rest: list[str]) -> tuple[Flag, str]:
    """``-n3``, ``-n=3``, ``-qv``; one dash before a whole word is an unknown letter."""
    spelling, tail = word[:2], word[2:]
    flag = known.get(spelling)
    if flag is None:
        raise faults.WrongUsage(f'option provided but not defined: {spelling}')
    if flag.value:
        return flag, tail.removeprefix('=')
    if tail.startswith('='):
        return flag, _switch(spelling, tail[1:])
    rest.append(f'-{tail}')
    return flag, 'true'


def _switch(spelling: str, value: str) -> str:
    if value.lower() in _TRUE:
        return 'true'
    if value.lower() in _FALSE:
        return 'false'
    raise faults.WrongUsage(f'invalid boolean value "{value}" for option {spelling}')
