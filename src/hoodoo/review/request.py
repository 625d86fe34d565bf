"""What somebody asked to run, with every default filled in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors
from hoodoo import settings as settings_module
from hoodoo.projects import layout
from hoodoo.spec import lookup, sources, stages


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
    cloud: str = ''


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
    cloud: str
    """``CLOUD`` or ``CLOUD/REGION`` for a model that has to be made; may be empty."""
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
        cloud=given.cloud or settings.cloud,
        variables={**settings.environ, **_mojo(origin, workspace, stage, settings.root)},
    )


def stored(asked: Request, mask: Callable[[str], str]) -> str:
    """*asked* as text for the journal, without its variables, which may hold secrets."""
    space, origin = asked.workspace, asked.origin
    facts = {
        'name': origin.name,
        'root': str(origin.root),
        'url': mask(origin.url),
        'label': origin.label,
        'revision': origin.revision,
        'project': space.project.name,
        'series': space.project.series,
        'workspace': space.name,
        'stage': asked.stage,
        'manifest': asked.manifest,
        'line': mask(asked.line),
        'model': asked.model,
        'default_model': asked.default_model,
        'cloud': asked.cloud,
    }
    return json.dumps(facts)


def revision(text: str) -> str:
    """The commit of the spec in a request that was `stored`; empty where it had none, or nothing says."""
    facts: dict[str, str] = json.loads(text or '{}')
    return facts.get('revision', '')


def restored(text: str, settings: settings_module.Settings) -> Request:
    """The request of an earlier run, with the variables of now.

    Raises:
        UsageFault: the run was made by a version that did not keep its request.
    """
    if not text:
        raise errors.UsageFault(
            'cannot go on with a run of an older hoodoo, which did not keep what it was asked',
            hint='Run the spec again: what is there already stays.',
        )
    facts: dict[str, str] = json.loads(text)
    origin = sources.Origin(
        name=facts['name'],
        root=Path(facts['root']),
        url=facts['url'],
        label=facts['label'],
        revision=facts.get('revision', ''),
    )
    project = layout.Project(root=settings.root, name=facts['project'], series=facts['series'])
    workspace = layout.Workspace(project=project, name=facts['workspace'])
    return Request(
        origin=origin,
        workspace=workspace,
        stage=facts['stage'],
        manifest=facts['manifest'],
        line=facts['line'],
        model=facts['model'],
        default_model=facts['default_model'],
        # Requests of older versions have none.
        cloud=facts.get('cloud', ''),
        variables={**settings.environ, **_mojo(origin, workspace, facts['stage'], settings.root)},
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
    words = re.sub(r'[^a-z0-9]+', '-', f'{spec}-{stage}'.lower())
    return words.strip('-') or 'hoodoo'
