"""Juju's command line rules: flags before, after and between arguments, ``--`` ends them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pocket.agents.tools._protocol import UsageFault

_TRUE = frozenset({'1', 't', 'T', 'TRUE', 'true', 'True'})
_FALSE = frozenset({'0', 'f', 'F', 'FALSE', 'false', 'False'})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A command line taken apart."""

    values: Mapping[str, str]
    """The flags that were given a text, by their first name."""
    switches: frozenset[str]
    """The flags that are on, by their first name."""
    positional: tuple[str, ...]


def parse(args: Sequence[str], *, texts: Sequence[str] = (), switches: Sequence[str] = ()) -> Parsed:
    """Take *args* apart.

    Args:
        texts: Flags that take a text; ``r relation`` are two names of one flag.
        switches: Flags that are on or off.

    Raises:
        UsageFault: a flag is unknown, lacks its value, or has one that it cannot have.
    """
    names = {name: names.split()[0] for names in (*texts, *switches) for name in names.split()}
    toggles = {names.split()[0] for names in switches}
    values: dict[str, str] = {}
    on: set[str] = set()
    positional: list[str] = []
    rest = iter(args)
    for word in rest:
        if word == '--':
            positional.extend(rest)
        elif not word.startswith('-') or word == '-':
            positional.append(word)
        else:
            for shown, value in _flags(word, names, toggles):
                first = names[shown.lstrip('-')]
                if first not in toggles:
                    values[first] = _value(shown, value, rest)
                elif value is None or value in _TRUE:
                    on.add(first)
                elif value in _FALSE:
                    on.discard(first)
                else:
                    raise UsageFault(
                        f'invalid value {quote(value)} for option {shown}: '
                        f'strconv.ParseBool: parsing {quote(value)}: invalid syntax'
                    )
    return Parsed(values=values, switches=frozenset(on), positional=tuple(positional))


def at_most(args: Sequence[str], count: int) -> None:
    """Refuse arguments after the first *count*."""
    if len(args) > count:
        extra = ' '.join(quote(arg) for arg in args[count:])
        raise UsageFault(f'unrecognized args: [{extra}]')


def pairs(args: Sequence[str]) -> dict[str, str]:
    """Take ``key=value`` arguments apart."""
    found: dict[str, str] = {}
    for arg in args:
        key, equals, value = arg.partition('=')
        if not equals or not key:
            raise UsageFault(f'expected "key=value", got {quote(arg)}')
        found[key] = value
    return found


def quote(text: str) -> str:
    """*text* in double quotes, as Juju's messages have it."""
    return json.dumps(text, ensure_ascii=False)


def _flags(word: str, names: Mapping[str, str], toggles: set[str]) -> Iterator[tuple[str, str | None]]:
    """Yield the flags that one word holds with the values that are in it: ``-ab``, ``-rX``, ``--name=X``."""
    if word.startswith('--'):
        name, equals, value = word[2:].partition('=')
        yield _known(f'--{name}', name, names), value if equals else None
        return
    rest = word[1:]
    while rest:
        letter, rest = rest[0], rest[1:]
        shown = _known(f'-{letter}', letter, names)
        if names[letter] in toggles and not rest.startswith('='):
            yield shown, None
        else:
            yield shown, rest.removeprefix('=') if rest else None
            return


def _known(shown: str, name: str, names: Mapping[str, str]) -> str:
    # A name of one letter takes one dash and a longer one two.
    if name not in names or (len(name) == 1) is shown.startswith('--'):
        raise UsageFault(f'option provided but not defined: {shown}')
    return shown


def _value(shown: str, value: str | None, rest: Iterator[str]) -> str:
    found = next(rest, None) if value is None else value
    if found is None:
        raise UsageFault(f'option needs an argument: {shown}')
    return found
