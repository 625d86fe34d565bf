"""What a command runs with: its streams, its environment, and the controller and model it is about."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from bedrock import errors
from pocket import settings as pocket_settings
from pocket.client import faults, shape
from pocket.client.files import Controller, Files, Model, chosen_controller, find_model, split_model
from pocket.client.flags import Given

if TYPE_CHECKING:
    from pocket.client.rpc import Api, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The controller and model that a command is about."""

    controller: Controller
    model: Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A connection to a model."""

    api: Api
    target: Target

    def call(self, facade: str, request: str, params: Mapping[str, object] | None = None) -> Json:
        """Call a method of the model; see `Api.call`."""
        return self.api.call(facade, request, params)

    @property
    def model_tag(self) -> str:
        """``model-<uuid>``."""
        return f'model-{self.target.model.uuid}'

    @property
    def is_caas(self) -> bool:
        """Whether the model runs on Kubernetes."""
        return self.target.model.type == 'caas'


@dataclass(frozen=True, kw_only=True)
class Context:
    """The process as a command sees it; tests give their own."""

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    environ: Mapping[str, str]
    settings: pocket_settings.Settings
    quiet: bool = False
    only_on_machines: str = ''
    """The command, when it is one that models on Kubernetes have no use for."""

    @property
    def files(self) -> Files:
        """The Juju client's files."""
        return Files(self.settings.juju_data)

    def out(self, text: str) -> None:
        """Write a line of the result."""
        self.stdout.write(f'{text}\n')
        self.stdout.flush()

    def info(self, text: str) -> None:
        """Write a line of progress, unless ``--quiet``."""
        if not self.quiet:
            self.stderr.write(f'{text}\n')
            self.stderr.flush()

    def error(self, text: str) -> None:
        """Write an error of one item of several; the command goes on."""
        self.stderr.write(f'ERROR {text}\n')
        self.stderr.flush()

    def confirm(self, question: str) -> bool:
        """Ask on stderr; only a ``y`` or ``yes`` is one."""
        self.stderr.write(f'{question} (y/N): ')
        self.stderr.flush()
        return self.stdin.readline().strip().lower() in ('y', 'yes')

    def controller(self, given: Given) -> Controller:
        """The controller that ``--controller`` or the environment names, else the current one."""
        files = self.files
        wanted = _flag(given, 'controller')
        if not wanted:
            wanted = split_model(_flag(given, 'model') or self.environ.get('JUJU_MODEL', ''))[0]
        return files.controller(chosen_controller(files, wanted or self.environ.get('JUJU_CONTROLLER', '')))

    def model_name(self, given: Given, controller: Controller) -> str:
        """The model that ``--model`` or JUJU_MODEL names, else the controller's current one.

        Raises:
            Fault: none is named or selected.
        """
        wanted = split_model(_flag(given, 'model') or self.environ.get('JUJU_MODEL', ''))[1]
        wanted = wanted or self.files.current_model(controller.name)
        if not wanted:
            raise errors.Fault(
                'No selected model.\n\n'
                'To see a list of models, run "juju models".\n'
                'To select one, run "juju switch MODEL"; to make one, "juju add-model MODEL".'
            )
        return wanted

    @contextlib.contextmanager
    def controller_api(self, controller: Controller) -> Generator[Api]:
        """A connection to the controller itself."""
        from pocket.client import rpc

        with rpc.Api(controller) as api:
            yield api

    def find_model(self, controller: Controller, wanted: str) -> Model:
        """The model called *wanted*, from models.yaml or, when that does not have it, from the controller.

        Raises:
            Fault: there is no such model.
        """
        found = find_model(self.files.models(controller.name), wanted, user=controller.user)
        return found or self.fresh_model(controller, wanted)

    def fresh_model(self, controller: Controller, wanted: str) -> Model:
        """Like `find_model`, but the controller is asked in any case and models.yaml rewritten.

        Raises:
            Fault: there is no such model.
        """
        with self.controller_api(controller) as api:
            models = listed_models(api, controller)
        self.files.keep_models(controller.name, models)
        found = find_model({model.name: model for model in models}, wanted, user=controller.user)
        if found is None:
            full = wanted if '/' in wanted else f'{controller.user}/{wanted}'
            raise errors.Fault(f'model {full} not found')
        return found

    def target(self, given: Given) -> Target:
        """The controller and model that a command is about.

        Raises:
            Fault: there is no such one, or it is of a kind that the command is not for.
        """
        controller = self.controller(given)
        model = self.find_model(controller, self.model_name(given, controller))
        if self.only_on_machines and model.type == 'caas':
            raise errors.Fault(f'Juju command "{self.only_on_machines}" not supported on container models')
        return Target(controller=controller, model=model)

    @contextlib.contextmanager
    def session(self, given: Given) -> Generator[Session]:
        """A connection to the model that a command is about."""
        target = self.target(given)
        with self._model_api(target) as session:
            yield session

    @contextlib.contextmanager
    def _model_api(self, target: Target) -> Generator[Session]:
        from pocket.client import rpc

        try:
            api = rpc.Api(target.controller, target.model.uuid)
        except faults.Refused as err:
            if err.code != 'model not found':
                raise
            # Another client may have removed the model and made a new one of the same name.
            target = self._replaced(target)
            api = rpc.Api(target.controller, target.model.uuid)
        with api:
            yield Session(api=api, target=target)

    def _replaced(self, target: Target) -> Target:
        try:
            model = self.fresh_model(target.controller, target.model.name)
        except errors.Fault:
            raise errors.Fault(
                f'model "{target.model.name}" has been removed from the controller, '
                "run 'juju models' and switch to one of them."
            ) from None
        return Target(controller=target.controller, model=model)


def from_process() -> Context:
    """The context of this process."""
    return Context(
        stdin=sys.stdin,
        stdout=sys.stdout,
        stderr=sys.stderr,
        environ=os.environ,
        settings=pocket_settings.load(),
    )


def listed_models(api: Api, controller: Controller) -> list[Model]:
    """The models that the account may see."""
    answer = api.call('ModelManager', 'ListModels', {'tag': f'user-{controller.user}'})
    return [
        Model(
            name=f'{entry["model"]["owner-tag"].removeprefix("user-")}/{entry["model"]["name"]}',
            uuid=entry['model']['uuid'],
            type=entry['model'].get('type') or 'iaas',
        )
        for entry in shape.objects(answer.get('user-models'))
    ]


def local_path(text: str) -> Path:
    """A path that the user typed."""
    return Path(text).expanduser()


def _flag(given: Given, key: str) -> str:
    return given.text(key) if key in given.defaults else ''
