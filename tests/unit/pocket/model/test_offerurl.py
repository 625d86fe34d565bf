from __future__ import annotations

import pytest

from pocket.model.offerurl import OfferUrl


@pytest.mark.parametrize(
    ('text', 'parts'),
    [
        ('shop.db', ('', 'me', 'shop', 'db', '')),
        ('ann/shop.db', ('', 'ann', 'shop', 'db', '')),
        (':ann/shop.db', ('', 'ann', 'shop', 'db', '')),
        ('far:ann/shop.db', ('far', 'ann', 'shop', 'db', '')),
        ('far:shop.db:log', ('far', 'me', 'shop', 'db', 'log')),
    ],
)
def test_what_a_url_leaves_out_is_empty_or_the_user_s(text: str, parts: tuple[str, ...]) -> None:
    url = OfferUrl.parse(text, owner='me')
    assert url is not None
    assert (url.controller, url.owner, url.model, url.name, url.endpoint) == parts
    assert str(url) == f'{url.owner}/shop.db'


@pytest.mark.parametrize('text', ['', 'db', 'shop.', '.db', 'a/b/s.db', 'shop.db:', 'Shop.db', 'a:b:s.db'])
def test_what_is_no_url_is_none(text: str) -> None:
    assert OfferUrl.parse(text) is None
