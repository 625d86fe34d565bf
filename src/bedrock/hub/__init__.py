"""A charm store: asking it, choosing among what it has, downloading."""

from bedrock.hub.choice import RISKS, Channel, Resolved, Wanted, chosen_base, resolve
from bedrock.hub.client import Hub, HubFault, download

__all__ = [
    'RISKS',
    'Channel',
    'Hub',
    'HubFault',
    'Resolved',
    'Wanted',
    'chosen_base',
    'download',
    'resolve',
]
