"""What `hoodoo env connect` and `hoodoo env exec` share."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, TypeVar

import click

from bedrock import errors
from hoodoo import wording
from hoodoo.cli import common, envs
from hoodoo.fleet import checkout, session
from hoodoo.inventory import selecting
from hoodoo.inventory.environment import Environment
from hoodoo.inventory.state import State
from hoodoo.settings import Settings

Function = TypeVar('Function', bound=Callable[..., Any])


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the command line says."""

    name: str
    write: bool
    reason: str
    revision: str
    no_spec: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A session, and what is known of where it is."""

    session: session.Session
    environment: Environment
    state: State
    reason: str
    outer: session.Outer | None


def options(function: Function) -> Function:
    """NAME and the options that say how to be connected."""
    for option in (
        click.option('--no-spec', is_flag=True, help='Without the spec and its workspace.'),
        click.option('--revision', default='', metavar='REV', help='Of the spec; default the deployed one.'),
        click.option('--reason', default='', metavar='TEXT', help='Why; the audit journal keeps it.'),
        click.option('--write', is_flag=True, help='Let juju and hoodoo change things; needs --reason.'),
        click.argument('name'),
    ):
        function = option(function)
    return function


@contextlib.contextmanager
def entered(given: Given, *, kind: str, argv: tuple[str, ...] = ()) -> Generator[Entered]:
    """Open a session in the environment that is meant.

    Raises:
        UsageFault: there is no such environment, or no reason is given where one is needed.
    """
    why = reason(given)
    settings, outer = session.outside(common.settings())
    environment, state = known(settings, given.name)
    asked = session.Asked(
        environment=environment,
        kind=kind,
        write=given.write,
        reason=why,
        revision=given.revision or checkout.deployed_revision(environment, state),
        with_spec=not given.no_spec,
        argv=argv,
    )
    with session.opened(settings, asked, note=lambda text: click.echo(text, err=True)) as opened:
        yield Entered(session=opened, environment=environment, state=state, reason=why, outer=outer)


def known(settings: Settings, name: str) -> tuple[Environment, State]:
    """The environment that *name* means, and what was seen of it last.

    Raises:
        UsageFault: there is none, or there are several.
    """
    with envs.opened_index(settings) as opened:
        exact = opened.get(name)
        environment = exact or selecting.the_one(opened.environments(), name)
        return environment, opened.state(environment.name)


def take_back_terminal() -> None:
    """Be in the foreground again: a shell that was killed has not given the terminal back."""
    with contextlib.suppress(OSError):
        number = os.open('/dev/tty', os.O_RDWR | os.O_CLOEXEC)
        before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        try:
            if os.tcgetpgrp(number) != os.getpgrp():
                os.tcsetpgrp(number, os.getpgrp())
        finally:
            signal.signal(signal.SIGTTOU, before)
            os.close(number)


def program(name: str, path: str) -> str | int:
    """Where program *name* is; else the exit code that a shell has for why it cannot be run."""
    import shutil

    found = shutil.which(name, path=path)
    if found:
        return found
    there = Path(name).exists() if '/' in name else any(Path(each, name).exists() for each in path.split(':'))
    return 126 if there else 127


def reason(given: Given) -> str:
    """Why somebody is to be let in; they are asked where they sit there.

    Raises:
        UsageFault: they may change things and do not say why.
    """
    said = wording.on_a_line(given.reason)
    if given.write and not said and sys.stdin.isatty():
        said = wording.on_a_line(click.prompt('Why', err=True))
    if given.write and not said:
        raise errors.UsageFault(
            'cannot be let change things without a reason', hint='Say why: --reason "ticket 4711: ..."'
        )
    return said
