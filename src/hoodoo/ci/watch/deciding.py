"""What a watcher decides, as functions of what it saw."""

from __future__ import annotations

import enum
import fnmatch
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from hoodoo.ci import attempts
from hoodoo.ci.watch import config

_LONGEST_S = 3600.0
_BAD = (attempts.FAILED, attempts.INVALID, attempts.UNDECIDED, attempts.INTERRUPTED)
"""What somebody has to look into."""
_NOTICE_S = 30.0
NOTICES = 12
"""How often a notice is tried."""
TRIES = 2
"""How often a revision is tried whose attempt is killed."""
LOSSES = 3
"""How often one whose controller goes away in the middle: it may be the revision that sees to that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a repository has."""

    default: str
    """Its default branch; empty when it names none."""
    heads: Mapping[str, str]
    """Commits by branch."""


def listing(said: str) -> Listing:
    """Read what ``git ls-remote --symref URL HEAD refs/heads/*`` prints."""
    default, heads = '', dict[str, str]()
    for line in said.splitlines():
        first, _, ref = line.partition('\t')
        if ref == 'HEAD' and first.startswith('ref: refs/heads/'):
            default = first.removeprefix('ref: refs/heads/')
        elif ref.startswith('refs/heads/') and re.fullmatch('[0-9a-f]{40}', first):
            heads[ref.removeprefix('refs/heads/')] = first
    return Listing(default=default, heads=heads)


def watched(found: Listing, patterns: Sequence[str]) -> dict[str, str]:
    """The heads that are watched, by branch; without *patterns* that of the default branch."""
    if not patterns:
        return {found.default: found.heads[found.default]} if found.default in found.heads else {}
    return {
        branch: commit
        for branch, commit in sorted(found.heads.items())
        if any(fnmatch.fnmatchcase(branch, pattern) for pattern in patterns)
    }


def touches(paths: Iterable[str], spec: config.Spec) -> bool:
    """Whether a change of *paths* may change what *spec* does."""
    return any(_touches(path, spec) for path in paths)


def _touches(path: str, spec: config.Spec) -> bool:
    if not spec.path or path == spec.path or path.startswith(f'{spec.path}/'):
        return True
    return any(
        fnmatch.fnmatchcase(path, pattern) or path.startswith(f'{pattern.rstrip("/")}/')
        for pattern in spec.also
    )


class Waiting(Protocol):
    """A revision that waits for its turn."""

    @property
    def id(self) -> int: ...
    @property
    def seen_ms(self) -> int: ...
    @property
    def committed_ms(self) -> int: ...


W = TypeVar('W', bound=Waiting)


def due(waiting: Iterable[W], times: Mapping[int, float], now: float) -> tuple[list[W], float | None]:
    """Who may be tried now, and after how many seconds the next one; None for no other.

    Args:
        times: From when on; of those that are not to be tried at once.
    """
    everybody = list(waiting)
    later = [times[one.id] - now for one in everybody if times.get(one.id, now) > now]
    return [one for one in everybody if times.get(one.id, now) <= now], min(later, default=None)


def chosen(waiting: Iterable[W], *, running: int, limit: int) -> list[W]:
    """Who is tried now: who was seen last, of those seen together the newest commit."""
    newest = sorted(waiting, key=lambda one: (one.seen_ms, one.committed_ms, one.id), reverse=True)
    return newest[: max(0, limit - running)]


def backoff_s(poll_s: float, failures: int) -> float:
    """How long to wait before a repository is asked, or a revision tried, again, after so many failures."""
    return min(poll_s * 2.0 ** min(failures, 30), max(poll_s, _LONGEST_S))


def notice_backoff_s(tries: int) -> float:
    """How long to wait before a notice is tried again."""
    return min(_NOTICE_S * 2.0**tries, _LONGEST_S)


def notice_due_ms(due_ms: int, now_ms: int) -> int:
    """When a notice is due that was to be at *due_ms*: now, if no wait is that long: the clock was wrong."""
    return due_ms if due_ms <= now_ms + _LONGEST_S * 1000 else now_ms


class Step(enum.Enum):
    """What becomes of a revision whose process has ended."""

    DONE = 'done'
    AGAIN = 'again'
    """Queued again; that attempt counts."""
    BACK = 'back'
    """Queued again as if nothing had been: we ended it ourselves."""
    LATER = 'later'
    """Queued again, for later: there was nothing to try it on or with any more, which says nothing of it."""
    LEAVE = 'leave'
    """Seen to when the next watcher starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How it goes on."""

    step: Step
    verdict: str = ''
    reap: bool = False
    """Whether its attempt may have left something."""
    counts: bool = False
    """Whether the attempt counts, though it is queued again for later."""


def judged(verdict: str, *, status: int | None, stopping: bool, tries: int) -> Judgement:
    """Decide what becomes of a revision whose process has ended.

    Args:
        verdict: Of its attempt; empty when it got to none.
        status: The exit status; negative for a signal; None when the process was not ours to wait for.
        stopping: Whether we are told to end, and have told it.
        tries: How often it was tried, this time included.
    """
    if verdict in (attempts.PASSED, attempts.FAILED, attempts.INVALID):
        return Judgement(step=Step.DONE, verdict=verdict)
    if verdict == attempts.UNTRIED:
        return Judgement(step=Step.BACK if stopping else Step.LATER, verdict=verdict)
    if verdict == attempts.UNDECIDED:
        if stopping:
            return Judgement(step=Step.LEAVE)
        step = Step.LATER if tries < LOSSES else Step.DONE
        return Judgement(step=step, verdict=verdict, counts=True)
    if verdict == attempts.CANCELLED:
        return Judgement(step=Step.BACK if stopping else Step.DONE, verdict=verdict)
    died = verdict in (attempts.RUNNING, attempts.INTERRUPTED)
    if stopping:
        return Judgement(step=Step.LEAVE if died else Step.BACK)
    if not died:
        if status is None:
            # It was never let through its gate: it would have begun an attempt before anything else.
            return Judgement(step=Step.BACK)
        if status > 0:
            # It could not even begin one: a full disk, or a hoodoo that is being replaced.
            return Judgement(step=Step.LATER, verdict=attempts.UNTRIED)
    if tries < TRIES:
        return Judgement(step=Step.AGAIN, reap=died)
    return Judgement(step=Step.DONE, verdict=attempts.INTERRUPTED, reap=died)


class Ended(Protocol):
    """A revision that has ended."""

    @property
    def id(self) -> int: ...
    @property
    def repository(self) -> str: ...
    @property
    def spec(self) -> str: ...
    @property
    def branch(self) -> str: ...
    @property
    def ended_ms(self) -> int: ...
    @property
    def watched(self) -> bool:
        """Whether its branch is there."""
        ...

    @property
    def in_use(self) -> bool:
        """Whether something needs what is known of it."""
        ...


def outdated(ended: Iterable[Ended], bounds: Callable[[str, str], config.Keep], *, now_ms: int) -> list[int]:
    """Of which revisions nothing need be kept.

    The last one of a branch that is there stays: how the next one ends is compared with it.

    Args:
        ended: Last ended first.
        bounds: By repository and spec.
    """
    found: list[int] = []
    counts: Counter[tuple[str, str]] = Counter()
    branches = set[tuple[str, str, str]]()
    for one in ended:
        series, branch = (one.repository, one.spec), (one.repository, one.spec, one.branch)
        counts[series] += 1
        last = one.watched and branch not in branches
        branches.add(branch)
        keep = bounds(*series)
        too_old = keep.age_s is not None and one.ended_ms < now_ms - keep.age_s * 1000
        too_many = keep.count is not None and counts[series] > keep.count
        if (too_old or too_many) and not last and not one.in_use:
            found.append(one.id)
    return found


def events(before: str, now: str) -> tuple[str, ...]:
    """What it means that a revision ended as *now*, where the one before on its branch ended as *before*."""
    found = [config.FAILURE] if now in _BAD else []
    found += [config.RECOVERY] if before in _BAD and now == attempts.PASSED else []
    return (*found, config.EACH)


def told(targets: Iterable[config.Target], repository: str, found: Sequence[str]) -> list[tuple[str, str]]:
    """Who hears of it, and as what: names of targets with events."""
    return [
        (target.name, next(event for event in found if event in target.on))
        for target in targets
        if any(event in target.on for event in found)
        and any(fnmatch.fnmatchcase(repository, pattern) for pattern in target.repositories)
    ]
