"""Has the image's program fetch what the image does not have, outside of hooks."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping

import config
import downloads
import ops
import peers
import related
import state
import workload

_PROXIES = {'proxy': 'JUJU_CHARM_HTTPS_PROXY', 'no_proxy': 'JUJU_CHARM_NO_PROXY'}
"""What the program is told, and the variables in which Juju gives it to charms."""


class Fetcher:
    """Downloads of one unit, in its *container*."""

    def __init__(
        self, charm: ops.CharmBase, container: ops.Container, there: workload.Workload, flags: peers.Peers
    ) -> None:
        self._charm = charm
        self._container = container
        self._workload = there
        self._peers = flags

    def look(self, options: config.Config) -> downloads.Verdict:
        """Return what follows from the options and what is there; have fetched what is missing."""
        flags, is_leader = self._peers.flags(), self._charm.unit.is_leader()
        app = self._charm.app.name
        pins = downloads.read(flags.downloads)
        blocked: list[str] = []
        wish = pins
        if is_leader:
            lacking = self._lacking(options, blocked)
            if not options.allow_downloads:
                blocked += [
                    f'{kind}: not in this image: {", ".join(addon.slug for addon in addons)}; '
                    f'add them to its recipe, or juju config {app} allow_downloads=true'
                    for kind, addons in lacking.items()
                    if addons
                ]
                lacking = {}
            wish = downloads.wished(lacking, pins)
        if wish and not self._container.exists(downloads.PROGRAM):
            blocked.append(
                f'allow_downloads: this image cannot; juju attach-resource {app} wordpress-image=...'
            )
            return downloads.Verdict(blocked=tuple(blocked), pins=pins, may_serve=not pins)
        used = self._workload.used_tree()
        answer = self._fetch(wish, used=used) if wish else None
        tree = answer.tree if answer else ''
        self._peers.tell_downloaded(tree)
        found = downloads.decide(
            app=app,
            is_leader=is_leader,
            wish=wish,
            pins=pins,
            answer=answer,
            used=used,
            agreed=flags.tree,
            without=self._peers.without_downloaded(tree) if is_leader else (),
        )
        if is_leader and found.pins != pins:
            self._peers.update(downloads=downloads.written(found.pins))
        return dataclasses.replace(found, blocked=(*blocked, *found.blocked))

    def leave(self, found: downloads.Verdict) -> None:
        """Switch off what is no longer wanted while its files are there, and tell all units; on the leader.

        Raises:
            wpctl.WpctlError: it could not be done now.
        """
        if found.gone:
            slugs: dict[str, list[str]] = {kind: [] for kind in downloads.KINDS}
            for pin in found.gone:
                # What the image has by now goes on.
                slugs[pin.kind] += self._workload.missing(pin.kind, (pin.slug,))
            if any(slugs.values()):
                self._workload.wpctl.leave(plugins=tuple(slugs['plugins']), themes=tuple(slugs['themes']))
            kept = [pin for pin in found.pins if pin not in found.gone]
            self._peers.update(downloads=downloads.written(kept))
        if self._peers.flags().tree != found.tree:
            self._peers.update(tree=found.tree)

    def clean(self, found: downloads.Verdict) -> None:
        """Remove what nobody wishes for any more, once no site uses it."""
        if found.wish or found.tree or not self._container.exists(downloads.WISH):
            return
        if self._workload.runs(downloads.SERVICE):
            self._container.stop(downloads.SERVICE)
        for path in (downloads.ANSWER, downloads.TREES):
            self._container.remove_path(path, recursive=True)
        for entry in self._container.list_files(downloads.ARCHIVES, pattern='*.zip'):
            self._container.remove_path(entry.path)
        # The last one: whoever is killed before begins anew.
        self._container.remove_path(downloads.WISH)

    def _lacking(self, options: config.Config, blocked: list[str]) -> dict[str, list[config.Addon]]:
        """Return what the image does not have; a version of what it has cannot be chosen."""
        wanted = state.applied(options)
        named = {addon.slug: addon for addon in options.plugins}
        plugins = [named.get(slug, config.Addon(slug)) for slug in wanted.activate]
        found: dict[str, list[config.Addon]] = {}
        for kind, addons in (('plugins', plugins), ('themes', list(options.themes))):
            missing = self._workload.missing(kind, tuple(addon.slug for addon in addons))
            found[kind] = [addon for addon in addons if addon.slug in missing]
            blocked += [
                f'{kind}: {addon.slug} is in this image, whose version counts; leave ":{addon.version}" out'
                for addon in addons
                if addon.version and addon.slug not in missing
            ]
        return found

    def _fetch(self, wish: tuple[downloads.Pin, ...], *, used: str) -> downloads.Answer | None:
        answer = downloads.answer_of(self._workload.read(downloads.ANSWER) or '', wish)
        if answer and not answer.failures:
            return answer
        text = downloads.wish_text(wish, _proxy(os.environ), used=used)
        there = self._workload.read(downloads.WISH) or ''
        is_told = answer is not None and _ways(there) == _ways(text)
        is_new = not is_told and not downloads.is_same_wish(there, text)
        if is_new:
            self._workload.own(downloads.ARCHIVES, user=downloads.USER)
            # A proxy's address may hold a password.
            self._container.push(
                downloads.WISH, text, permissions=0o600, user=downloads.USER, group=downloads.USER
            )
        if is_new or not self._workload.runs(downloads.SERVICE):
            # It may take minutes, and tells when there is an answer.
            self._container.pebble.restart_services([downloads.SERVICE], timeout=0)
        return answer


def _ways(wish: str) -> list[object]:
    """Return how a wish is to be fetched."""
    found = related.json_mapping(wish)
    return [found.get(name) for name in _PROXIES]


def _proxy(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: environment.get(variable, '') for name, variable in _PROXIES.items()}
