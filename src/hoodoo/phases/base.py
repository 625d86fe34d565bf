"""What a phase is: it prepares a job from a manifest line, and the job runs later, if all lines were fine."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from bedrock import errors
from hoodoo import model
from hoodoo.bundle import told
from hoodoo.bundle.planning import memory
from hoodoo.projects import layout
from hoodoo.secrets import masker
from hoodoo.spec import lookup, manifest

if TYPE_CHECKING:  # a check of a spec has no model, and need not wait for it
    from hoodoo.juju import driver


class ModelUse(enum.Enum):
    """What a phase does with the run's Juju model."""

    NONE = 'no'
    USES = 'uses it'
    """It works on the model, or gives it to a program; where there is none, none is made for it."""
    MAKES = 'makes it'
    """The model is made where there is none, and pocket is started where there is no controller."""


class Told(told.Told, Protocol):
    """Hears what a phase does; all of it reaches the journal and whoever watches."""

    def line(self, text: str, stream: str = 'stdout') -> None:
        """One line that a program printed."""
        ...

    def waiting(self, reasons: tuple[str, ...]) -> None:
        """What is waited for; an empty tuple when nothing is any more."""
        ...

    def progress(self, text: str) -> None:
        """A state of the moment, shown but not kept."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a run happens."""

    view: lookup.SpecView
    """The spec's files: the author's while preparing, the workspace's copy while running."""
    origin: Path
    """The spec where its author keeps it; local collect sources are relative to it."""
    workspace: layout.Workspace
    variables: Mapping[str, str]
    """The caller's environment and the MOJO_ variables."""
    cache: Path
    masker: masker.Masker = field(default_factory=masker.Masker)
    """Told of every secret that a phase meets; takes them out of all that is said."""

    @property
    def series(self) -> str:
        """The project's series."""
        return self.workspace.project.series

    def template_variables(self) -> dict[str, str]:
        """What bundle templates see."""
        return {
            **self.variables,
            'series': self.series,
            'stage': self.view.stage,
            'stage_name': self.view.stage_name,
            'local_dir': str(self.workspace.local),
        }


@dataclass(slots=True, kw_only=True)
class Outlook:
    """What will be there when a line's turn comes, as far as the lines before it tell; and all problems."""

    problems: list[errors.Problem] = field(default_factory=list[errors.Problem])
    later: tuple[str, ...] = ()
    """The phases of the lines after this one."""
    charms: dict[str, Path | None] = field(default_factory=dict[str, Path | None])
    """Charms by collect destination; None when the content is not known before it is collected."""
    applications: dict[str, Path | None] = field(default_factory=dict[str, Path | None])
    """Applications that earlier lines deploy, and their charms where known."""
    remarks: list[errors.Problem] = field(default_factory=list[errors.Problem])
    """What is odd but does not forbid the run."""
    made_by_programs: bool = False
    """An earlier line runs a program of the spec, which may have made any file of the workspace."""
    doubtful: set[str] = field(default_factory=set[str])
    """Phases of which a line cannot be read: what it would bring is not known, so nothing else can be said to
    be missing. Phases add themselves; the runner adds what it cannot tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a running job may use."""

    place: Place
    juju: Callable[[], driver.Driver]
    """The run's model; a Fault where there is none."""
    memory: memory.Memory
    told: Told
    script_environment: Mapping[str, str]
    """The whole environment of scripts."""
    timeout_s: float | None = None
    """Longest time for one program of the spec."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a job went, when it went well."""

    summary: str = ''
    stop: bool = False
    """The run is done with this line: those after it are left out."""


class Job(Protocol):
    """A checked manifest line, ready to run."""

    def run(self, context: Context) -> Outcome:
        """Do it.

        Raises:
            Fault: it failed; the run ends.
        """
        ...


@runtime_checkable
class Deploys(Protocol):
    """A job that makes a model what a bundle says, which ``hoodoo plan`` can tell before it runs."""

    @property
    def foreseen(self) -> model.WantedModel:
        """What the model will be made, as far as the files of the spec tell."""
        ...

    @property
    def apply_config_changes(self) -> bool:
        """Whether settings of applications that exist are changed."""
        ...


class Phase(Protocol):
    """One kind of manifest line."""

    name: str
    model_use: ModelUse
    """What it does with the run's model."""
    repeatable: bool
    """Whether a line that was begun and not finished may be begun again without a person's word."""

    @property
    def own(self) -> type[Any]:
        """The dataclass of its own options, each with a default and a docstring."""
        ...

    @property
    def shared(self) -> frozenset[str]:
        """Fields of `hoodoo.phases.common.Common` that its lines may have too, unless they are its own."""
        ...

    def prepare(self, call: manifest.PhaseCall, place: Place, outlook: Outlook) -> Job | None:
        """Check all of a line, changing nothing; None when its problems, added to *outlook*, forbid it."""
        ...


def find_file(
    call: manifest.PhaseCall,
    name: str,
    place: Place,
    outlook: Outlook,
    *,
    executable: bool = False,
    key: str = 'config',
) -> Path | None:
    """The file of the spec that *call* names by its option *key*; what is wrong with it goes to *outlook*."""
    option = next((option for option in reversed(call.options) if option.key == key), None)
    found = place.view.find(name)
    if found is None:
        outlook.problems.append(
            call.problem(f'cannot find file "{name}"', option=option, hint=place.view.near(name))
        )
    elif executable and not lookup.is_executable(found):
        outlook.problems.append(_not_executable(call, place.view.shown(found), option))
        return None
    return found


def _not_executable(call: manifest.PhaseCall, shown: str, option: manifest.Option | None) -> errors.Problem:
    """The problem of a program that may not be run."""
    return call.problem(f'file "{shown}" is not executable', option=option, hint=f'Run chmod +x {shown}.')
