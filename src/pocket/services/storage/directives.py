"""How much storage of which pool a unit gets: what the operator asked for, checked against the charm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bedrock import charmstorage
from bedrock.charm import Charm
from bedrock.charmstorage import StorageSpec
from pocket.services import rows
from pocket.services.errors import NOT_FOUND, NOT_SUPPORTED, JujuError
from pocket.services.storage import pools
from pocket.state import Tx

DEFAULT_MIB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the operator asked for of one storage; what is None comes from the charm or the model."""

    pool: str = ''
    size_mib: int | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """What each unit gets of one storage."""

    pool: str
    size_mib: int
    count: int


def specs(charm: Charm) -> dict[str, StorageSpec]:
    """Return the storage that *charm* declares."""
    return charmstorage.parse_all(charm.storage)


def resolve(
    tx: Tx,
    uuid: str,
    charm: Charm,
    wanted: Mapping[str, Wanted],
    *,
    kept: Mapping[str, Directive] | None = None,
) -> dict[str, Directive]:
    """Return what each unit of *charm* gets.

    Args:
        kept: What its application was given before, for what *wanted* does not name.

    Raises:
        JujuError: the charm has no such storage, or cannot be content with what was asked for.
    """
    declared = specs(charm)
    for name in wanted:
        if name not in declared:
            raise JujuError(f'charm "{charm.name}" has no store called "{name}"', NOT_FOUND)
    found: dict[str, Directive] = {}
    for name, spec in declared.items():
        if name not in wanted and kept and name in kept:
            found[name] = kept[name]
        else:
            found[name] = filled(tx, uuid, spec, wanted.get(name, Wanted()), least=spec.count_min)
        _check(tx, uuid, charm, spec, found[name])
    return found


def filled(tx: Tx, uuid: str, spec: StorageSpec, wanted: Wanted, *, least: int) -> Directive:
    """Return *wanted* with what it leaves open."""
    return Directive(
        pool=wanted.pool or pools.default(tx, uuid),
        size_mib=wanted.size_mib or spec.minimum_mib or DEFAULT_MIB,
        count=least if wanted.count is None else wanted.count,
    )


def check_count(charm: Charm, spec: StorageSpec, count: int) -> None:
    """Refuse a number of instances that the charm does not take.

    Raises:
        JujuError: it is too few or too many.
    """
    named = f'charm "{charm.name}" store "{spec.name}"'
    if count < spec.count_min:
        raise JujuError(f'{named}: {spec.count_min} instances required, {count} specified')
    if 0 <= spec.count_max < count:
        raise JujuError(f'{named}: at most {spec.count_max} instances supported, {count} specified')


def check_kind(tx: Tx, uuid: str, charm: Charm, spec: StorageSpec, directive: Directive) -> None:
    """Refuse an instance that cannot be made.

    Raises:
        JujuError: the pool is unknown, the size too small, or pocket has no such storage.
    """
    named = f'charm "{charm.name}" store "{spec.name}"'
    pools.get(tx, uuid, directive.pool)
    if spec.shared:
        raise JujuError(f'{named}: shared storage support not implemented', NOT_SUPPORTED)
    if spec.kind == 'block':
        raise JujuError(f'{named}: "block" storage not supported by pocket', NOT_SUPPORTED)
    if directive.size_mib < spec.minimum_mib:
        least, given = _human(spec.minimum_mib), _human(directive.size_mib)
        raise JujuError(f'{named}: minimum storage size is {least}, {given} specified')


def of_application(tx: Tx, uuid: str, application: str) -> dict[str, Directive]:
    """Return what units of an application get."""
    row = rows.one(tx, 'SELECT storage FROM application WHERE model_uuid = ? AND name = ?', uuid, application)
    kept: dict[str, Any] = rows.loads(row['storage']) if row is not None else {}
    return {name: Directive(**values) for name, values in kept.items()}


def keep(tx: Tx, uuid: str, application: str, directives: Mapping[str, Directive]) -> None:
    """Remember what units of an application get."""
    tx.db.execute(
        'UPDATE application SET storage = ? WHERE model_uuid = ? AND name = ?',
        (rows.dumps({name: asdict(each) for name, each in directives.items()}), uuid, application),
    )


def _check(tx: Tx, uuid: str, charm: Charm, spec: StorageSpec, directive: Directive) -> None:
    check_count(charm, spec, directive.count)
    if directive.count:
        check_kind(tx, uuid, charm, spec, directive)


def _human(mib: int) -> str:
    for unit, factor in (('TB', 1024**2), ('GB', 1024)):
        if mib >= factor:
            return f'{mib / factor:.1f} {unit}'
    return f'{mib} MB'
