"""A model with a blog, and the commands of somebody who runs it."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bedrock import process
from tests.blog import parts
from tests.blog.parts import BIN, TOP
from tests.blog.pods import Pods
from tests.blog.visitors import HOST, Visitor

MODEL = 'trial'
INITIALISED = 'Wordpress configured and initialised'
DATABASE = ('wordpress:database', 'mariadb:database')
_PATIENCE_S = 240.0
_LINE = re.compile(r'^unit-\S+: (\d\S* \S+) \S+ \S+ (.*)$')
_TOOK = re.compile(r'^unit-(\S+): (\S+) .*hook "([^"]+)" took ([0-9.]+) s$', re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blog(Pods):
    """A model, and who looks after the blog in it."""

    folder: Path
    """Holds what there is of this blog outside of its home."""
    model: str = MODEL
    before: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """What the host was like before there was the model."""

    # --- commands ---

    def pocket(self, *words: str, check: bool = True) -> process.Completed:
        """Run one of pocket's commands, Juju's in the blog's model."""
        env = {**self.env, 'JUJU_MODEL': self.model}
        return process.run([BIN / 'pocket', *words], env=env, timeout_s=600, check=check)

    def juju(self, *words: str) -> str:
        """Run a command of Juju's in the blog's model."""
        return self.pocket('juju', *words).stdout

    def hoodoo(self, *words: str, timeout_s: float = 600) -> str:
        """Run one of hoodoo's commands at the top of this repository."""
        return process.run([BIN / 'hoodoo', *words], env=self.env, timeout_s=timeout_s, cwd=TOP).stdout

    def action(self, unit: str, name: str, *words: str) -> dict[str, Any]:
        """Run an action and return its results."""
        said = self.juju('run', '--quiet', '--format', 'json', '--wait', '30m', unit, name, *words)
        (task,) = json.loads(said).values()
        return task['results']

    def ssh(self, unit: str, *command: str, container: str = '') -> str:
        """Run a command in a container of *unit*, as its operator would."""
        where = ['--container', container] if container else []
        return self.juju('ssh', *where, unit, *command)

    # --- waiting ---

    def wait(self, *states: str, timeout_s: float = _PATIENCE_S, settle_s: float = 0.5) -> None:
        """Wait until the model is idle and each application active, or in one of *states*."""
        more = [f'--additional-ready-states={",".join(states)}'] if states else []
        limits = [f'--timeout={timeout_s:g}', f'--settle={settle_s:g}', '--retry-errors=3']
        self.hoodoo('wait', '--model', self.model, *limits, *more, timeout_s=timeout_s + 30)

    def wait_unit(self, unit: str, status: str, *, seconds: int = 180) -> None:
        """Wait until *unit* has that status, and an agent that has nothing left to do."""
        self._wait_for(unit, f'workload-status=="{status}"', seconds)

    def wait_message(self, unit: str, condition: str, *, seconds: int = 180) -> None:
        """Wait until the message of *unit*, M in the *condition*, is as it says, and the agent is idle."""
        self._wait_for(unit, condition.replace('M', 'workload-message'), seconds)

    def _wait_for(self, unit: str, condition: str, seconds: int) -> None:
        query = f'--query={condition} && agent-status=="idle"'
        self.juju('wait-for', 'unit', unit, query, f'--timeout={seconds}s', '--summary=false')

    # --- looking ---

    def status(self) -> dict[str, Any]:
        """Return the model's status."""
        return json.loads(self.juju('status', '--format', 'json'))

    def application(self, name: str = 'wordpress') -> dict[str, Any]:
        """Return the status of an application."""
        return self.status()['applications'][name]

    def unit(self, name: str) -> dict[str, Any]:
        """Return the status of a unit."""
        return self.application(name.partition('/')[0])['units'][name]

    def said(self, unit: str = '', *, app: str = 'wordpress') -> tuple[str, str]:
        """Return the workload status of *unit*, or else of *app*, and its message."""
        found = self.unit(unit)['workload-status'] if unit else self.application(app)['application-status']
        return found['current'], found.get('message', '')

    def log(self, level: str = 'TRACE') -> str:
        """Return the model's log."""
        return self.juju('debug-log', '--replay', '--no-tail', '--level', level)

    def logged(self) -> list[tuple[float, str]]:
        """What units logged: seconds since the epoch, and what."""
        shape = ['--replay', '--no-tail', '--utc', '--date', '--ms', '--level', 'DEBUG']
        matches = map(_LINE.match, self.juju('debug-log', *shape).splitlines())
        return [(datetime.fromisoformat(f'{m[1]}+00:00').timestamp(), m[2]) for m in matches if m]

    def initialised_at(self) -> list[float]:
        """When the log said, as the first charm of WordPress did, that the blog is initialised."""
        return [at for at, text in self.logged() if text.endswith(INITIALISED)]

    def hooks(self, app: str = 'wordpress') -> list[tuple[str, str, float]]:
        """Unit, name and seconds of every hook of *app* so far."""
        found = [(unit, name, float(took)) for unit, _, name, took in _TOOK.findall(self.log())]
        return [one for one in found if one[0].rpartition('-')[0] == app]

    # --- deploying ---

    def add_model(self, *, hostname: str = HOST) -> None:
        """Make the model, which logs all, with the certificate of *hostname* in its secret ``blog-tls``."""
        self.juju('add-model', '--no-switch', self.model, 'k8s', '--config', 'logging-config=<root>=TRACE')
        env = {
            **self.env,
            'JUJU_MODEL': self.model,
            'MOJO_LOCAL_DIR': str(self.folder),
            'BLOG_HOSTNAME': hostname,
        }
        process.run([TOP / 'specs' / 'wordpress' / 'tls-secret'], env=env, timeout_s=60)

    def deploy_database(self) -> None:
        """Deploy the database."""
        image = f'mariadb-image=oci:{parts.image("mariadb")}'
        self.juju('deploy', str(parts.packed('mariadb-k8s')), 'mariadb', '--resource', image)

    def deploy(
        self,
        options: Mapping[str, object] | None = None,
        *,
        name: str = 'wordpress',
        units: int = 1,
        channel: str = '',
        storage: str = '',
        is_related: bool = True,
    ) -> None:
        """Deploy a blog, whose options are in no argument, and relate it to the database."""
        given = ['--config', str(self._file(name, options))] if options else []
        given += ['--storage', storage] if storage else []
        image = f'wordpress-image=oci:{parts.image("wordpress", channel)}'
        charm = str(parts.packed('wordpress-k8s'))
        self.juju('deploy', charm, name, '--trust', '-n', str(units), *given, '--resource', image)
        if is_related:
            self.juju('integrate', f'{name}:database', 'mariadb:database')

    def configure(self, options: Mapping[str, object], *, app: str = 'wordpress') -> None:
        """Set options, whose values are in no argument, and wait until every unit has seen them."""
        with self._seen(app):
            self.juju('config', app, '--file', str(self._file(app, options)))

    def reset(self, *names: str, app: str = 'wordpress') -> None:
        """Put options back to their defaults, and wait until every unit has seen it."""
        with self._seen(app):
            self.juju('config', app, '--reset', ','.join(names))

    def _file(self, app: str, options: Mapping[str, object]) -> Path:
        file = self.folder / 'options.yaml'
        # JSON's way to escape emoji is not YAML's.
        file.write_text(json.dumps({app: options}, ensure_ascii=False))
        return file

    @contextlib.contextmanager
    def _seen(self, app: str) -> Generator[None]:
        units = len(self.application(app)['units'])
        before = self._config_hooks(app)
        yield
        ends = time.monotonic() + _PATIENCE_S
        while self._config_hooks(app) < before + units:
            assert time.monotonic() < ends, f'{app} has not seen its options'

    def _config_hooks(self, app: str) -> int:
        return sum(name == 'config-changed' for _, name, _ in self.hooks(app))

    # --- from outside ---

    @property
    def certificate(self) -> Path:
        """Return the blog's certificate."""
        return self.folder / 'blog.crt'

    @property
    def address(self) -> str:
        """Return where the ingress is."""
        found = re.search(r'^ *server: https://([^:/]*)', self.kubeconfig(), re.MULTILINE)
        assert found
        return found[1]

    def kubeconfig(self) -> str:
        """Return how the model's administrator reaches its cluster."""
        return self.pocket('kubeconfig', self.model).stdout

    def visitor(self) -> Visitor:
        """Return somebody from outside."""
        return Visitor(self.address, port=443, certificate=self.certificate)

    def neighbour(self, unit: str = 'wordpress/0') -> Visitor:
        """Return somebody who asks *unit* directly, as the proxy in front of it does."""
        return Visitor(self.unit(unit)['address'], always={'X-Forwarded-Proto': 'https'})

    def caller(self, unit: str = 'wordpress/0', *, port: int = 8080) -> Visitor:
        """Return somebody who asks *unit* directly, as a browser would where nothing is in front of it."""
        return Visitor(self.unit(unit)['address'], host=f'{HOST}:{port}', port=port)
