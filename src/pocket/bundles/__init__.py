"""Bundles: text to a verified bundle; a bundle and a model to the steps between them. No effects here."""

from __future__ import annotations

from pocket.bundles.changes import Change
from pocket.bundles.documents import Document, ReadFile, load, merge, resolve_includes
from pocket.bundles.existing import ExistingApplication, ExistingModel
from pocket.bundles.faults import BundleFault
from pocket.bundles.planner import plan
from pocket.bundles.reading import read
from pocket.bundles.spec import Application, Bundle, Machine, Placement, Relation, charm_name, is_path

__all__ = [
    'Application',
    'Bundle',
    'BundleFault',
    'Change',
    'Document',
    'ExistingApplication',
    'ExistingModel',
    'Machine',
    'Placement',
    'ReadFile',
    'Relation',
    'charm_name',
    'is_path',
    'load',
    'merge',
    'plan',
    'read',
    'resolve_includes',
]
