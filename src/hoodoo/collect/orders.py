"""What a fetcher is told and what it answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bedrock import errors
from hoodoo.collect import grammar, lock

DEFAULT_WORKERS = 8
NEW, UPDATED, UNCHANGED = 'new', 'updated', 'unchanged'


class Stopped(errors.Fault):
    """The run was interrupted while something was fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What all fetchers of a run share."""

    build: Path
    origin: Path
    """The spec where its author keeps it: relative sources start there."""
    cache: Path
    series: str
    """Which release of a charm is meant, where there are several."""
    charmhub: str
    """The charm store's URL."""
    offline: bool = False
    """Use what the cache has."""
    stop: threading.Event = field(default_factory=threading.Event)
    """Set when nothing more is to be fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One directive to carry out."""

    directive: grammar.Directive
    pin: lock.Pin | None = None
    """What it must be, where that is locked."""
    before: lock.Pin | None = None
    """What it was the last time."""
    inner: tuple[str, ...] = ()
    """Destinations in it, relative to it, that are other directives'."""
    say: Callable[[str], object] = lambda text: None
    """Hears what goes on at the moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """A destination that is there."""

    destination: str
    kind: str
    state: str
    """`NEW`, `UPDATED` or `UNCHANGED`."""
    about: str
    """What it is, for people."""
    url: str = ''
    """The source with its exact revision, as a collect file would say it."""
    revision: str = ''
    digest: str = ''


def state(existed: bool, changed: bool) -> str:
    """The state of a destination."""
    return (UPDATED if existed else NEW) if changed else UNCHANGED


def refuse(order: Order, digest: str) -> None:
    """Raise unless *digest* is what the lock says."""
    if order.pin is not None and order.pin.digest and order.pin.digest != digest:
        raise errors.Fault(f'its content is {digest}, but it is locked to {order.pin.digest}')


def exact(directive: grammar.Directive, *, without: tuple[str, ...] = (), **more: str) -> str:
    """The source with sorted options, some of them replaced."""
    options = {key: value for key, value in directive.options.items() if key not in without} | more
    tail = ','.join(f'{key}={value}' for key, value in sorted(options.items()))
    return f'{directive.shown};{tail}' if tail else directive.shown
