"""Which methods the blocks of a model disable. What is not here only reads, or Juju never blocks it."""

from __future__ import annotations

from collections.abc import Mapping

from pocket.services.blocks import Block

_CHANGES: Mapping[str, tuple[str, ...]] = {
    'Action': ('Run', 'RunOnAllMachines'),
    'Annotations': ('Set',),
    'Application': (
        *('AddRelation', 'AddUnits', 'Consume', 'Deploy', 'DeployFromRepository', 'Expose', 'MergeBindings'),
        *('ResolveUnitErrors', 'ScaleApplications', 'SetCharm', 'SetConfigs', 'SetConstraints'),
        *('SetRelationsSuspended', 'Unexpose', 'UnsetApplicationsConfig', 'UpdateApplicationBase'),
    ),
    'KeyManager': ('AddKeys',),
    'MachineManager': ('AddMachines',),
    'ModelConfig': ('ModelSet', 'ModelUnset', 'SetModelConstraints'),
    'Resources': ('AddPendingResources',),
    'Storage': ('AddToUnit', 'Attach', 'CreatePool', 'DetachStorage', 'Import', 'UpdatePool'),
}
_REMOVALS: Mapping[str, tuple[str, ...]] = {
    'Application': ('DestroyApplication', 'DestroyConsumedApplications', 'DestroyRelation', 'DestroyUnit'),
    'KeyManager': ('DeleteKeys',),
    'MachineManager': ('DestroyMachineWithParams',),
    'Storage': ('Remove', 'RemovePool'),
}
BLOCKED_BY: Mapping[tuple[str, str], Block] = {
    (facade, method): block
    for block, table in ((Block.CHANGE, _CHANGES), (Block.REMOVE, _REMOVALS))
    for facade, methods in table.items()
    for method in methods
}
"""The least block that disables a method, by facade and method."""
