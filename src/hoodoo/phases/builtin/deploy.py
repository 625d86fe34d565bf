"""The phase deploy: make the model what a bundle in juju-deployer's format says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hoodoo.bundle.reading import deployer
from hoodoo.phases import base
from hoodoo.phases.builtin import deploying
from hoodoo.readiness import wait as readiness


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a deploy line may say."""

    config: str = 'deploy'
    """The bundle."""
    local: str = ''
    """A second bundle file, from the local directory, merged over the first."""
    target: str = ''
    """Which deployment of the bundle."""
    delay: float = 0.0
    """Accepted for the sake of old specs: nothing here needs a pause between commands."""
    timeout: float = readiness.DEFAULT_TIMEOUT_S
    """Longest wait for the model to be ready, in seconds."""
    wait: bool = True
    """Wait until the model is ready."""
    settle: float = readiness.DEFAULT_SETTLE_S
    """Seconds for which no agent may change before that."""
    additional_ready_states: tuple[str, ...] = ()
    """Workload states that the wait takes for ready, next to active and unknown."""
    retry_errors: int = 0
    """How often a unit may fail before the wait ends; Juju retries failed hooks by itself."""
    apply_config_changes: bool = True
    """Whether applications that exist get the options that differ; juju-deployer left them alone."""

    @property
    def files(self) -> tuple[str, ...]:
        """See `deploying.Line`."""
        return (self.config,)

    @property
    def patience(self) -> float:
        """See `deploying.Line`."""
        return self.timeout

    def read(self, files: Sequence[Path], place: base.Place) -> deployer.Deployments:
        """See `deploying.Line`."""
        view = place.view
        return deployer.load(files, place.template_variables(), shown=view.shown, lookup=view.folders())


class Deploy(deploying.Deploying):
    """See the module."""

    name = 'deploy'
    own = Options
