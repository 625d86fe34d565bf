"""Runs the charm's programs inside the machine: looks up dispatch or the hook's own file, logs its lines."""

from __future__ import annotations

import enum
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from pocket.agents import environment
from pocket.agents.context import HookContext
from pocket.agents.logsink import LogSink
from pocket.agents.site import Site
from pocket.agents.toolserver import ToolServer
from pocket.substrate import ExecResult, Host

OnLine = Callable[[str, str], None]

OPERATION_LOG = 'juju.worker.uniter.operation'

_LOOK_UP = """
cd "$0" 2>/dev/null && [ -e metadata.yaml ] || { echo gone; exit 1; }
if [ -O "$2" ] && "$3" match "$2" "$1"; then
    [ -e dispatch ] && echo dispatch || echo script
    exec "$3" run "$2" "$1"
fi
for found in dispatch "$1"; do
    [ -e "$found" ] || [ -h "$found" ] || continue
    [ -x "$found" ] && [ -f "$found" ] || { echo "denied $found"; exit 126; }
    [ "$found" = dispatch ] && echo dispatch || echo script
    exec "./$found"
done
echo missing
"""
"""Run by sh with the charm's folder and the hook's path as $0 and $1; its first line says what it found.

The other two arguments are the file by which juju debug-hooks says that it is there, and what runs hooks in
its session.

A file that is there and cannot be run is a mistake of the charm's: nothing else is tried in its place.
"""


class Found(enum.StrEnum):
    """What was run for a hook or an action."""

    DISPATCH = 'dispatch'
    SCRIPT = 'script'
    MISSING = 'missing'
    """The charm has no such file: nothing was run."""
    GONE = 'gone'
    """The charm itself is not there."""
    DENIED = 'denied'
    """The charm has the file, but it cannot be run."""

    @property
    def shown(self) -> str:
        """How Juju's log calls it."""
        if self is Found.DISPATCH:
            return 'hook dispatching script: dispatch'
        return 'explicit, bespoke hook script'


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a program of the charm ended."""

    found: Found
    returncode: int
    stdout: str = ''
    stderr: str = ''
    path: str = ''
    """The file, when it was denied."""

    @property
    def killed(self) -> bool:
        """Somebody outside ended it: that says nothing about the charm."""
        return self.returncode in (-signal.SIGTERM, -signal.SIGKILL)

    @property
    def ending(self) -> str:
        """The ending in words."""
        if self.found is Found.GONE:
            return 'charm missing from disk'
        if self.found is Found.DENIED:
            return f'exec: "{self.path}": permission denied'
        if self.returncode < 0:
            return f'signal: {signal.Signals(-self.returncode).name}'
        return f'exit status {self.returncode}'


class HookRunner:
    """Starts what belongs to one unit in its machine."""

    def __init__(self, site: Site, host: Host, server: ToolServer, log: LogSink) -> None:
        self._site = site
        self._host = host
        self._server = server
        self._log = log

    async def hook(self, context: HookContext, name: str) -> Ran:
        """Run the hook *name*; each line that it prints becomes one of the log."""
        found: list[str] = []
        module = f'unit.{context.view.unit}.{name}'

        def on_line(source: str, line: str) -> None:
            if source == 'stdout' and not found:
                found.append(line)
            else:
                self._log.put('DEBUG' if source == 'stdout' else 'WARNING', module, line)

        began = time.monotonic()
        done = await self._look_up(context, f'hooks/{name}', on_line=on_line)
        self._log.put('DEBUG', OPERATION_LOG, f'hook "{name}" took {time.monotonic() - began:.3f} s')
        ran = self._ran(context, found[0] if found else '', done.returncode)
        self._report(name, ran)
        return ran

    async def action(self, context: HookContext, name: str) -> Ran:
        """Run the action *name* and return what it printed."""
        done = await self._look_up(context, f'actions/{name}')
        first, _, stdout = done.stdout.decode(errors='replace').partition('\n')
        stderr = done.stderr.decode(errors='replace')
        return replace(self._ran(context, first, done.returncode), stdout=stdout, stderr=stderr)

    async def command(self, context: HookContext, script: str) -> Ran:
        """Run shell text in the charm's folder and return what it printed."""
        view = context.view
        with self._server.serving(context):
            done = await self._site.substrate.exec(
                self._host.name,
                ['/bin/bash', '-s'],
                env=self._environment(context),
                cwd=self._site.paths.charm(view.unit),
                stdin=script.encode(),
                key=view.unit,
            )
        return Ran(
            found=Found.SCRIPT,
            returncode=done.returncode,
            stdout=done.stdout.decode(errors='replace'),
            stderr=done.stderr.decode(errors='replace'),
        )

    async def _look_up(
        self, context: HookContext, dispatch_path: str, *, on_line: OnLine | None = None
    ) -> ExecResult:
        unit = context.view.unit
        env = self._environment(context, dispatch_path)
        with self._server.serving(context):
            return await self._site.substrate.exec(
                self._host.name,
                ['/bin/sh', '-c', _LOOK_UP, *self._arguments(context, dispatch_path)],
                env=env,
                key=unit,
                on_line=on_line,
            )

    def _environment(self, context: HookContext, dispatch_path: str = '') -> dict[str, str]:
        return environment.build(
            context,
            paths=self._site.paths,
            api_addresses=self._site.api_addresses,
            dispatch_path=dispatch_path,
        )

    def _arguments(self, context: HookContext, dispatch_path: str) -> tuple[str, ...]:
        unit, paths = context.view.unit, self._site.paths
        return paths.charm(unit), dispatch_path, paths.debug_session(unit), paths.debug_hook

    def _ran(self, context: HookContext, line: str, returncode: int) -> Ran:
        word, _, path = line.partition(' ')
        # A program that was killed before it could say anything found nothing.
        found = Found(word) if word in Found.__members__.values() else Found.GONE
        shown = f'{self._site.paths.charm(context.view.unit)}/{path}' if path else ''
        return Ran(found=found, returncode=returncode, path=shown)

    def _report(self, name: str, ran: Ran) -> None:
        if ran.found is Found.MISSING:
            self._log.put('INFO', OPERATION_LOG, f'skipped "{name}" hook (missing)')
        elif ran.returncode == 0:
            self._log.put('INFO', OPERATION_LOG, f'ran "{name}" hook (via {ran.found.shown})')
        else:
            via = Found.DISPATCH if ran.path.endswith('/dispatch') else ran.found
            text = f'hook "{name}" (via {via.shown}) failed: {ran.ending}'
            self._log.put('ERROR', OPERATION_LOG, text)
