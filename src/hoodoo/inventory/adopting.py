"""Make an environment of a model that is there: a spec whose first plan is empty, and an entry."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bedrock import charm as charm_files
from bedrock import errors, trees
from hoodoo import model
from hoodoo import settings as settings_module
from hoodoo.bundle.planning import facts, memory
from hoodoo.bundle.wanted import charms as charm_contents
from hoodoo.inventory import adopted, localfiles, looking, privately
from hoodoo.journal import journal
from hoodoo.juju import clientfiles, fetching, jujudriver
from hoodoo.review import preview, request
from hoodoo.runner import run

BUNDLE, COLLECT, MANIFEST = 'bundle.yaml', 'collect', 'manifest'
_CHARMS = 'charms'


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be made of a model."""

    target: Path
    """The folder of the spec, which is not there yet."""
    stage: str
    charms: Mapping[str, Path]
    """Where the local charms of applications are, which else are fetched from the controller."""
    projects: tuple[str, ...]
    """The projects in which the spec will be run; each gets the secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was made."""

    bundle: adopted.Bundle
    remarks: tuple[str, ...] = ()
    """What the plan leaves as it is."""
    local: tuple[Path, ...] = ()
    """Where its secrets are, if it has any: a folder of the operator's for each project."""


def adopt(
    juju: jujudriver.JujuDriver,
    wish: Wish,
    settings: settings_module.Settings,
    *,
    notes: journal.Journal,
    told: Callable[[str], None],
    keep: bool = True,
) -> Made:
    """Write the spec of *wish* from the model of *juju*, once its plan is known to be empty.

    Args:
        notes: Is told which content the model's local charms have, as if they had been deployed from here.
        keep: False throws the spec away again.

    Raises:
        UsageFault: the target is there, or a charm cannot be had. Fault: the plan is not empty.
    """
    if os.path.lexists(wish.target):
        raise errors.UsageFault(
            f'cannot write the spec: {wish.target} is there already', hint='Name another --spec.'
        )
    exported = _exported(juju)
    missing = [folder for folder in wish.target.parents if not folder.exists()]
    try:
        with tempfile.TemporaryDirectory(prefix='hoodoo-adopt-') as scratch:
            return _adopt(juju, wish, settings, exported, Path(scratch), notes=notes, told=told, keep=keep)
    finally:
        # A spec that was thrown away leaves no folders either; one that was kept keeps its own.
        for folder in missing:
            with contextlib.suppress(OSError):
                folder.rmdir()


def _adopt(
    juju: jujudriver.JujuDriver,
    wish: Wish,
    settings: settings_module.Settings,
    exported: str,
    scratch: Path,
    *,
    notes: journal.Journal,
    told: Callable[[str], None],
    keep: bool,
) -> Made:
    found = adopted.bundle(exported, looking.seen(juju, _controller(juju, settings), scratch, told))
    local = localfiles.folders(settings.root, wish.projects, wish.stage) if found.private else ()
    localfiles.check(local, found.private)
    unknown = [name for name in wish.charms if name not in found.users]
    if unknown:
        raise errors.UsageFault(
            f'cannot use --charm {unknown[0]}=...: no application of that name has a local charm',
            hint=f'Applications that have: {", ".join(found.users) or "none"}.',
        )
    with trees.replacing(wish.target) as new:
        # The charms' digests are of their content, which does not change when the spec is moved.
        deployed = _write(new, found, wish, juju, settings, scratch, told)
        told('comparing the spec with the model')
        deployed, same = adopted.as_given(deployed, notes.recall(juju.model_uuid))
        seen = _Remembering(notes, deployed, same)
        overlay = found.private.get(privately.OVERLAY, '')
        with localfiles.foreseen(scratch, wish.projects, wish.stage, privately.OVERLAY, overlay) as root:
            there = dataclasses.replace(settings, root=root)
            made = _planned(new, wish, juju, there, notes, seen)
        _insist_on_nothing(made)
        if keep:
            localfiles.write(local, found.private)
            _remember(made, juju.model_uuid, notes)
            for name, known in deployed.items():
                notes.remember(juju.model_uuid, name, known)
            for digest, body in same.items():
                notes.note(juju.model_uuid, memory.SAME, digest, body)
        else:
            trees.remove(new)
    return Made(bundle=found, remarks=made.remarks, local=local)


def _exported(juju: jujudriver.JujuDriver) -> str:
    if not juju.snapshot().applications:
        raise errors.UsageFault(f'cannot adopt {juju.model}: nothing is deployed in it')
    return juju.bundle()


def _controller(juju: jujudriver.JujuDriver, settings: settings_module.Settings) -> clientfiles.Controller:
    found = clientfiles.find(settings.juju_data, juju.model.partition(':')[0])
    assert found is not None, 'it was connected to'
    return found


def _write(
    new: Path,
    found: adopted.Bundle,
    wish: Wish,
    juju: jujudriver.JujuDriver,
    settings: settings_module.Settings,
    scratch: Path,
    told: Callable[[str], None],
) -> dict[str, model.Deployed]:
    """Write the spec to *new*; return what its local charms are, by application."""
    stage = new / wish.stage
    stage.mkdir(parents=True)
    (stage / BUNDLE).write_text(found.text)
    if (scratch / looking.RESOURCES).is_dir():
        trees.copied(scratch / looking.RESOURCES, new / looking.RESOURCES)
    lines = [f'# The model {juju.model}, as it was adopted.']
    given: dict[str, Path] = {found.users[name]: path for name, path in wish.charms.items()}
    sources: dict[str, str] = {}
    where: dict[str, Path] = {}
    for folder, url in found.charms.items():
        if folder in given:
            where[folder] = given[folder].absolute()
            sources[folder] = os.path.relpath(where[folder], wish.target.absolute())
        else:
            told(f'fetching {url}')
            where[folder] = new / _CHARMS / folder
            sources[folder] = f'{_CHARMS}/{folder}'
            _fetch(juju, url, where[folder], settings, scratch / folder)
    if sources:
        width = max(len(folder) for folder in sources)
        collected = [f'{folder.ljust(width)}  {source}' for folder, source in sources.items()]
        (new / COLLECT).write_text('\n'.join(collected) + '\n')
        lines.append('collect')
    if found.private:
        lines += ['secrets', f'bundle config={BUNDLE} local={privately.OVERLAY}']
    else:
        lines.append(f'bundle config={BUNDLE}')
    (new / MANIFEST).write_text('\n'.join(lines) + '\n')
    digests = {folder: charm_contents.digest(path) for folder, path in where.items()}
    return {
        name: model.Deployed(digest=digests[folder], charm=found.charms[folder])
        for name, folder in found.users.items()
    }


def _fetch(
    juju: jujudriver.JujuDriver, url: str, folder: Path, settings: settings_module.Settings, archive: Path
) -> None:
    try:
        fetching.charm(_controller(juju, settings), juju.model_uuid, url, archive)
        folder.mkdir(parents=True)
        charm_files.unpack(archive, folder)
    except errors.Fault as err:
        raise errors.UsageFault(
            f'cannot have the charm {url} back from the controller',
            hint='Name where it is, as it was deployed: --charm APPLICATION=PATH.',
        ) from err


def _planned(
    new: Path,
    wish: Wish,
    juju: jujudriver.JujuDriver,
    settings: settings_module.Settings,
    notes: journal.Journal,
    remembered: memory.Memory,
) -> preview.Preview:
    given = request.Given(
        spec=str(new), stage=wish.stage, project=wish.target.name, model=juju.model, series='noble'
    )
    runner = run.Runner(settings=settings, journal=notes, connect=run.connect_juju(settings))
    lines = runner.check(request.complete(given, settings))
    return preview.preview(lines, juju, remembered)


def _remember(made: preview.Preview, uuid: str, notes: journal.Journal) -> None:
    """Note what is asked for from now on, so that drift can tell who changes it; what a run noted stays."""
    if memory.applied(notes, uuid):
        return
    for line in made.lines:
        facts.remember(line.wanted, line.before, notes, uuid, left=line.plan.left)


def _insist_on_nothing(made: preview.Preview) -> None:
    wrong = [*made.problems, *(str(step) for step in made.steps)]
    if wrong:
        raise errors.Problems(
            f'cannot adopt {made.model}: the first plan of its spec would not be empty',
            [errors.Problem(message=text) for text in wrong],
            hint='Nothing was written. Bring the model to rest, or write the spec by hand.',
        )


class _Remembering:
    """A memory that also knows the charms that a spec has which was not deployed yet."""

    def __init__(
        self, notes: memory.Memory, deployed: Mapping[str, model.Deployed], same: Mapping[str, str]
    ) -> None:
        self._notes, self._deployed, self._same = notes, deployed, same

    def recall(self, model_uuid: str) -> Mapping[str, model.Deployed]:
        return {**self._notes.recall(model_uuid), **self._deployed}

    def remember(self, model_uuid: str, application: str, deployed: model.Deployed) -> None:
        raise AssertionError('a plan notes nothing')

    def notes(self, model_uuid: str, kind: str) -> Mapping[str, str]:
        return {**self._notes.notes(model_uuid, kind), **(self._same if kind == memory.SAME else {})}

    def note(self, model_uuid: str, kind: str, name: str, body: str) -> None:
        raise AssertionError('a plan notes nothing')

    def forget(self, model_uuid: str, kind: str, name: str) -> None:
        raise AssertionError('a plan notes nothing')
