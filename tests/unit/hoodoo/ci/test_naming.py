"""Names of CI's models."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from hoodoo.ci import naming

TOKEN = '0123456789'


def test_a_model_is_called_after_spec_and_revision() -> None:
    assert naming.model_name('archive-mirror', '1f2e3d4c', TOKEN) == 'ci-archive-mirror-1f2e3d4c-0123456789'
    assert naming.model_name('Mirror_2', 'feature/x', TOKEN) == 'ci-mirror-2-feature-x-0123456789'
    assert naming.model_name('mirror', '', TOKEN) == 'ci-mirror-0123456789'


@given(st.text(), st.text())
def test_juju_and_kubernetes_take_every_name(spec: str, revision: str) -> None:
    name = naming.model_name(spec, revision, naming.token())
    assert re.fullmatch('[a-z0-9]+(-[a-z0-9]+)*', name)
    assert len(name) <= 63


def test_only_names_of_that_form_may_be_ours() -> None:
    assert naming.looks_ours(naming.model_name('mirror', 'main', naming.token()))
    assert not any(
        map(naming.looks_ours, ('mirror-ci', 'ci', 'ci-mirror', 'ci-mirror-012345678', 'x-ci-a-0123456789'))
    )


def test_no_two_attempts_have_one_name() -> None:
    assert len({naming.token() for _ in range(1000)}) == 1000
