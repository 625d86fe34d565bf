"""The ``juju`` of a connected shell: what may be done here goes on to Juju's own, and is written down.

It stands in a session's ``bin`` as a program of a few lines, and finds there which session it is of. It is a
guard rail: whoever wants to can start Juju's own program directly.
"""

from __future__ import annotations

import os
import sys
import time

from hoodoo.fleet import audit_lines, guard_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FACTS = 'session'
"""The session's file that says what it is of: lines of ``name=value``."""
REFUSED = 2
_MISSING, _UNUSABLE = 127, 126
_INTERRUPTS, _ENDINGS = (2, 3), (1, 15)
"""Of the terminal, which reach the program too; and of others, which we hand on."""
_DEFAULTED = (13, 25)
"""Signals that Python ignores and other programs expect not to be: SIGPIPE, SIGXFSZ."""


def main(folder: str, words: Sequence[str]) -> int:
    """Run ``juju WORDS...`` in the session of *folder*, and return its exit status as a shell has it."""
    facts = read(folder)
    meaning = guard_rules.understand(words)
    refused = _refused(facts, meaning)
    told = {
        'event': 'command',
        'session': facts['id'],
        'environment': facts['environment'],
        'id': f'{os.getpid()}.{time.time_ns()}',
        'argv': guard_rules.shown(words, meaning.command),
        'writes': meaning.writes,
    }
    if refused:
        audit_lines.add(facts['audit'], {**told, 'refused': refused[0]})
        sys.stderr.write(f'ERROR {refused[0]}\n  {refused[1]}\n')
        return REFUSED
    audit_lines.add(facts['audit'], {**told, 'process': _me()}, surely=meaning.writes)
    began = time.monotonic_ns()
    status = _run(facts['juju'], ['juju', *words], {**os.environ, **environment(facts)})
    ended = {
        'event': 'ended',
        'id': told['id'],
        'exit': status,
        'ms': (time.monotonic_ns() - began) // 1_000_000,
    }
    audit_lines.add(facts['audit'], ended)
    return status


def read(folder: str) -> dict[str, str]:
    """What is said of the session of *folder*."""
    with open(f'{folder}/{FACTS}', encoding='utf-8', errors='surrogateescape') as file:
        return dict(line.rstrip('\n').split('=', 1) for line in file)


def environment(facts: Mapping[str, str]) -> dict[str, str]:
    """What makes Juju's programs use the session's controller and model."""
    return {
        'JUJU_DATA': facts['data'],
        'JUJU_CONTROLLER': facts['controller'],
        'JUJU_MODEL': f'{facts["controller"]}:{facts["model"]}',
    }


def _refused(facts: Mapping[str, str], meaning: guard_rules.Meaning) -> tuple[str, str] | None:
    """Why a command is not run here, and what to do."""
    name, command = facts['environment'], meaning.command
    other = 'For another environment, or for none, leave this shell: exit'
    if meaning.refused:
        return f'cannot run "juju {command}" in {name}: {meaning.refused}', other
    asked = [os.environ.get('JUJU_MODEL', ''), *meaning.models]
    for named in filter(None, asked):
        if not guard_rules.same_model(
            named, controller=facts['controller'], model=facts['model'], uuid=facts['uuid']
        ):
            message = (
                f'cannot reach {named} from {name}, whose model is {facts["controller"]}:{facts["model"]}'
            )
            return message, other
    if not command and meaning.writes:
        return (
            f'cannot tell what this juju is to do in {name}',
            'Write the command first: juju status --model ...',
        )
    if meaning.writes and facts['mode'] != 'write':
        raised = f'hoodoo env connect {name} --write --reason "..."'
        return (
            f'cannot run "juju {command}" in {name}: this shell is read-only',
            f'To change something: {raised}',
        )
    return None


def _run(program: str, argv: list[str], environ: dict[str, str]) -> int:
    # The module "signal" takes as long to load as all the rest.
    import _signal  # pyright: ignore[reportMissingImports]

    child = 0

    def leave(_number: int, _frame: object) -> None:
        pass  # the terminal has told the program, too

    def hand_on(number: int, _frame: object) -> None:
        if child:
            os.kill(child, number)

    handlers = ((_INTERRUPTS, leave), (_ENDINGS, hand_on))
    for number, handler in ((number, handler) for numbers, handler in handlers for number in numbers):
        # What was ignored stays so: the program inherits that.
        if _signal.getsignal(number) != _signal.SIG_IGN:  # pyright: ignore[reportUnknownMemberType]
            _signal.signal(number, handler)  # pyright: ignore[reportUnknownMemberType]
    try:
        child = os.posix_spawn(program, argv, environ, setsigdef=_DEFAULTED)
    except OSError as err:
        sys.stderr.write(f'ERROR cannot start {program}: {err.strerror}\n')
        return _MISSING if isinstance(err, FileNotFoundError) else _UNUSABLE
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status if status >= 0 else 128 - status


def _me() -> str:
    """As `bedrock.alive` tells processes apart."""
    with open('/proc/self/stat') as file:
        return f'{os.getpid()} {file.read().rpartition(")")[2].split()[19]}'
