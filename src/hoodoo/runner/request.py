"""What somebody asked to run, with every default filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors
from hoodoo import settings as settings_module
from hoodoo.spec import layout, lookup, sources, stages


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the command line says; an empty text means that it does not."""

    spec: str = ''
    workspace: str = ''
    project: str = ''
    series: str = ''
    stage: str = ''
    manifest: str = ''
    line: str = ''
    """One manifest line to run in place of a manifest."""
    model: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One run to do."""

    origin: sources.Origin
    workspace: layout.Workspace
    stage: str
    manifest: str
    line: str
    """One manifest line to run in place of *manifest*; may be empty."""
    model: str
    """``[controller:]model`` as asked for; may be empty."""
    default_model: str
    variables: Mapping[str, str]
    """The environment and the MOJO_ variables."""


def complete(
    given: Given, settings: settings_module.Settings, *, origin: sources.Origin | None = None
) -> Request:
    """Fill in defaults: the command line wins, then the environment, then names made from the spec.

    Args:
        origin: The spec, where it was found before and need not be fetched again.

    Raises:
        UsageFault: no spec is named, there is no such spec or stage, or a name cannot be used.
    """
    spec = given.spec or settings.spec
    if not spec:
        raise errors.UsageFault(
            'cannot run: no spec is named', hint='Name one: hoodoo run SPEC, or set MOJO_SPEC.'
        )
    origin = origin or sources.find(spec, clones=settings.root / '.specs', offline=settings.offline)
    stage = (given.stage or settings.stage).strip('/')
    manifest = given.manifest or 'manifest'
    stages.check(lookup.SpecView(root=origin.root, stage=stage, label=origin.label), manifest)
    project = layout.Project(
        root=settings.root,
        name=layout.check_name('project', given.project or settings.project or origin.name),
        series=layout.check_name('series', given.series or settings.series or settings_module.DEFAULT_SERIES),
        asked_class=settings.container_class,
    )
    project.container_class()  # what cannot be used is told before anything is done
    name = given.workspace or settings.workspace or stage.replace('/', '-') or 'default'
    workspace = layout.Workspace(project=project, name=layout.check_name('workspace', name))
    return Request(
        origin=origin,
        workspace=workspace,
        stage=stage,
        manifest=manifest,
        line=given.line,
        model=given.model or settings.model,
        default_model=_model_name(origin.name, stage),
        variables={**settings.environ, **_mojo(origin, workspace, stage, settings.root)},
    )


def _mojo(origin: sources.Origin, workspace: layout.Workspace, stage: str, root: Path) -> dict[str, str]:
    return {
        'MOJO_ROOT': str(root),
        'MOJO_PROJECT': workspace.project.name,
        'MOJO_SERIES': workspace.project.series,
        'MOJO_WORKSPACE': workspace.name,
        'MOJO_SPEC': origin.url,
        'MOJO_STAGE': stage,
        'MOJO_SPEC_DIR': str(workspace.spec),
        'MOJO_BUILD_DIR': str(workspace.build),
        'MOJO_REPO_DIR': str(workspace.repo),
        'MOJO_LOCAL_DIR': str(workspace.local),
    }


def _model_name(spec: str, stage: str) -> str:
    words = re.sub(r'[^a-z0-9]+', '-', f'{spec}-{stage.rpartition("/")[2]}'.lower())
    return words.strip('-') or 'hoodoo'
