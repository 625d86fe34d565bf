"""A pocket of its own with the blog of specs/wordpress in it, deployed once and removed at the end."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import pytest

from tests.blog import homes, spec
from tests.blog.model import Blog


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """The blog, and the run that deployed it."""

    blog: Blog
    run: spec.Ran


@pytest.fixture(scope='session')
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Generator[Deployed]:
    with homes.pocket(tmp_path_factory.mktemp('blog'), spec.MODEL, alone=False) as started:
        yield Deployed(blog=started, run=spec.run(started))


@pytest.fixture(scope='session')
def blog(deployed: Deployed) -> Blog:
    return deployed.blog
