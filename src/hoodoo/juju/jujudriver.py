"""The driver of real models: a juju program writes, by jubilant, and `Reader` reads."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

import jubilant

from hoodoo import model
from hoodoo.juju import driver, handing, particulars, reader

_KEPT_LINES = 20
_NO_ERROR = 'not in an error state'


class JujuDriver:
    """`driver.Driver` over a juju program and a controller's API."""

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
        """See `driver.Driver.model`."""
        return self._model_name

    @property
    def model_uuid(self) -> str:
        """See `driver.Driver.model_uuid`."""
        return self._model_uuid

    def snapshot(self) -> model.ModelSnapshot:
        """See `driver.Driver.snapshot`."""
        return self._reader.snapshot()

    def options(self, application: str) -> Mapping[str, model.OptionValue]:
        """See `driver.Driver.options`."""
        return self._reader.options(application)

    def bundle(self) -> str:
        """See `reader.Reader.bundle`."""
        return self._reader.bundle()

    def attached(self, applications: Sequence[str]) -> Mapping[str, Sequence[particulars.Resource]]:
        """See `reader.Reader.attached`."""
        return self._reader.attached(applications)

    def secret(self, uri: str) -> particulars.Secret | None:
        """See `reader.Reader.secret`."""
        return self._reader.secret(uri)

    def own(self) -> particulars.Own:
        """See `reader.Reader.own`."""
        return self._reader.own()

    def home(self) -> tuple[str, str]:
        """See `reader.Reader.home`."""
        return self._reader.home()

    def wait_change(self, timeout_s: float) -> None:
        """See `driver.Driver.wait_change`."""
        self._reader.wait_change(timeout_s)

    def settings(self, applications: Sequence[str]) -> Mapping[str, model.Settings]:
        """See `driver.Driver.settings`."""
        return self._reader.settings(applications)

    def machine_annotations(self, machines: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """See `driver.Driver.machine_annotations`."""
        tags = {_machine_tag(machine): machine for machine in machines}
        found = self._reader.annotations(list(tags))
        return {machine: found[tag] for tag, machine in tags.items()}

    def add_machine(self, wanted: model.WantedMachine) -> str:
        """See `driver.Driver.add_machine`."""
        before = self.snapshot().machines
        base = ['--base', wanted.base] if wanted.base else []
        self._run('add-machine', *base, *_flags('--constraints', wanted.constraints))
        now = self.snapshot()
        taken = {unit.machine.partition('/')[0] for unit in now.units()}
        fresh = [m for m in now.machines if '/' not in m and m not in before and m not in taken]
        if not fresh:
            raise driver.JujuFault(f'cannot find the machine that was added for "{wanted.name}"')
        return fresh[0]

    def deploy(self, wanted: model.WantedApplication, charm: str, to: Sequence[str]) -> None:
        """See `driver.Driver.deploy`."""
        if not wanted.subordinate and not wanted.num_units:
            self._deploy_empty(wanted, charm)
            return
        words: list[str] = []
        if not wanted.subordinate:
            words += ['--num-units', str(wanted.num_units)]
            words += _flags('--constraints', wanted.constraints)
        if isinstance(wanted.charm, model.StoreCharm):
            # Juju takes no revision without the channel of those to come.
            pinned = wanted.charm.revision is not None and not wanted.charm.channel
            words += [*(['--channel', 'stable'] if pinned else []), *_release(wanted.charm)]
        words += ['--base', wanted.base] if wanted.base else []
        words += ['--to', ','.join(to)] if to else []
        words += ['--bind', ' '.join(_pairs(wanted.bindings))] if wanted.bindings else []
        words += [*_flags('--resource', wanted.resources), *_flags('--storage', wanted.storage)]
        words += ['--trust'] if wanted.trust else []
        with (
            handing.charm(charm, self._scratch) as given,
            handing.options_file(wanted.name, wanted.options, self._scratch) as file,
        ):
            self._run('deploy', given, wanted.name, *words, *(['--config', file] if file else []))

    def _deploy_empty(self, wanted: model.WantedApplication, charm: str) -> None:
        pods = self.snapshot().on_kubernetes
        with (
            handing.charm(charm, self._scratch) as given,
            handing.bundle_file(wanted, given, self._scratch, pods=pods) as file,
        ):
            self._run('deploy', file, *(['--trust'] if wanted.trust else []))

    def refresh(
        self, wanted: model.WantedApplication, charm: str, *, switch: bool = False, images: Mapping[str, str]
    ) -> None:
        """See `driver.Driver.refresh`."""
        # A unit in error keeps its old charm otherwise, and so its error.
        words = ['refresh', wanted.name, '--force-units', *_flags('--resource', images)]
        if isinstance(wanted.charm, model.StoreCharm):
            self._run(*words, *(['--switch', f'ch:{charm}'] if switch else []), *_release(wanted.charm))
            return
        with handing.charm(charm, self._scratch) as given:
            self._run(*words, '--path', given)

    def attach(self, application: str, resource: str, image: str) -> None:
        """See `driver.Driver.attach`."""
        self._run('attach-resource', application, f'{resource}={image}')

    def retry(self, unit: str) -> None:
        """See `driver.Driver.retry`."""
        try:
            self._run('resolved', unit)
        except driver.JujuFault as err:
            # Juju itself retries now and then, and an upgrade may have helped.
            if _NO_ERROR not in err.message:
                raise

    def set_options(self, application: str, options: Mapping[str, str]) -> None:
        """See `driver.Driver.set_options`."""
        with handing.options_file(application, options, self._scratch) as file:
            if file:
                self._run('config', application, '--file', file)

    def set_constraints(self, application: str, constraints: Mapping[str, str]) -> None:
        """See `driver.Driver.set_constraints`."""
        self._run('set-constraints', application, *_pairs(constraints))

    def trust(self, application: str) -> None:
        """See `driver.Driver.trust`."""
        # Where it is the whole cluster that is given away, Juju wants to hear so.
        scope = ['--scope', 'cluster'] if self.snapshot().on_kubernetes else []
        self._run('trust', application, *scope)

    def annotate(self, kind: str, name: str, annotations: Mapping[str, str]) -> None:
        """See `driver.Driver.annotate`."""
        tag = _machine_tag(name) if kind == 'machine' else f'{kind}-{name}'
        self._reader.annotate(tag, annotations)

    def add_units(self, application: str, count: int, to: Sequence[str]) -> None:
        """See `driver.Driver.add_units`."""
        self._run('add-unit', application, '--num-units', str(count), *(['--to', ','.join(to)] if to else []))

    def scale(self, application: str, units: int) -> None:
        """See `driver.Driver.scale`."""
        self._run('scale-application', application, str(units))

    def integrate(self, one: model.Endpoint, other: model.Endpoint) -> None:
        """See `driver.Driver.integrate`."""
        self._run('integrate', str(one), str(other))

    def consume(self, url: str, name: str) -> None:
        """See `driver.Driver.consume`."""
        self._run('consume', url, name)

    def offer(self, name: str, offer: model.Offer) -> None:
        """See `driver.Driver.offer`."""
        # It has no flag for a model: the application is named with it.
        controller, _, model_name = self._model_name.rpartition(':')
        which = ['--controller', controller] if controller else []
        ends = f'{model_name}.{offer.application}:{",".join(offer.endpoints)}'
        with _translated():
            self._juju.cli('offer', *which, ends, name, include_model=False)

    def expose(self, application: str, to: Mapping[str, model.Exposure]) -> None:
        """See `driver.Driver.expose`."""
        if not to:
            self._run('expose', application)
        for endpoint, each in to.items():
            given = (('endpoints', (endpoint,)), ('to-spaces', each.spaces), ('to-cidrs', each.cidrs))
            words = [word for flag, found in given if any(found) for word in (f'--{flag}', ','.join(found))]
            self._run('expose', application, *words)

    def unexpose(self, application: str) -> None:
        """See `driver.Driver.unexpose`."""
        self._run('unexpose', application)

    def execute(self, machine: str, script: str, *, timeout_s: float) -> driver.Executed:
        """See `driver.Driver.execute`."""
        # Juju runs commands of machines as the user ubuntu, who may use sudo.
        command = shlex.join(['sudo', '-n', 'sh', '-c', script])
        try:
            with _translated():
                task = self._juju.exec(command, machine=machine, wait=timeout_s)
        except jubilant.TaskError as err:
            task = err.task
        except (ValueError, TimeoutError) as err:
            raise driver.JujuFault(f'cannot run a command on machine {machine}: {err}') from err
        return driver.Executed(returncode=task.return_code, stdout=task.stdout, stderr=task.stderr)

    def log_lines(self, limit: int) -> list[str]:
        """See `driver.Driver.log_lines`."""
        with _translated():
            return self._juju.debug_log(limit=limit).splitlines()

    def close(self) -> None:
        """Hang up."""
        self._reader.close()

    def _run(self, *words: str) -> None:
        with _translated():
            self._juju.cli(*words)


def add_model(program: Path, *, controller: str, name: str, cloud: str = '') -> None:
    """Create model *name* without making it the current one; an empty *cloud* is the controller's own.

    Raises:
        driver.JujuFault: the juju program refused.
    """
    with _translated():
        jubilant.Juju(cli_binary=program).add_model(name, cloud or None, controller=controller)


@contextlib.contextmanager
def _translated() -> Generator[None]:
    """Turn what jubilant raises about a failed program into our own."""
    try:
        yield
    except subprocess.CalledProcessError as err:
        said = str(err.stderr or err.stdout or '').strip().splitlines()[-_KEPT_LINES:]
        words = [str(word) for word in err.cmd]
        raise driver.JujuFault(
            f'cannot run "juju {" ".join(words[1:])}": exit status {err.returncode}'
            + ''.join(f'\n    {line}' for line in said),
            status=err.returncode,
        ) from None
    except FileNotFoundError as err:
        raise driver.JujuFault(
            f'cannot start "{err.filename}": there is no such program',
            hint='Install Juju, or set HOODOO_JUJU to its path.',
        ) from err


def _pairs(values: Mapping[str, str]) -> list[str]:
    return [f'{key}={value}' for key, value in values.items()]


def _flags(flag: str, values: Mapping[str, str]) -> list[str]:
    return [word for pair in _pairs(values) for word in (flag, pair)]


def _release(charm: model.StoreCharm) -> list[str]:
    channel = ['--channel', charm.channel] if charm.channel else []
    return [*channel, *(['--revision', str(charm.revision)] if charm.revision is not None else [])]


def _machine_tag(machine: str) -> str:
    return f'machine-{machine.replace("/", "-")}'
