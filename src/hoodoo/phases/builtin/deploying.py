"""What the phases deploy and bundle share: the model becomes what a bundle says; what is there stays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bedrock import charm as charm_files
from bedrock import errors
from hoodoo import model, wording
from hoodoo.bundle import apply
from hoodoo.bundle.planning import plan
from hoodoo.bundle.reading import deployer
from hoodoo.bundle.wanted import charms, relations, resolve
from hoodoo.phases import base, common, options
from hoodoo.phases.builtin import collect, waiting
from hoodoo.projects import localsecrets
from hoodoo.readiness import changes, oracle
from hoodoo.readiness import wait as readiness
from hoodoo.spec import manifest

_PHASES = frozenset(('bundle', 'deploy'))
_UNFINISHED = ('blocked', 'waiting')


class Line(Protocol):
    """The options of a line whose bundle can be read."""

    @property
    def files(self) -> tuple[str, ...]:
        """The bundle files of the spec, the first of them given by ``config``."""
        ...

    @property
    def local(self) -> str:
        """A last file, from the local directory; empty for none."""
        ...

    @property
    def target(self) -> str:
        """Which deployment of the bundle; empty for the only one."""
        ...

    @property
    def patience(self) -> float:
        """Longest time for the wait, in seconds."""
        ...

    @property
    def wait(self) -> bool:
        """Whether to wait until the model is ready."""
        ...

    @property
    def settle(self) -> float:
        """How long the model must be calm to count as ready, in seconds."""
        ...

    @property
    def additional_ready_states(self) -> tuple[str, ...]:
        """Workload states that count as ready, next to active and unknown."""
        ...

    @property
    def retry_errors(self) -> int:
        """How often a unit may fail before the wait ends."""
        ...

    @property
    def apply_config_changes(self) -> bool:
        """Whether applications that exist get options that changed."""
        ...

    def read(self, files: Sequence[Path], place: base.Place) -> deployer.Deployments:
        """Read the bundle.

        Raises:
            Problems: a file cannot be read, rendered or parsed.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A line whose bundle is fine as far as could be told before."""

    line: Line
    foreseen: model.WantedModel
    """What it will ask for, as far as could be told before."""
    unfinished: bool = False
    """A later line deploys more: what a unit misses now may be a relation that comes then."""
    passing: bool = False
    """The very next line deploys more, so that nothing looks at the model in between."""

    @property
    def apply_config_changes(self) -> bool:
        """See `base.Deploys`."""
        return self.line.apply_config_changes

    def run(self, context: base.Context) -> base.Outcome:
        """Look, plan, apply; then wait until the model is ready."""
        line, place = self.line, context.place
        resolved = _resolved_for(line, place)
        wanted = resolved.wanted
        noting = waiting.Noting(context.told)
        hands = apply.Hands(driver=context.juju(), memory=context.memory, cache=place.cache, told=noting)
        context.told.progress('comparing with the model')
        seen = apply.look(wanted, hands)
        problems = [*resolved.problems, *relations.check(wanted.relations, _charms_now(wanted, seen))]
        if problems:
            raise errors.Problems('cannot use the bundle', problems)
        made = plan.plan(wanted, seen, apply_config_changes=line.apply_config_changes)
        for remark in made.remarks:
            context.told.note(remark)
        apply.apply(wanted, made, seen, hands)
        if line.wait:
            readiness.wait(
                hands.driver,
                self._ready(noting.changes(made.steps, seen)),
                timeout_s=line.patience,
                told=context.told.waiting,
            )
        count = len(made.steps)
        return base.Outcome(summary=wording.counted(count, 'change') if count else 'no change')

    def _ready(self, made: tuple[changes.Change, ...]) -> oracle.Rules:
        """What counts as ready after *made*."""
        more = _UNFINISHED if self.unfinished else ()
        return oracle.Rules(
            settle_s=0.0 if self.passing else self.line.settle,
            accepted=frozenset({*self.line.additional_ready_states, *more}),
            retry_errors=self.line.retry_errors,
            changes=made,
        )


class Deploying:
    """A phase that deploys bundles; subclasses say of which kind."""

    name: str
    own: type[Any]
    """The options of a line, with a default for each: a dataclass that is a `Line`."""
    model_use = base.ModelUse.MAKES
    repeatable = True
    shared = common.STEP

    def prepare(self, call: manifest.PhaseCall, place: base.Place, outlook: base.Outlook) -> base.Job | None:
        """Resolve the bundle against the charms that will be there, and check its relations."""
        given = options.read(self.own, call, outlook.problems)
        line: Line = given.options
        count = len(outlook.problems)
        waiting.check_states(call, line.additional_ready_states, outlook.problems)
        told = not given.untold & {'config', 'local', 'overlays', 'target'}
        there = told and _all_there(call, line, place, outlook)
        resolved = self._resolved(call, line, place, outlook) if there else None
        if resolved is None:
            outlook.doubtful.add(self.name)
            fine = given.fine and len(outlook.problems) == count
            return self._job(line, outlook, model.WantedModel()) if fine else None
        outlook.problems += resolved.problems
        outlook.remarks += resolved.remarks
        for name, application in resolved.wanted.applications.items():
            charm = application.charm
            outlook.applications[name] = charm.path if isinstance(charm, model.LocalCharm) else None
        # What is consumed is related to like an application; what endpoints it has is not known here.
        outlook.applications |= dict.fromkeys(resolved.wanted.saas)
        known = {name: _readable(path) for name, path in outlook.applications.items()}
        if not outlook.doubtful & _PHASES:
            outlook.problems += relations.check(resolved.wanted.relations, known)
        if not given.fine:
            return None
        return self._job(line, outlook, resolved.wanted)

    def _job(self, line: Line, outlook: base.Outlook, foreseen: model.WantedModel) -> Job:
        later = [phase in _PHASES for phase in outlook.later]
        return Job(line=line, foreseen=foreseen, unfinished=any(later), passing=any(later[:1]))

    def _resolved(
        self, call: manifest.PhaseCall, line: Line, place: base.Place, outlook: base.Outlook
    ) -> resolve.Resolved | None:
        space = place.workspace
        shelf = charms.Shelf(
            repo=space.repo,
            build=space.build,
            expected=dict(outlook.charms),
            complete=collect.Collect.name not in outlook.doubtful,
            copied={space.local: localsecrets.source(space, place.view.stage)},
            made=(space.local, space.build) if outlook.made_by_programs else (),
        )
        if line.local and not shelf.now(space.local / line.local).is_file():
            if not shelf.may_come(space.local / line.local):
                named = _option(call, 'local')
                message = f'there is no "{line.local}" in the local directory'
                hint = f'Put it into {shelf.belongs(space.local)}.'
                outlook.problems.append(call.problem(message, option=named, hint=hint))
            return None
        try:
            return _resolved_for(line, place, shelf)
        except deployer.NoDeployment as err:
            # The line is to be mended, not the bundle.
            (problem,) = err.problems
            message = f'{problem.message} (in {problem.file})'
            option = _option(call, 'target') or _option(call, 'config')
            outlook.problems.append(call.problem(message, option=option, hint=problem.hint))
            outlook.remarks += err.remarks
        except errors.Problems as err:
            outlook.problems += err.problems
        return None


def _all_there(call: manifest.PhaseCall, line: Line, place: base.Place, outlook: base.Outlook) -> bool:
    """Whether the spec has every file of *line*; those that it lacks are problems."""
    main, *overlays = line.files
    found = [base.find_file(call, main, place, outlook)]
    found += [base.find_file(call, name, place, outlook, key='overlays') for name in overlays]
    return None not in found


def _option(call: manifest.PhaseCall, key: str) -> manifest.Option | None:
    """The option *key* that counts: the last one."""
    return next((option for option in reversed(call.options) if option.key == key), None)


def _resolved_for(line: Line, place: base.Place, shelf: charms.Shelf | None = None) -> resolve.Resolved:
    """What *line* wants.

    Args:
        shelf: Where charms are found; by default where collect has put them.

    Raises:
        Problems: the bundle cannot be read, or the deployment told.
    """
    found = shelf or charms.Shelf(repo=place.workspace.repo, build=place.workspace.build)
    files = [place.view.get(name) for name in line.files]
    if line.local:
        files.append(found.now(place.workspace.local / line.local))
    space = place.workspace
    secret = (space.local, space.project.root / 'LOCAL')
    resolved = resolve.resolve(
        line.read(files, place), line.target, shelf=found, series=place.series, secret=secret
    )
    place.masker.publish(_names(resolved.wanted))
    for text in resolved.included:
        place.masker.learn_included(text)
    for application in resolved.wanted.applications.values():
        place.masker.learn_variables(application.options)
        place.masker.learn(application.options.get(name, '') for name in application.private)
    return resolved


def _names(wanted: model.WantedModel) -> Iterator[str]:
    """What *wanted* calls applications, charms and endpoints."""
    for name, application in wanted.applications.items():
        charm = application.charm
        yield from (name, charm.name if isinstance(charm, model.StoreCharm) else charm.path.stem)
    for relation in wanted.relations:
        for end in (relation.one, relation.other):
            yield from (end.name, str(end))


def _charms_now(wanted: model.WantedModel, seen: plan.Seen) -> relations.Charms:
    """The charms of what exists or is about to; those that others deployed cannot be read."""
    known: dict[str, charm_files.Charm | None] = dict.fromkeys(
        (*seen.snapshot.applications, *seen.snapshot.saas, *wanted.saas)
    )
    for name, application in wanted.applications.items():
        charm = application.charm
        known[name] = _readable(charm.path) if isinstance(charm, model.LocalCharm) else None
    return known


def _readable(path: Path | None) -> charm_files.Charm | None:
    try:
        return charms.read(path) if path is not None else None
    except charm_files.CharmFault:
        return None  # resolving has reported it
