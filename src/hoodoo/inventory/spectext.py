"""YAML of a spec, which is read as a template first."""

from __future__ import annotations

import re

from bedrock import yamltext

_TEMPLATE = re.compile(r'\{\{|\{%|\{#')


def verbatim(document: object) -> str:
    """*document* so that a template gives it unchanged."""
    text = yamltext.dump(document)
    return _TEMPLATE.sub(lambda found: "{{ '" + found[0] + "' }}", text)
