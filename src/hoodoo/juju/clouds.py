"""Which cloud of a controller a new model belongs on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from bedrock import errors
from hoodoo import wording

KUBERNETES = 'kubernetes'


def decode(answer: Mapping[str, Any]) -> dict[str, str]:
    """The types of the clouds in a ``Cloud.Clouds`` answer, by name."""
    clouds = cast('Mapping[str, Mapping[str, Any]]', answer.get('clouds') or {})
    return {tag.removeprefix('cloud-'): str(cloud.get('type', '')) for tag, cloud in clouds.items()}


def home(answer: Mapping[str, Any]) -> tuple[str, str]:
    """The cloud and the region of the model in a ``ModelManager.ModelInfo`` answer; empty if it has none."""
    (result,) = cast('list[dict[str, Any]]', answer['results'])
    found: Mapping[str, Any] = result.get('result') or {}
    return str(found.get('cloud-tag') or '').removeprefix('cloud-'), str(found.get('cloud-region') or '')


def check_home(cloud: str, region: str, *, asked: str, model: str) -> None:
    """See that a model that is there is where it was asked to be.

    Args:
        cloud: Where it is; empty where that is not known, which contradicts nothing.
        asked: The cloud that somebody named, as ``CLOUD`` or ``CLOUD/REGION``; may be empty.

    Raises:
        UsageFault: it is not.
    """
    wanted, _, wanted_region = asked.partition('/')
    if not cloud or (wanted in ('', cloud) and wanted_region in ('', region)):
        return
    found = f'{cloud}/{region}'.rstrip('/')
    raise errors.UsageFault(
        f'cannot use cloud "{asked}": model "{model}" is there already, on {found}',
        hint='Leave --cloud and HOODOO_CLOUD out, or name another model with --model.',
    )


def choose(clouds: Mapping[str, str], *, asked: str, on_kubernetes: bool, controller: str) -> str:
    """Return the cloud for a new model; empty leaves the choice to Juju.

    Args:
        clouds: The types of the controller's clouds, by name.
        asked: The cloud that somebody named, as ``CLOUD`` or ``CLOUD/REGION``; may be empty.
        on_kubernetes: Whether the bundles that will be deployed are for Kubernetes.

    Raises:
        UsageFault: the cloud that was named cannot be used, or none can be told.
    """
    listed = ', '.join(f'{name} ({kind})' for name, kind in sorted(clouds.items())) or 'none'
    has = f'Controller "{controller}" has: {listed}.'
    if asked:
        name = asked.partition('/')[0]
        if name not in clouds:
            hint = f'{wording.guess(name, clouds)} {has}'.strip()
            raise errors.UsageFault(
                f'cannot use cloud "{name}": the controller has none of that name', hint=hint
            )
        if (clouds[name] == KUBERNETES) is not on_kubernetes:
            wanted = 'Kubernetes' if on_kubernetes else 'machines'
            raise errors.UsageFault(
                f'cannot use cloud "{name}" of type {clouds[name]}: the bundle is for {wanted}', hint=has
            )
        return asked
    if not on_kubernetes:
        return ''
    found = [name for name, kind in clouds.items() if kind == KUBERNETES]
    if len(found) == 1:
        return found[0]
    why = 'the controller has several' if found else 'the controller has none'
    hint = f'{has} Name one: --cloud or HOODOO_CLOUD.' if found else f'{has} Add one with "juju add-k8s".'
    raise errors.UsageFault(f'cannot tell the Kubernetes cloud for the bundle: {why}', hint=hint)
