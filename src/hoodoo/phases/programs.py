"""Running programs of the spec: for script, verify, build, stop-on, and for what follows a failure."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bedrock import errors, process
from hoodoo import wording
from hoodoo.containers import nspawn
from hoodoo.phases import base, options
from hoodoo.spec import manifest

if TYPE_CHECKING:  # most projects have no container
    from hoodoo.containers import container

_KEPT_LINES = 20

T = TypeVar('T')


def read(kind: Callable[..., T], call: manifest.PhaseCall, outlook: base.Outlook) -> options.Given[T] | None:
    """The options of a line that names a program by ``config``, with variables for it.

    None when it cannot be told which program is meant. What it may make is noted in *outlook*.
    """
    given = options.read(kind, call, outlook.problems, environment=True)
    outlook.made_by_programs = True
    return None if 'config' in given.untold else given


def succeed(
    context: base.Context,
    file: str,
    *,
    phase: str,
    variables: Mapping[str, str],
    inside: container.Container | None,
    network: bool = True,
) -> None:
    """Run the program *file* of the spec like `run`, for *phase*.

    Raises:
        Fault: also when it ended with another status than 0.
    """
    program, what = context.place.view.get(file), f'{phase} "{file}"'
    done = run(context, program, what=what, variables=variables, inside=inside, network=network)
    if done.returncode != 0:
        raise failed(what, program, done, variables)


def run(
    context: base.Context,
    program: Path,
    *,
    what: str,
    variables: Mapping[str, str],
    inside: container.Container | None = None,
    network: bool = True,
    timeout_s: float | None = None,
) -> process.Completed:
    """Run *program* in the spec's directory to its end; its output is shown as it comes.

    Args:
        what: What errors call it: ``script "x"``.
        variables: Added to the environment of scripts.
        inside: The container to run it in.
        network: False cuts it off, in a container; without one it has no effect.
        timeout_s: In place of the context's.

    Raises:
        Fault: it cannot be started, or took too long; it and all that it started are ended then.
    """
    limit = timeout_s or context.timeout_s
    environment = {**context.script_environment, **variables}
    space, folder = context.place.workspace, context.place.view.root

    def told(stream: str, text: str) -> None:
        context.told.line(wording.as_left(text), stream)

    try:
        if inside is None:
            return process.run(
                [program], env=environment, cwd=folder, check=False, timeout_s=limit, on_line=told
            )
        from hoodoo.containers import container

        return inside.run(
            [program],
            environment=container.environment(environment, variables),
            folder=folder,
            shared=(space.spec, space.build, space.repo, space.local),
            network=network,
            scratch=space.path / '.container',
            timeout_s=limit,
            told=context.told,
            on_line=told,
        )
    except process.LateFault as err:
        raise errors.Fault(
            f'cannot finish {what} within {limit:g} s{_last_lines(err.until)}',
            hint='The option timeout says how long it may take; it and what it started were ended.',
        ) from None


def failed(what: str, program: Path, done: process.Completed, variables: Mapping[str, str]) -> errors.Fault:
    """The error for *what*, whose program ended badly."""
    words = ' '.join(f'{key}={shlex.quote(value)}' for key, value in variables.items())
    return errors.Fault(
        f'cannot finish {what}: {ending(done.returncode)}{_last_lines(done)}',
        hint=f'The program is {program}' + (f', run with {words}.' if words else '.'),
    )


def ending(code: int) -> str:
    """How a program ended, in words."""
    return f'exit status {code}' if code >= 0 else f'ended by signal {-code}'


def _last_lines(done: process.Completed) -> str:
    printed = (
        [line for line in text.strip().split('\n') if line.strip() and not nspawn.is_noise(line)]
        for text in (done.stderr, done.stdout)
    )
    lines = next((lines for lines in printed if lines), list[str]())
    return ''.join(f'\n    {wording.as_left(line)}' for line in lines[-_KEPT_LINES:])
