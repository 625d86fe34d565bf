"""What is asked of one attempt."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from hoodoo.ci import removing


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line says; an empty text means that it does not."""

    spec: str
    """``SPEC[@REV]``."""
    below: str = ''
    """Where in its repository the spec is."""
    stage: str = ''
    project: str = ''
    series: str = ''
    manifest: str = ''
    controller: str = ''
    cloud: str = ''
    reports: Path | None = None
    timeout_s: float = 3600.0
    """For all but the destruction of the model, which has its own bounds; 0 for no bound."""
    bounds: removing.Bounds = field(default_factory=removing.Bounds)
    keep_on_failure: bool = False
    keep_s: float = 24 * 3600.0
    """After which a model that is kept may be reaped."""
