"""From a recipe and its lock to an image: each part staged, written as a layer, read back, looked through."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors, files, process, trees
from bedrock.oci import layers, layout, model, unpack, writer
from bedrock.oci.layers import Layer
from hoodoo.images import base, checks, kept, packages, sbom, staging
from hoodoo.images import lock as locks
from hoodoo.images.lock import Lock
from hoodoo.images.recipe import Recipe

Told = Callable[[str], None]

_PROGRAMS = ('apt-get', 'dpkg-deb', 'mmdebstrap', 'setpriv', 'systemd-nspawn')
_SIZE = 'hoodoo.image.unpacked'
_VERSION = re.compile(r'\{([^{}]+)\}')


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """An image that was built."""

    digest: str
    layout: Path
    sbom: Path
    size: int
    """Bytes of its layers, compressed."""
    unpacked: int
    seconds: float


def obstacle() -> errors.UsageFault | None:
    """Why this process cannot build images."""
    if os.geteuid() != 0:
        return errors.UsageFault('cannot build an image: only root can', hint='Run hoodoo with sudo.')
    lacking = [name for name in _PROGRAMS if shutil.which(name) is None]
    if lacking:
        return errors.UsageFault(
            f'cannot build an image: this machine has no {", ".join(lacking)}',
            hint='Run "apt-get install mmdebstrap systemd-container".',
        )
    return None


def architecture() -> str:
    """Debian's name for this machine."""
    return process.run(['dpkg', '--print-architecture'], timeout_s=10).stdout.strip()


def build(
    recipe: Recipe, lock: Lock, target: Path, *, cache: Path, told: Told, use_cache: bool = True
) -> Built:
    """Make *target* an OCI layout with the image of *recipe*, and write its bill of materials next to it.

    Args:
        use_cache: Take the layer of installed packages from the cache; packages' files always are.

    Raises:
        Fault: it cannot be built, or is not good.
    """
    started = time.monotonic()
    locks.check(recipe, lock, architecture())
    labels = with_versions(recipe.labels, lock, recipe)
    debs = packages.fetch(recipe, lock, cache, told=told)
    with kept.scratch(cache / 'building') as scratch:
        stages = [
            ('packages of the system', _base_layer(recipe, lock, debs, scratch, cache, told, use_cache))
        ]
        owners: dict[str, str] = {}
        made = _stage_unpacked(recipe, lock, debs, scratch, cache, owners, told)
        stages += [(what, _layer(tree, scratch, lock.epoch)) for what, tree in made]
        created = datetime.datetime.fromtimestamp(lock.epoch, datetime.UTC).strftime('%Y-%m-%dT%H:%M:%SZ')
        config = model.Config(
            architecture=model.this_architecture(),
            user=recipe.user,
            environment=tuple(f'{key}={value}' for key, value in sorted(recipe.environment.items())),
            entrypoint=recipe.entrypoint,
            command=recipe.command,
            ports=recipe.ports,
            volumes=recipe.volumes,
            labels=labels,
            created=created,
        )
        told('writing the image')
        draft = scratch / 'layout'
        digest = writer.write(
            draft,
            [layer for _, layer in stages],
            config,
            tag=recipe.channel or 'latest',
            annotations={
                **labels,
                'org.opencontainers.image.created': created,
                _SIZE: str(sum(layer.unpacked for _, layer in stages)),
            },
            histories=[f'hoodoo image build {recipe.name}: {what}' for what, _ in stages],
        )
        tree = scratch / 'image'
        unpack.unpack(layout.open_(draft), tree)
        told('looking through the image')
        check(recipe, tree, told)
        document = sbom.make(recipe, lock, tree, digest=digest, owners=owners)
        target.parent.mkdir(parents=True, exist_ok=True)
        bill = sbom_path(target)
        files.write(bill, json.dumps(document, indent=1) + '\n')
        with trees.replacing(target) as fresh:
            shutil.copytree(draft, fresh)
    opened = layout.open_(target)
    return Built(
        digest=digest,
        layout=target,
        sbom=bill,
        size=opened.size,
        unpacked=unpacked_size(opened),
        seconds=round(time.monotonic() - started, 1),
    )


def sbom_path(target: Path) -> Path:
    """Where the bill of materials of the layout *target* is."""
    return target.with_name(f'{target.name}.spdx.json')


def unpacked_size(image: layout.Image) -> int:
    """Bytes of an image's layers as they were before they were compressed; 0 where it does not say."""
    found = image.annotations.get(_SIZE, '0')
    return int(found) if found.isdecimal() else 0


def check(recipe: Recipe, tree: Path, told: Told) -> None:
    """Check that the image in *tree* is good.

    Raises:
        Problems: it is not.
    """
    problems = checks.look(tree, recipe)
    for one in recipe.checks:
        told(f'checking: {one.name}')
        problems += checks.run(tree, recipe, one)
    if problems:
        raise errors.Problems(
            f'cannot accept the image of {recipe.name}: {len(problems)} checks failed', problems
        )


def with_versions(labels: Mapping[str, str], lock: Lock, recipe: Recipe) -> dict[str, str]:
    """*labels* with each ``{NAME}`` replaced by the version of the package NAME.

    Raises:
        UsageFault: the image has no such package.
    """
    versions = {**lock.versions(), **{one.path: one.version for one in recipe.tarballs}}

    def version(found: re.Match[str]) -> str:
        if found[1] not in versions:
            raise errors.UsageFault(
                f'cannot fill in the labels of {recipe.name}: there is no package "{found[1]}"',
                where=str(recipe.folder),
            )
        return versions[found[1]]

    return {key: _VERSION.sub(version, value) for key, value in sorted(labels.items())}


def _base_layer(
    recipe: Recipe,
    lock: Lock,
    debs: Mapping[str, Path],
    scratch: Path,
    cache: Path,
    told: Told,
    use_cache: bool,
) -> Layer:
    """The layer of installed packages; what it follows from names it in the cache."""
    folder = cache / 'layers'
    code = [Path(module.__file__ or '').read_text() for module in (base, layers)]
    parts = (
        lock.epoch,
        [one.sha256 for one in lock.packages],
        *(recipe.release, recipe.packages, recipe.purge, recipe.remove),
        *([repr(user) for user in recipe.users], code),
    )
    key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
    if use_cache and (found := kept.find_layer(folder, key)):
        told('taking the packages of the system from the cache')
        return found
    tree = scratch / 'base'
    told('installing the packages of the system')
    base.make(recipe, lock, debs, tree, scratch=scratch, told=told)
    told('compressing the packages of the system')
    layer = layers.write(tree, scratch / 'base.tar.gz', epoch=lock.epoch)
    trees.remove(tree)
    kept.keep_layer(folder, key, layer)
    return layer


def _stage_unpacked(
    recipe: Recipe,
    lock: Lock,
    debs: Mapping[str, Path],
    scratch: Path,
    cache: Path,
    owners: dict[str, str],
    told: Told,
) -> list[tuple[str, Path]]:
    """Folders that become the upper layers, without those that are empty; *owners* hears of each file."""
    removed = tuple(pattern.lstrip('/') for pattern in recipe.remove)
    found: list[tuple[str, Path]] = []

    def stage(what: str, owner: str, fill: Callable[[Path], None]) -> None:
        tree = scratch / f'stage-{len(found)}'
        tree.mkdir(mode=0o755)
        fill(tree)
        if owner:
            owners.update(dict.fromkeys(sbom.names(tree), owner))
        if any(tree.iterdir()):
            found.append((what, tree))
        else:
            tree.rmdir()

    def unpacked(tree: Path) -> None:
        told('unpacking packages')
        for one in recipe.unpack:
            before = set(owners)
            part = scratch / 'one'
            part.mkdir(mode=0o755)
            staging.unpack_packages(dataclasses.replace(recipe, unpack=(one,)), lock, debs, part, scratch)
            base.remove(part, removed)
            owners.update({name: one.package for name in sbom.names(part) if name not in before})
            staging.lay(part, tree)
            trees.remove(part)

    stage('packages that are unpacked', '', unpacked)
    stage(
        'archives of upstream',
        recipe.tarballs[0].path if recipe.tarballs else '',
        lambda tree: staging.unpack_tarballs(recipe, tree, scratch, cache=cache, told=told),
    )
    stage('files of the recipe', 'recipe', lambda tree: staging.lay_files(recipe, tree, scratch))
    return found


def _layer(tree: Path, scratch: Path, epoch: int) -> Layer:
    return layers.write(tree, scratch / f'{tree.name}.tar.gz', epoch=epoch)
