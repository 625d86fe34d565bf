"""What a charm assumes of the model that it is deployed to: ``assumes`` and ``min-juju-version``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from bedrock.charm import Charm
from pocket.model import JUJU_VERSION
from pocket.services.errors import NOT_SUPPORTED, NOT_VALID, JujuError

_FEATURE = re.compile(r'\s*([a-z][a-z0-9-]*)\s*(?:(>=|<)\s*(\d+(?:\.\d+){0,2}))?\s*')
KUBERNETES_VERSION = '1.32.0'
"""Whose API it is that a model on Kubernetes has a small part of."""
_KUBERNETES = 'k8s-api'
_FRIENDLY = {'juju': 'Juju', _KUBERNETES: 'Kubernetes API'}
_Version = tuple[int, int, int]


def check(charm: Charm, *, caas: bool, force: bool = False) -> None:
    """Refuse a charm that does not fit here, unless *force* says that the operator knows better.

    Args:
        caas: The model is on Kubernetes.

    Raises:
        JujuError: as Juju says it.
    """
    minimum = str(charm.metadata.get('min-juju-version') or '')
    if minimum and version(minimum) > version(JUJU_VERSION):
        raise JujuError(
            f"charm's min version ({minimum}) is higher than this juju model's version ({JUJU_VERSION})"
        )
    _check_kind(charm, caas=caas)
    features = {'juju': JUJU_VERSION, **({_KUBERNETES: KUBERNETES_VERSION} if caas else {})}
    unmet = [] if force else unsatisfied(charm.metadata.get('assumes'), features)
    if not caas and not force and charm.metadata.get('containers') and not unmet:
        # It does not say so, but there is nothing on a machine that could run its containers.
        unmet = unsatisfied([_KUBERNETES], features)
    if unmet:
        raise JujuError('\n'.join(['Charm cannot be deployed because:', *unmet, '']), NOT_SUPPORTED)


def _check_kind(charm: Charm, *, caas: bool) -> None:
    """Refuse what no force can run."""
    if not caas:
        return
    series = charm.metadata.get('series')
    if isinstance(series, list) and 'kubernetes' in series and not charm.bases:
        raise JujuError(
            f'charm "{charm.name}" describes its pods by a pod spec (series: kubernetes), which is not'
            ' supported: it must be a sidecar charm, with containers and bases',
            NOT_SUPPORTED,
        )
    if charm.subordinate:
        raise JujuError(
            f'charm "{charm.name}" is a subordinate, which models on Kubernetes do not have', NOT_SUPPORTED
        )
    for name, storage in charm.storage.items():
        if storage.get('type') == 'block':
            raise JujuError(f'block storage "{name}" is not supported for container charms', NOT_SUPPORTED)


def unsatisfied(assumes: object, features: Mapping[str, str]) -> list[str]:
    """Return lines that say what of *assumes* does not hold; none when all does.

    Args:
        features: What the model has, with versions.

    Raises:
        JujuError: *assumes* is no expression.
    """
    if assumes is None:
        return []
    if not isinstance(assumes, list):
        raise _malformed(assumes)
    return _indented(
        line for item in cast('list[object]', assumes) for line in _unmet(item, features, depth=0)
    )


def version(text: str) -> _Version:
    """Return the version in *text*, whose missing parts are 0; what follows the numbers is left out."""
    numbers = [int(part) for part in re.findall(r'\d+', text.partition('-')[0])[:3]]
    major, minor, patch = (*numbers, 0, 0, 0)[:3]
    return major, minor, patch


def _unmet(item: object, features: Mapping[str, str], *, depth: int) -> list[str]:
    if depth > 20:
        raise _malformed(item)
    if isinstance(item, str):
        return _unmet_feature(item, features)
    pairs = list(cast('dict[Any, Any]', item).items()) if isinstance(item, dict) else []
    if len(pairs) != 1 or pairs[0][0] not in ('any-of', 'all-of') or not isinstance(pairs[0][1], list):
        raise _malformed(pairs)
    kind, inner = pairs[0]
    found = [_unmet(sub, features, depth=depth + 1) for sub in cast('list[object]', inner)]
    failed = [lines for lines in found if lines]
    if not failed or (kind == 'any-of' and len(failed) < len(found)):
        return []
    what = 'at least one' if kind == 'any-of' else 'all'
    return [
        f'- charm requires {what} of the following:',
        *_indented(line for lines in failed for line in lines),
    ]


def _unmet_feature(text: str, features: Mapping[str, str]) -> list[str]:
    parsed = _FEATURE.fullmatch(text)
    if parsed is None:
        raise _malformed(text)
    name, operator, wanted = parsed.groups()
    if name not in features:
        return [f'- charm requires feature "{name}" but model does not support it']
    if not operator or _holds(version(features[name]), operator, version(wanted)):
        return []
    shown = '.'.join(str(part) for part in version(wanted))
    what = f'{_FRIENDLY.get(name, name)} version {operator} {shown}'
    return [f'- charm requires {what}, model has version {features[name]}']


def _holds(have: _Version, operator: str, wanted: _Version) -> bool:
    return have >= wanted if operator == '>=' else have < wanted


def _indented(lines: Iterable[str]) -> list[str]:
    return [f'  {line}' for line in lines]


def _malformed(item: object) -> JujuError:
    return JujuError(f'parsing "assumes" of the charm: malformed expression {str(item)[:200]}', NOT_VALID)
