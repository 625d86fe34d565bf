"""In what the two formats of bundles differ: juju-deployer's and Juju's own."""

from __future__ import annotations

from dataclasses import dataclass

_EITHER = frozenset(
    (
        *('annotations', 'base', 'bindings', 'channel', 'charm', 'constraints', 'expose', 'num_units'),
        *('options', 'resources', 'revision', 'series', 'storage', 'to', 'trust'),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One format."""

    section: str
    """What applications are under."""
    num_units: int
    """The units of an application that does not say."""
    store: bool
    """Whether the plain name of a charm means one of Charmhub."""
    includes_in_annotations: bool
    """Whether annotations may stand for files, as options may."""
    application_keys: frozenset[str]
    bundle_keys: frozenset[str]


DEPLOYER = Dialect(
    section='services',
    num_units=1,
    store=False,
    includes_in_annotations=False,
    application_keys=_EITHER | {'branch', 'build', 'charm_url', 'force-machine'},
    bundle_keys=frozenset(('inherits', 'machines', 'overrides', 'relations', 'series', 'services')),
)
JUJU = Dialect(
    section='applications',
    num_units=0,
    store=True,
    includes_in_annotations=True,
    application_keys=_EITHER | {'devices', 'exposed-endpoints', 'offers', 'plan', 'scale'},
    bundle_keys=frozenset(
        (
            *('applications', 'bundle', 'default-base', 'description', 'docs', 'issues', 'machines', 'name'),
            *('relations', 'saas', 'series', 'source', 'tags', 'type', 'variables', 'website'),
        )
    ),
)
