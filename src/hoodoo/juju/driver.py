"""What hoodoo asks of a Juju model, and the one implementation: jubilant writes, `Reader` reads."""

from __future__ import annotations

import contextlib
import logging
import shlex
import subprocess
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import jubilant

from bedrock import errors
from hoodoo import model
from hoodoo.juju import handing, reader

log = logging.getLogger(__name__)

_KEPT_LINES = 20
_NO_ERROR = 'not in an error state'


class JujuFault(errors.Fault):
    """The juju program failed; the message ends with what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """How a command on a unit ended."""

    returncode: int
    stdout: str
    stderr: str


class Driver(Protocol):
    """One model of one controller."""

    @property
    def model(self) -> str:
        """``controller:model``, as JUJU_MODEL takes it."""
        ...

    @property
    def model_uuid(self) -> str:
        """Tells this model from a later one of the same name."""
        ...

    def snapshot(self) -> model.ModelSnapshot:
        """See the whole model now."""
        ...

    def options(self, application: str) -> Mapping[str, model.OptionValue]:
        """See an application's options, defaults included."""
        ...

    def wait_change(self, timeout_s: float) -> None:
        """Return when the model may have changed since the last call, or after *timeout_s*."""
        ...

    def deploy(self, wanted: model.WantedApplication, charm: str) -> None:
        """Deploy *wanted* from *charm*: the path of an archive or a store name."""
        ...

    def refresh(self, application: str, charm: str) -> None:
        """Give *application* the charm archive at path *charm*, its units in error too."""
        ...

    def retry(self, unit: str) -> None:
        """Have *unit*, which is in error, run its failed hook again."""
        ...

    def set_options(self, application: str, options: Mapping[str, str]) -> None:
        """Set these options and no others."""
        ...

    def add_units(self, application: str, count: int, to: Sequence[str]) -> None:
        """Add *count* units."""
        ...

    def integrate(self, one: model.Endpoint, other: model.Endpoint) -> None:
        """Relate two applications."""
        ...

    def expose(self, application: str) -> None:
        """Open the application's ports to the world."""
        ...

    def execute(self, machine: str, script: str, *, timeout_s: float) -> Executed:
        """Run a shell script as root on *machine*, which no unit notices; a bad exit is no error here."""
        ...

    def log_lines(self, limit: int) -> list[str]:
        """The last *limit* lines of the model's log."""
        ...


class JujuDriver:
    """`Driver` over a juju program and a controller's API."""

    def __init__(
        self,
        program: Path,
        *,
        model_name: str,
        model_uuid: str,
        seen_by: reader.Reader,
        scratch: Path | None = None,
    ) -> None:
        """Write through *program*; *scratch* is where it can read files, when that is not everywhere."""
        self._scratch = scratch
        self._juju = jubilant.Juju(model=model_name, cli_binary=program)
        self._model_name = model_name
        self._model_uuid = model_uuid
        self._reader = seen_by

    @property
    def model(self) -> str:
        """See `Driver.model`."""
        return self._model_name

    @property
    def model_uuid(self) -> str:
        """See `Driver.model_uuid`."""
        return self._model_uuid

    def snapshot(self) -> model.ModelSnapshot:
        """See `Driver.snapshot`."""
        return self._reader.snapshot()

    def options(self, application: str) -> Mapping[str, model.OptionValue]:
        """See `Driver.options`."""
        return self._reader.options(application)

    def wait_change(self, timeout_s: float) -> None:
        """See `Driver.wait_change`."""
        self._reader.wait_change(timeout_s)

    def deploy(self, wanted: model.WantedApplication, charm: str) -> None:
        """See `Driver.deploy`."""
        words: list[str] = []
        if not wanted.subordinate:
            words += ['--num-units', str(wanted.num_units)]
        if isinstance(wanted.charm, model.StoreCharm):
            words += ['--channel', wanted.charm.channel] if wanted.charm.channel else []
            words += ['--revision', str(wanted.charm.revision)] if wanted.charm.revision is not None else []
        words += ['--base', wanted.base] if wanted.base else []
        words += ['--to', ','.join(wanted.to)] if wanted.to else []
        words += ['--bind', ' '.join(_pairs(wanted.bindings))] if wanted.bindings else []
        for flag, values in (
            ('--constraints', wanted.constraints),
            ('--resource', wanted.resources),
            ('--storage', wanted.storage),
        ):
            for pair in _pairs(values):
                words += [flag, pair]
        with (
            handing.charm(charm, self._scratch) as given,
            handing.options_file(wanted.name, wanted.options, self._scratch) as file,
        ):
            self._run('deploy', given, wanted.name, *words, *(['--config', file] if file else []))

    def refresh(self, application: str, charm: str) -> None:
        """See `Driver.refresh`."""
        # A unit in error keeps its old charm otherwise, and so its error.
        with handing.charm(charm, self._scratch) as given:
            self._run('refresh', application, '--path', given, '--force-units')

    def retry(self, unit: str) -> None:
        """See `Driver.retry`."""
        try:
            self._run('resolved', unit)
        except JujuFault as err:
            # Juju itself retries now and then, and an upgrade may have helped.
            if _NO_ERROR not in err.message:
                raise

    def set_options(self, application: str, options: Mapping[str, str]) -> None:
        """See `Driver.set_options`."""
        with handing.options_file(application, options, self._scratch) as file:
            if file:
                self._run('config', application, '--file', file)

    def add_units(self, application: str, count: int, to: Sequence[str]) -> None:
        """See `Driver.add_units`."""
        self._run('add-unit', application, '--num-units', str(count), *(['--to', ','.join(to)] if to else []))

    def integrate(self, one: model.Endpoint, other: model.Endpoint) -> None:
        """See `Driver.integrate`."""
        self._run('integrate', str(one), str(other))

    def expose(self, application: str) -> None:
        """See `Driver.expose`."""
        self._run('expose', application)

    def execute(self, machine: str, script: str, *, timeout_s: float) -> Executed:
        """See `Driver.execute`."""
        # Juju runs commands of machines as the user ubuntu, who may use sudo.
        command = shlex.join(['sudo', '-n', 'sh', '-c', script])
        try:
            with _translated():
                task = self._juju.exec(command, machine=machine, wait=timeout_s)
        except jubilant.TaskError as err:
            task = err.task
        except (ValueError, TimeoutError) as err:
            raise JujuFault(f'cannot run a command on machine {machine}: {err}') from err
        return Executed(returncode=task.return_code, stdout=task.stdout, stderr=task.stderr)

    def log_lines(self, limit: int) -> list[str]:
        """See `Driver.log_lines`."""
        with _translated():
            return self._juju.debug_log(limit=limit).splitlines()

    def close(self) -> None:
        """Hang up."""
        self._reader.close()

    def _run(self, *words: str) -> None:
        with _translated():
            self._juju.cli(*words)


def add_model(program: Path, *, controller: str, name: str) -> None:
    """Create model *name* without making it the current one.

    Raises:
        JujuFault: the juju program refused.
    """
    with _translated():
        jubilant.Juju(cli_binary=program).add_model(name, controller=controller)


@contextlib.contextmanager
def _translated() -> Generator[None]:
    """Turn what jubilant raises about a failed program into our own."""
    try:
        yield
    except subprocess.CalledProcessError as err:
        said = str(err.stderr or err.stdout or '').strip().splitlines()[-_KEPT_LINES:]
        words = [str(word) for word in err.cmd]
        raise JujuFault(
            f'cannot run "juju {" ".join(words[1:])}": exit status {err.returncode}'
            + ''.join(f'\n    {line}' for line in said)
        ) from None
    except FileNotFoundError as err:
        raise JujuFault(
            f'cannot start "{err.filename}": there is no such program',
            hint='Install Juju, or set HOODOO_JUJU to its path.',
        ) from err


def _pairs(values: Mapping[str, str]) -> list[str]:
    return [f'{key}={value}' for key, value in values.items()]
