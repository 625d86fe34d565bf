"""The phase bundle: make the model what one of Juju's own bundles says, with overlays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hoodoo.bundle.reading import deployer, native
from hoodoo.phases import base
from hoodoo.phases.builtin import deploying
from hoodoo.readiness import wait as readiness


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a bundle line may say."""

    config: str = 'bundle'
    """The bundle."""
    overlays: tuple[str, ...] = ()
    """Overlay files of the spec, merged over the bundle in this order."""
    local: str = ''
    """A last overlay, from the local directory."""
    max_wait: float = readiness.DEFAULT_TIMEOUT_S
    """Longest time for the wait."""
    wait: bool = True
    """Wait until the model is ready."""
    settle: float = readiness.DEFAULT_SETTLE_S
    """Seconds for which no agent may change before that."""
    additional_ready_states: tuple[str, ...] = ()
    """Workload states that the wait takes for ready, next to active and unknown."""
    retry_errors: int = 0
    """How often a unit may fail before the wait ends; Juju retries failed hooks by itself."""
    apply_config_changes: bool = True
    """Whether applications that exist get the options that differ."""

    @property
    def files(self) -> tuple[str, ...]:
        """See `deploying.Line`."""
        return (self.config, *self.overlays)

    @property
    def target(self) -> str:
        """See `deploying.Line`: such a bundle is one deployment."""
        return ''

    @property
    def patience(self) -> float:
        """See `deploying.Line`."""
        return self.max_wait

    def read(self, files: Sequence[Path], place: base.Place) -> deployer.Deployments:
        """See `deploying.Line`."""
        view = place.view
        return native.read(files, place.template_variables(), shown=view.shown, lookup=view.folders())


class Bundle(deploying.Deploying):
    """See the module."""

    name = 'bundle'
    own = Options
