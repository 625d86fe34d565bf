"""A model that does what steps say, as a controller would."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from pocket import bundles
from pocket.bundles import ExistingApplication, ExistingModel


def apply(changes: Sequence[bundles.Change], model: ExistingModel) -> ExistingModel:
    """*model* after *changes*."""
    applications = dict(model.applications)
    machines = dict(model.machines)
    relations = set(model.relations)
    results: dict[str, str] = {}
    charms: dict[str, str] = {}
    number = model.next_machine

    def resolve(text: str) -> str:
        step, colon, endpoint = text[1:].partition(':')
        return f'{results[step]}{colon}{endpoint}' if text.startswith('$') else text

    def machine(text: str) -> str:
        name = resolve(text)
        application = name.partition('/')[0]
        return applications[application].units[name] if application in applications else name

    def new_machine() -> str:
        nonlocal number
        number += 1
        machines[str(number - 1)] = {}
        return str(number - 1)

    for change in changes:
        args = change.args
        match change.method:
            case 'addCharm':
                charms[f'${change.id}'] = args['charm']
            case 'deploy':
                results[change.id] = args['application']
                charm = charms[args['charm']]
                applications[args['application']] = ExistingApplication(
                    charm=charm,
                    charm_name=bundles.charm_name(charm),
                    options=args.get('options', {}),
                    constraints=args.get('constraints', ''),
                )
            case 'addMachines':
                host = machine(args['parent-id']) if args.get('parent-id') else new_machine()
                kind = args.get('container-type')
                count = sum(name.startswith(f'{host}/{kind}/') for name in machines)
                results[change.id] = f'{host}/{kind}/{count}' if kind else host
                machines[results[change.id]] = {}
            case 'addUnit':
                name = resolve(args['application'])
                units = applications[name].units
                unit = f'{name}/{len(units)}'
                results[change.id] = unit
                where = machine(args['to']) if args.get('to') else new_machine()
                applications[name] = dataclasses.replace(applications[name], units={**units, unit: where})
            case 'addRelation':
                relations.add(frozenset({resolve(args['endpoint1']), resolve(args['endpoint2'])}))
            case 'expose':
                name = resolve(args['application'])
                applications[name] = dataclasses.replace(applications[name], exposed=True)
            case 'setAnnotations':
                name = resolve(args['id'])
                applications[name] = dataclasses.replace(applications[name], annotations=args['annotations'])
            case other:
                raise AssertionError(other)
    return ExistingModel(
        applications=applications,
        machines=machines,
        relations=frozenset(relations),
        next_machine=number,
    )
