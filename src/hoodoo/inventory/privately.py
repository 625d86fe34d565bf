"""What of a model no version control may see: secret options, and the secrets that options lead to. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bedrock import yamltext
from hoodoo import model
from hoodoo.bundle.reading import tree
from hoodoo.bundle.wanted import includes, sensitive
from hoodoo.inventory import spectext
from hoodoo.juju import particulars

OVERLAY = 'secrets.yaml'
"""The local file with the options, an overlay of the bundle."""
FOLDER = 'juju-secrets'
"""The local folder with a file for each secret of the model that an option leads to."""
_SECRETS = 'secret:'


class Private:
    """Collects them, application by application."""

    def __init__(self, secrets: Mapping[str, particulars.Secret]) -> None:
        """*secrets* are those that could be seen, by their URIs."""
        self._secrets = secrets
        self._hidden: dict[str, dict[str, Any]] = {}
        self._led_to: dict[str, str] = {}
        self.left: list[str] = []
        """What cannot be carried, or only as far as is told."""

    def public(self, name: str, options: Mapping[str, Any], settings: model.Settings) -> dict[str, Any]:
        """Those of the *options* of application *name* that anybody may see; the others are kept."""
        # A text that a bundle would take for the name of a file cannot be said.
        unsaid = [key for key, value in options.items() if includes.is_include(value)]
        for key in unsaid:
            self.left.append(f'{name}: its option {key}, which reads like the name of a file to include')
        said = {key: value for key, value in options.items() if key not in unsaid}
        private = _private(said, settings)
        if hidden := {key: value for key, value in said.items() if key in private}:
            self._hidden[name] = hidden
        for key, value in hidden.items():
            if str(value).startswith(_SECRETS):
                self._lead(name, key, str(value))
        return {key: value for key, value in said.items() if key not in private}

    @property
    def names(self) -> tuple[str, ...]:
        """The options that are kept, ``APPLICATION: OPTION``."""
        return tuple(f'{name}: {key}' for name, options in self._hidden.items() for key in options)

    @property
    def files(self) -> dict[str, str]:
        """What belongs into the local directory, by name."""
        if not self._hidden:
            return {}
        told = {name: {'options': values} for name, values in self._hidden.items()}
        return {OVERLAY: spectext.verbatim({'applications': told}), **self._led_to}

    def _lead(self, name: str, key: str, uri: str) -> None:
        found = self._secrets.get(uri)
        if found is None:
            self.left.append(
                f'{name}: the secret that its option {key} leads to, which cannot be seen;'
                f' in another model, write the id of another one into {OVERLAY}'
            )
            return
        called = found.label or uri.rpartition(':')[2].rpartition('/')[2]
        file = f'{FOLDER}/{re.sub("[^A-Za-z0-9._-]", "-", called).lstrip(".")}.yaml'
        self._led_to[file] = yamltext.dump(dict(found.content))
        self.left.append(
            f'{name}: the secret {called} that its option {key} leads to is of this model; in another,'
            f' "juju add-secret" makes it from {file}, and its id belongs into {OVERLAY}'
        )


def _private(options: Mapping[str, Any], settings: model.Settings) -> frozenset[str]:
    """Which options are secrets, by their names and types."""
    by_name = sensitive.options(
        {key: (tree.NOWHERE, value) for key, value in options.items()}, None, secret=()
    )
    typed = {key for key, found in settings.options.items() if found.type == 'secret'}
    # The URI of a secret is none, and leads to one of this model alone.
    led_to = {key for key, value in options.items() if str(value).startswith(_SECRETS)}
    return by_name | typed | led_to
