"""How specs are named."""

from __future__ import annotations

import pytest

from bedrock import errors
from hoodoo.spec import addresses


@pytest.mark.parametrize(
    ('spec', 'kind', 'url', 'name'),
    [
        ('specs/mirror', 'directory', 'specs/mirror', 'mirror'),
        ('/srv/specs/mirror/', 'directory', '/srv/specs/mirror/', 'mirror'),
        ('./with a:colon', 'directory', './with a:colon', 'with a:colon'),
        ('file:///srv/mirror', 'directory', '/srv/mirror', 'mirror'),
        ('file://localhost/srv/a%20b', 'directory', '/srv/a b', 'a b'),
        ('git+https://host/x/mirror.git', 'git', 'https://host/x/mirror.git', 'mirror'),
        ('git+http://host/mirror/', 'git', 'http://host/mirror/', 'mirror'),
        ('git+ssh://me@host:22/mirror', 'git', 'ssh://me@host:22/mirror', 'mirror'),
        ('git+file:///srv/mirror', 'git', 'file:///srv/mirror', 'mirror'),
        ('git://host/mirror', 'git', 'git://host/mirror', 'mirror'),
        ('https://host/mirror', 'git', 'https://host/mirror', 'mirror'),
        ('ssh://host/mirror', 'git', 'ssh://host/mirror', 'mirror'),
        ('git@host:mirror.git', 'git', 'git@host:mirror.git', 'mirror'),
        ('me@host:group/mirror.git', 'git', 'me@host:group/mirror.git', 'mirror'),
        ('git+lp:~me/mirror', 'git', 'https://git.launchpad.net/~me/mirror', 'mirror'),
        ('lp:mirror', 'bzr', 'lp:mirror', 'mirror'),
        ('lp:~me/mirror/trunk', 'bzr', 'lp:~me/mirror/trunk', 'trunk'),
        ('nosmart+lp:mirror', 'bzr', 'lp:mirror', 'mirror'),
        ('bzr+ssh://host/mirror', 'bzr', 'bzr+ssh://host/mirror', 'mirror'),
        ('bzr+https://host/mirror', 'bzr', 'https://host/mirror', 'mirror'),
    ],
)
def test_a_spec_is_a_directory_or_an_address(spec: str, kind: str, url: str, name: str) -> None:
    read = addresses.parse(spec)
    assert (read.kind, read.url, read.name, read.options) == (kind, url, name, {})


@pytest.mark.parametrize(
    ('spec', 'kind', 'options'),
    [
        ('git+https://h/m;branch=next', 'git', {'branch': 'next'}),
        ('git+https://h/m ; revno = v1.0 ', 'git', {'revno': 'v1.0'}),
        ('git@h:m;revno=abc', 'git', {'revno': 'abc'}),
        ('lp:m;revno=12', 'bzr', {'revno': '12'}),
        ('specs/mirror;branch=next', 'git', {'branch': 'next'}),
        ('file:///srv/mirror;revno=v1', 'git', {'revno': 'v1'}),
    ],
)
def test_an_address_may_name_a_branch_or_a_revision(spec: str, kind: str, options: dict[str, str]) -> None:
    read = addresses.parse(spec)
    assert (read.kind, read.options) == (kind, options)
    assert ';' not in read.url
    assert read.url == read.url.strip()


@pytest.mark.parametrize(
    ('spec', 'message', 'hint'),
    [
        ('svn://h/m', 'nothing here reads svn: addresses', 'Known are git'),
        ('gti+https://h/m', 'nothing here reads gti+https:', 'Did you mean "git+https"?'),
        ('git://h/m;', '"" is not of the form option=value', ';revno='),
        ('git://h/m;flag', '"flag" is not of the form', ';revno='),
        ('git://h/m;revno=a=b', '"revno=a=b" is not of the form', ';revno='),
        ('git://h/m;brnach=x', 'no option "brnach"', 'Did you mean "branch"?'),
        ('lp:m;branch=x', 'no option "branch"', 'Known options: revno.'),
        ('git://h/m;branch=x,revno=y', 'names a branch and a revision', 'revision alone'),
        ('http://[h/m', 'is no http address', ''),
    ],
)
def test_an_address_that_makes_no_sense_is_a_usage_fault(spec: str, message: str, hint: str) -> None:
    with pytest.raises(errors.UsageFault) as caught:
        addresses.parse(spec)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_a_password_is_refused_and_not_repeated() -> None:
    with pytest.raises(errors.UsageFault) as caught:
        addresses.parse('git+https://me:hunter2@host/mirror')
    assert 'hunter2' not in errors.render(caught.value)
    assert 'host' in caught.value.message
