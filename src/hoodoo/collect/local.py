"""Fetch from this machine: directories, files, links, and empty directories."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from bedrock import errors, trees
from hoodoo.collect import copying, grammar, info, orders
from hoodoo.projects import layout


def path(directive: grammar.Directive, origin: Path) -> Path:
    """Where a local directive's source is; relative ones start at the spec's own directory."""
    return Path(os.path.normpath(origin / directive.source.removeprefix('file://')))


def empty(order: orders.Order, means: orders.Means) -> orders.Got:
    """Make sure of a directory; with overwrite, of an empty one."""
    directive = order.directive
    target = means.build / directive.destination
    existed = target.is_dir() and not target.is_symlink()
    if os.path.lexists(target) and not existed and not directive.overwrite:
        raise errors.Fault(f'{target} is in the way', hint='Add overwrite=True to its collect line.')
    changed = not existed or (directive.overwrite and any(target.iterdir()))
    if changed:
        with trees.replacing(target) as new:
            new.mkdir()
    return orders.Got(
        destination=directive.destination,
        kind='empty',
        state=orders.state(existed, changed),
        about='empty directory' if directive.overwrite else 'directory',
    )


def local(order: orders.Order, means: orders.Means) -> orders.Got:
    """Bring a local directory or file to its destination, by the method that the directive names."""
    directive = order.directive
    source, target = path(directive, means.origin), means.build / directive.destination
    if not source.exists():
        raise errors.Fault(f'there is no {source}')
    order.say('comparing')
    method = directive.options.get('method', 'rsync')
    existed = os.path.lexists(target)
    digest = ''
    if order.pin is not None:
        digest = info.digest(source)
        orders.refuse(order, digest)
    if method == 'link':
        changed = _link(source, target, overwrite=directive.overwrite)
        about = f'link to {source}'
    elif source.is_file():
        changed = _file(source, target, hardlink=method == 'hardlink', overwrite=directive.overwrite)
        about = f'copy of {source}'
    else:
        changed = _tree(order, source, target, method)
        about = f'copy of {source}'
    if not digest and not changed and order.before is not None and order.before.source == directive.text:
        digest = order.before.digest
    return orders.Got(
        destination=directive.destination,
        kind='local',
        state=orders.state(existed, changed),
        about=about,
        url=orders.exact(directive),
        digest=digest or info.digest(source),
    )


def _link(source: Path, target: Path, *, overwrite: bool) -> bool:
    if target.is_symlink() and target.readlink() == source:
        return False
    if target.exists() and not target.is_symlink() and not overwrite:
        raise errors.Fault(
            f'{target} is in the way of a link', hint='Add overwrite=True to its collect line.'
        )
    with trees.replacing(target) as new:
        new.symlink_to(source)
    return True


def _file(source: Path, target: Path, *, hardlink: bool, overwrite: bool) -> bool:
    if target.is_dir() and not target.is_symlink() and not overwrite:
        raise errors.Fault(f'{target} is a directory', hint='Add overwrite=True to its collect line.')
    if copying.same(source, target, hardlink=hardlink):
        return False
    with trees.replacing(target) as new:
        if hardlink:
            os.link(source, new)
        else:
            shutil.copy2(source, new)
    return True


def _tree(order: orders.Order, source: Path, target: Path, method: str) -> bool:
    names = (layout.COLLECT_INFO, *order.inner)
    delete, hardlink = method != 'copy', method == 'hardlink'
    keep = () if order.directive.overwrite else {target / name for name in names}
    there = target.is_dir() and not target.is_symlink()
    delete = delete or order.directive.overwrite
    if there and not copying.differs(source, target, delete=delete, hardlink=hardlink, keep=keep):
        return False
    with trees.replacing(target, keep=order.inner) as new:
        if there and not order.directive.overwrite:
            # Files that change are replaced, so the copy may share them with the tree that is left.
            trees.copied(target, new, link=True)
        keep_new = {new / name for name in names}
        copying.mirror(source, new, delete=delete, hardlink=hardlink, keep=keep_new)
    return True
