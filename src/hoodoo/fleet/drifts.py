"""How many differences there are between an environment's model and its spec, as ``hoodoo drift`` counts them."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hoodoo import settings as settings_module
from hoodoo.fleet import checkout, clientdir
from hoodoo.inventory.environment import Environment
from hoodoo.inventory.state import State
from hoodoo.journal import journal, rows
from hoodoo.juju import clientfiles, jujudriver, listing, reader, rpc
from hoodoo.review import preview, request
from hoodoo.runner import run
from hoodoo.spec import sources

Pay = Callable[[int], None]
"""Called before so many requests to the controller; waits as long as the budget wants."""


def count(
    settings: settings_module.Settings,
    memory: journal.Journal,
    environment: Environment,
    state: State,
    *,
    controller: clientfiles.Controller,
    pay: Pay,
) -> int | None:
    """Compare the model with the spec at the revision that was deployed; None where there is no model.

    Raises:
        Fault: the spec cannot be had or has problems, or the controller does not answer.
    """
    asked = _request(settings, environment, state, _last(memory, state))
    runner = run.Runner(settings=settings, journal=memory, connect=run.connect_juju(settings))
    lines = runner.check(asked)
    with contextlib.closing(_Metered(controller, pay=pay)) as juju:
        every = listing.request(controller.user, every=False)
        models = listing.decode(juju.call('ModelManager', 'ListModelSummaries', every))
    found = listing.find(models, environment.model, controller.user)
    if found is None:
        return None
    driver = jujudriver.JujuDriver(
        Path('juju'),  # nothing is written
        model_name=f'{controller.name}:{environment.model}',
        model_uuid=found.uuid,
        seen_by=reader.Reader(lambda: _Metered(controller, model_uuid=found.uuid, pay=pay)),
    )
    with contextlib.closing(driver):
        return len(preview.drifted(lines, driver, memory).entries)


class _Metered(rpc.Connection):
    """A connection that pays for each request, the login too."""

    def __init__(self, controller: clientfiles.Controller, *, model_uuid: str = '', pay: Pay) -> None:
        self._pay = pay
        super().__init__(controller, model_uuid=model_uuid)

    def call(
        self,
        facade: str,
        request: str,
        params: Mapping[str, Any],
        *,
        id_: str = '',
        timeout_s: float | None = 60.0,
    ) -> dict[str, Any]:
        """See `rpc.Connection.call`."""
        self._pay(1)
        return super().call(facade, request, params, id_=id_, timeout_s=timeout_s)


def _last(memory: journal.Journal, state: State) -> rows.Run | None:
    """The run that the state tells of; its workspace has what it collected."""
    return memory.get(state.run) if state.run else None


def _request(
    settings: settings_module.Settings, environment: Environment, state: State, last: rows.Run | None
) -> request.Request:
    revision = checkout.deployed_revision(environment, state)
    spec = checkout.pinned(checkout.located(settings, environment), revision)
    # What this shell happens to be set to is about other runs.
    blank = dataclasses.replace(settings, project='', workspace='', spec='', stage='', model='')
    given = request.Given(
        spec=spec,
        stage=environment.stage,
        model=f'{environment.controller}:{environment.model}',
        project=last.project if last else clientdir.environment_name(environment.service),
        workspace=last.workspace if last else clientdir.environment_name(environment.name),
        series=last.series if last else '',
        manifest=last.manifest if last and not last.line else '',
    )
    origin = sources.find(spec, clones=settings.root / '.specs', offline=settings.offline)
    return request.complete(given, blank, origin=origin)
