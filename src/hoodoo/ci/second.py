"""Whether a second run left a model as it was, whoever changed something: hoodoo, a script, a charm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hoodoo import model

Facts = Mapping[str, str]
"""What is said of a model, by what it is said of; values are compared and never shown."""


def facts(seen: model.ModelSnapshot, settings: Mapping[str, model.Settings]) -> Facts:
    """What a run that changes nothing leaves alone. What is on its way out counts as gone: a test's own
    machine, say."""
    return dict(_facts(seen, settings))


def differences(before: Facts, after: Facts) -> tuple[str, ...]:
    """What came, went and changed, without values: one may be a secret."""
    found = [f'{name} came' for name in after if name not in before]
    found += [f'{name} went' for name in before if name not in after]
    found += [f'{name} changed' for name in after if name in before and before[name] != after[name]]
    return tuple(sorted(found))


def _facts(seen: model.ModelSnapshot, settings: Mapping[str, model.Settings]) -> Iterator[tuple[str, str]]:
    for machine in seen.machines.values():
        if machine.life == 'alive':
            yield f'machine {machine.id}', ''
    for relation in seen.relations:
        yield f'relation {" - ".join(sorted(map(str, relation.endpoints)))}', ''
    for application in seen.applications.values():
        if application.life != 'alive':
            continue
        name = application.name
        yield f'application {name}', ''
        yield f'the charm of {name}', application.charm
        yield f'exposure of {name}', str(application.exposed)
        for unit in application.staying:
            yield f'unit {unit.name}', unit.machine
        found = settings.get(name, model.Settings())
        for key, option in found.options.items():
            yield f'option {key} of {name}', repr(option.value)
        yield f'constraints of {name}', repr(sorted(found.constraints.items()))
        yield f'trust of {name}', str(found.trust)
