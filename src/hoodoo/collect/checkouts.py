"""Fetch git repositories and Bazaar branches."""

from __future__ import annotations

from bedrock import errors
from hoodoo.collect import orders
from hoodoo.vcs import bzr, git


def git_tree(order: orders.Order, means: orders.Means) -> orders.Got:
    """Bring a git repository's tree to its destination."""
    directive, options = order.directive, order.directive.options
    target = means.build / directive.destination
    existed = target.exists()
    locked = order.pin.revision if order.pin is not None else ''
    fetched = git.fetch(
        directive.source,
        target,
        revno=locked or options.get('revno', ''),
        branch='' if locked else options.get('branch', ''),
        # Of an old commit only the whole history can be relied on to have it.
        depth=int(options['depth']) if options.get('depth') and not locked else None,
        anew=directive.overwrite,
        mirrors=means.cache / 'git',
        offline=means.offline,
        keep=order.inner,
        say=order.say,
    )
    orders.refuse(order, fetched.digest)
    named = f' ({fetched.name})' if not fetched.revision.startswith(fetched.name) else ''
    return orders.Got(
        destination=directive.destination,
        kind='git',
        state=orders.state(existed, fetched.changed),
        about=f'commit {fetched.revision[:12]}{named}',
        url=orders.exact(directive, without=('branch', 'depth', 'overwrite'), revno=fetched.revision),
        revision=fetched.revision,
        digest=fetched.digest,
    )


def bzr_tree(order: orders.Order, means: orders.Means) -> orders.Got:
    """Bring a Bazaar branch's tree to its destination."""
    directive, options = order.directive, order.directive.options
    target = means.build / directive.destination
    existed = target.exists()
    locked = f'revid:{order.pin.revision}' if order.pin is not None else ''
    try:
        fetched = bzr.fetch(
            directive.source,
            target,
            revno=locked or options.get('revno', ''),
            lightweight=directive.asks('lightweight'),
            anew=directive.overwrite,
            mirrors=means.cache / 'bzr',
            offline=means.offline,
            keep=order.inner,
            say=order.say,
        )
    except errors.Fault as err:
        raise errors.Fault(f'cannot use the branch {directive.shown}') from err
    return orders.Got(
        destination=directive.destination,
        kind='bzr',
        state=orders.state(existed, fetched.changed),
        about=f'revision {fetched.number}',
        url=orders.exact(directive, without=('overwrite',), revno=f'revid:{fetched.revision}'),
        revision=fetched.revision,
    )
