"""The phase deploy: a deployer bundle becomes what the model holds; what is there already stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bedrock import charm as charm_files
from bedrock import errors
from hoodoo import model, wording
from hoodoo.bundle import apply, charms, load, plan, relations, resolve
from hoodoo.phases import base, collect, options
from hoodoo.readiness import wait as readiness
from hoodoo.spec import manifest

_UNFINISHED = ('blocked', 'waiting')


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a deploy line may say."""

    config: str = 'deploy'
    local: str = ''
    """A second bundle file, from the local directory, merged over the first."""
    target: str = ''
    """Which deployment of the bundle."""
    delay: float = 0.0
    """Accepted for the sake of old specs: nothing here needs a pause between commands."""
    timeout: float = readiness.DEFAULT_TIMEOUT_S
    wait: bool = True
    settle: float = readiness.DEFAULT_SETTLE_S
    additional_ready_states: tuple[str, ...] = ()
    """Workload states that the wait takes for ready, next to active and unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A deploy line whose bundle is fine as far as could be told before."""

    options: Options
    unfinished: bool = False
    """A later line deploys more: what a unit misses now may be a relation that comes then."""
    passing: bool = False
    """The very next line deploys more, so that nothing looks at the model in between."""

    def run(self, context: base.Context) -> base.Outcome:
        """Look, plan, apply; then wait until the model is ready."""
        place = context.place
        shelf = charms.Shelf(repo=place.workspace.repo, build=place.workspace.build)
        resolved = _resolved(self.options, place, shelf)
        wanted = resolved.wanted
        hands = apply.Hands(
            driver=context.juju(), memory=context.memory, cache=place.cache, told=context.told
        )
        context.told.progress('comparing with the model')
        seen = apply.look(wanted, hands)
        problems = [*resolved.problems, *relations.check(wanted.relations, _charms_now(wanted, seen))]
        if problems:
            raise errors.Problems('cannot use the bundle', problems)
        made = plan.plan(wanted, seen)
        for remark in made.remarks:
            context.told.note(remark)
        if made.steps:
            apply.apply(made, seen, hands)
        if self.options.wait:
            readiness.wait(
                hands.driver,
                timeout_s=self.options.timeout,
                settle_s=0.0 if self.passing else self.options.settle,
                accepted=(*self.options.additional_ready_states, *(_UNFINISHED if self.unfinished else ())),
                before=seen.snapshot if any(isinstance(s, plan.Retry) for s in made.steps) else None,
                told=context.told.waiting,
            )
        count = len(made.steps)
        return base.Outcome(summary=wording.counted(count, 'change') if count else 'no change')


class Deploy:
    """See the module."""

    name = 'deploy'
    needs_model = True
    repeatable = True

    def prepare(self, call: manifest.PhaseCall, place: base.Place, outlook: base.Outlook) -> base.Job | None:
        """Resolve the bundle against the charms that will be there, and check its relations."""
        given = options.read(Options, call, outlook.problems)
        told = not given.untold & {'config', 'local', 'target'}
        if not told or base.find_file(call, given.options.config, place, outlook) is None:
            outlook.doubtful.add(self.name)
            return None
        shelf = charms.Shelf(
            repo=place.workspace.repo,
            build=place.workspace.build,
            expected=outlook.charms,
            complete=collect.Collect.name not in outlook.doubtful,
        )
        try:
            resolved = _resolved(given.options, place, shelf)
        except errors.Problems as err:
            outlook.problems += err.problems
            outlook.doubtful.add(self.name)
            return None
        outlook.problems += resolved.problems
        for name, application in resolved.wanted.applications.items():
            charm = application.charm
            outlook.applications[name] = charm.path if isinstance(charm, model.LocalCharm) else None
        known = {name: _readable(path) for name, path in outlook.applications.items()}
        if self.name not in outlook.doubtful:
            outlook.problems += relations.check(resolved.wanted.relations, known)
        if not given.fine:
            return None
        later = outlook.later
        return Job(options=given.options, unfinished=self.name in later, passing=later[:1] == (self.name,))


def _resolved(given: Options, place: base.Place, shelf: charms.Shelf) -> resolve.Resolved:
    files = [place.view.get(given.config)]
    if given.local:
        files.append(place.workspace.local / given.local)
    shown: Callable[[Path], str] = place.view.shown
    deployments = load.load(files, place.template_variables(), shown=shown)
    return resolve.resolve(deployments, given.target, shelf=shelf, series=place.series)


def _charms_now(wanted: model.WantedModel, seen: plan.Seen) -> relations.Charms:
    """The charms of what exists or is about to; those that others deployed cannot be read."""
    known: dict[str, charm_files.Charm | None] = dict.fromkeys(seen.snapshot.applications)
    for name, application in wanted.applications.items():
        charm = application.charm
        known[name] = _readable(charm.path) if isinstance(charm, model.LocalCharm) else None
    return known


def _readable(path: Path | None) -> charm_files.Charm | None:
    try:
        return charms.read(path) if path is not None else None
    except charm_files.CharmFault:
        return None  # resolving has reported it
