"""Charm files: read a folder or a ``.charm`` archive, pack a source folder, unpack an archive safely.

A *source* folder has charmcraft.yaml and src/charm.py but no dispatch and no venv; a *built* one, like an
archive, has metadata.yaml and what its hooks need.
"""

from bedrock.charm._pack import check, is_source, pack, unpack
from bedrock.charm._read import Charm, Endpoint, Option, from_documents, read
from bedrock.charm._yaml import YamlFault
from bedrock.charm._yaml import mapping as yaml_mapping
from bedrock.charm.archive import MAX_UNPACKED_BYTES, Archive, CharmFault, Entry

__all__ = [
    'MAX_UNPACKED_BYTES',
    'Archive',
    'Charm',
    'CharmFault',
    'Endpoint',
    'Entry',
    'Option',
    'YamlFault',
    'check',
    'from_documents',
    'is_source',
    'pack',
    'read',
    'unpack',
    'yaml_mapping',
]
