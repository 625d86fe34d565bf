from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bedrock.base import Base
from bedrock.hub import Channel, Hub, HubFault, Wanted, chosen_base, resolve

NOBLE, JAMMY = Base('ubuntu', '24.04'), Base('ubuntu', '22.04')


@pytest.mark.parametrize(
    ('text', 'shown'),
    [
        ('', 'latest/stable'),
        ('edge', 'latest/edge'),
        ('14', '14/stable'),
        ('14/beta', '14/beta'),
        ('14/beta/fix', '14/beta/fix'),
        ('edge/fix', 'latest/edge/fix'),
    ],
)
def test_a_channel_may_leave_out_what_goes_without_saying(text: str, shown: str) -> None:
    assert str(Channel.parse(text)) == shown


@pytest.mark.parametrize('text', ['a/b/c/d', '14/sometimes', '/', 'stable/a/b', 'a b'])
def test_what_is_no_channel_is_refused(text: str) -> None:
    with pytest.raises(HubFault, match='not valid'):
        Channel.parse(text)


def _entry(base: Base, arch: str = 'amd64') -> dict[str, str]:
    return {'architecture': arch, 'name': base.name, 'channel': base.channel}


class Shelf:
    """Answers as the store's API does: revision by channel and base."""

    def __init__(self, releases: Mapping[tuple[str, Base], int], default: Base = JAMMY) -> None:
        self.releases, self.default = releases, default
        self.questions: list[Mapping[str, Any]] = []

    def __call__(self, action: Mapping[str, Any]) -> Mapping[str, Any]:
        self.questions.append(action)
        if 'revision' in action:
            return self._charm(action['revision'], '')
        base = Base(action['base']['name'], action['base']['channel'])
        if base.name == 'NA':
            bases = {'default-bases': [_entry(self.default, 'arm64'), _entry(self.default)]}
            raise HubFault('no base', code='invalid-charm-base', extra=bases)
        found = self.releases.get((action['channel'], base))
        if found is None:
            listed = [{'channel': channel, 'base': _entry(one)} for channel, one in self.releases]
            raise HubFault('no revision', code='revision-not-found', extra={'releases': listed})
        return self._charm(found, action['channel'])

    def _charm(self, revision: int, channel: str) -> Mapping[str, Any]:
        bases = [_entry(base) for (_, base), found in self.releases.items() if found == revision]
        return {'effective-channel': channel, 'charm': {'name': 'x', 'revision': revision, 'bases': bases}}


def test_a_base_that_is_named_is_asked_for_once() -> None:
    shelf = Shelf({('latest/stable', NOBLE): 3})
    found = resolve(shelf, Wanted(name='x', base=NOBLE))
    assert (found.revision, found.bases, str(found.channel)) == (3, (NOBLE,), 'latest/stable')
    assert len(shelf.questions) == 1


def test_without_a_base_the_stores_default_is_taken_then_what_the_channel_has() -> None:
    shelf = Shelf({('latest/stable', JAMMY): 2, ('latest/edge', NOBLE): 3})
    assert resolve(shelf, Wanted(name='x')).revision == 2
    found = resolve(shelf, Wanted(name='x', channel=Channel.parse('edge')))
    assert (found.revision, found.bases) == (3, (NOBLE,))


def test_a_revision_is_asked_for_without_channel_and_keeps_the_one_to_follow() -> None:
    shelf = Shelf({('latest/stable', JAMMY): 2})
    found = resolve(shelf, Wanted(name='x', revision=2, channel=Channel.parse('edge')))
    assert (found.revision, str(found.channel)) == (2, 'latest/edge')
    assert 'channel' not in shelf.questions[0]


@pytest.mark.parametrize(
    ('wanted', 'said'),
    [
        (
            Wanted(name='x', channel=Channel.parse('9/beta')),
            'available releases are: latest/stable with ubuntu',
        ),
        (Wanted(name='x', base=NOBLE), 'not found for channel "latest/stable"'),
        (Wanted(name='x', arch='s390x'), 'bases matching architecture "s390x" not found'),
        (
            Wanted(name='x', arch='s390x', base=NOBLE),
            'no releases found for charm "x" on architecture "s390x"',
        ),
    ],
)
def test_what_the_store_lacks_is_told_with_what_it_has(wanted: Wanted, said: str) -> None:
    with pytest.raises(HubFault, match=said):
        resolve(Shelf({('latest/stable', JAMMY): 2}), wanted)


@pytest.mark.parametrize(
    ('supported', 'wanted', 'default', 'force', 'base'),
    [
        ((JAMMY, NOBLE), None, None, False, NOBLE),
        ((Base('ubuntu', '18.04'),), None, None, False, Base('ubuntu', '18.04')),
        ((JAMMY, NOBLE), JAMMY, NOBLE, False, JAMMY),
        ((JAMMY, NOBLE), None, JAMMY, False, JAMMY),
        ((JAMMY,), NOBLE, None, True, NOBLE),
        ((), None, None, False, NOBLE),
    ],
)
def test_the_base_is_the_operators_then_the_models_then_the_best(
    supported: tuple[Base, ...], wanted: Base | None, default: Base | None, force: bool, base: Base
) -> None:
    assert chosen_base(supported, wanted=wanted, default=default, force=force) == base


def test_a_base_that_the_charm_lacks_needs_force() -> None:
    said = (
        'base "ubuntu@24.04" not supported by charm, the charm supported bases are: ubuntu@22.04. Use --force'
    )
    with pytest.raises(HubFault, match=said):
        chosen_base((JAMMY,), wanted=NOBLE, default=None, force=False)


@pytest.mark.parametrize('url', ['file:///etc', 'ftp://x', 'nothing'])
def test_a_store_is_reached_by_http_only(url: str) -> None:
    with pytest.raises(HubFault, match='no http or https URL'):
        Hub(url)


def test_a_store_that_does_not_answer_is_an_error_at_once() -> None:
    with pytest.raises(
        HubFault, match=r'cannot reach the charm store at http://127\.0\.0\.1:9: Connection refused'
    ):
        Hub('http://127.0.0.1:9').info('x')
