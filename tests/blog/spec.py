"""The blog as specs/wordpress deploys it."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import Any

from tests.blog.model import Blog

SPEC = 'specs/wordpress'
MODEL = 'wordpress-ci'


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A run of the spec."""

    output: str
    seconds: float
    deploying_at: float
    """When it began to deploy, in seconds since the epoch."""


def run(blog: Blog) -> Ran:
    """Run the spec; the time counts from when the command was typed."""
    typed = time.time()
    said = blog.hoodoo('run', SPEC, '--stage', 'ci')
    (before,) = re.findall(r'^\[ *([0-9.]+)s\] bundle: started$', said, re.MULTILINE)
    return Ran(output=said, seconds=time.time() - typed, deploying_at=typed + float(before))


def last_run(blog: Blog) -> dict[str, Any]:
    """Return what the journal has of the latest run."""
    return json.loads(blog.hoodoo('runs', '--format', 'json'))[0]
