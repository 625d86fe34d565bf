"""Downloads: what is wished for and what follows, in tables; then hook by hook, by scripted answers."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import config
import downloads
import ops
import pytest
from downloads import Answer, Failure, Pin, Verdict
from kit import Context, MakeState, asked, make_context, peer_data, site
from ops import testing

SHOP = Pin(kind='plugins', slug='shop', version='1.2', file='shop.1.2.zip', digest='d1')
SHOP_2 = Pin(kind='plugins', slug='shop', version='2.0', file='shop.2.0.zip', digest='d2')
PAPER = Pin(kind='themes', slug='paper', version='3', file='paper.3.zip', digest='d3')
WISHED = Pin(kind='plugins', slug='shop')
TREE, OTHER = 'a' * 16, 'b' * 16
NOTICE = 'wordpress.charm/downloads'
INSTALLED = {'installed': 'db:3306/wordpress', 'origin': 'charm', 'schema': '60421'}


def failure(error: str, message: str = 'no', version: str = '') -> Failure:
    return Failure(kind='plugins', slug='shop', version=version, error=error, message=message)


@pytest.mark.parametrize(
    ('named', 'pins', 'wish'),
    [
        ([config.Addon('shop')], (), (WISHED,)),
        ([config.Addon('shop', '1.2')], (), (Pin(kind='plugins', slug='shop', version='1.2'),)),
        ([config.Addon('shop')], (SHOP,), (SHOP,)),
        ([config.Addon('shop', '1.2')], (SHOP,), (SHOP,)),
        ([config.Addon('shop', '2.0')], (SHOP,), (Pin(kind='plugins', slug='shop', version='2.0'),)),
        ([], (SHOP,), ()),
        ([config.Addon('paper')], (PAPER,), (Pin(kind='plugins', slug='paper'),)),
    ],
)
def test_what_is_wished_for(
    named: Sequence[config.Addon], pins: tuple[Pin, ...], wish: tuple[Pin, ...]
) -> None:
    assert downloads.wished({'plugins': named, 'themes': ()}, pins) == wish


def decide(**given: Any) -> Verdict:
    usual: dict[str, Any] = {
        'app': 'blog',
        'is_leader': True,
        'wish': (),
        'pins': (),
        'answer': None,
        'used': '',
        'agreed': '',
        'without': (),
    }
    return downloads.decide(**{**usual, **given})


GOT = Answer(tree=TREE, pins=(SHOP,), failures=())
NONE = Answer(tree='', pins=(), failures=(failure('unknown'),))


@pytest.mark.parametrize(
    ('given', 'tree', 'serves', 'pins', 'gone'),
    [
        ({}, '', True, (), ()),
        # New: nothing stops while it is fetched, and the site changes when all units have it.
        ({'wish': (WISHED,)}, '', True, (), ()),
        ({'wish': (WISHED,), 'answer': GOT}, TREE, True, (SHOP,), ()),
        ({'wish': (WISHED,), 'answer': GOT, 'without': ['blog/1']}, '', True, (SHOP,), ()),
        ({'wish': (WISHED,), 'answer': NONE}, '', True, (), ()),
        # A new pod serves nothing without what the others run.
        ({'wish': (SHOP,), 'pins': (SHOP,), 'agreed': TREE}, '', False, (SHOP,), ()),
        ({'wish': (SHOP,), 'pins': (SHOP,), 'agreed': TREE, 'answer': NONE}, '', False, (SHOP,), ()),
        (
            {'wish': (SHOP,), 'pins': (SHOP,), 'agreed': TREE, 'answer': GOT, 'without': ['blog/1']},
            TREE,
            True,
            (SHOP,),
            (),
        ),
        # Another version: the former one stays until it is there.
        ({'wish': (SHOP_2,), 'pins': (SHOP,), 'used': OTHER}, OTHER, True, (SHOP,), ()),
        ({'wish': (SHOP_2,), 'pins': (SHOP,), 'used': OTHER, 'answer': NONE}, OTHER, True, (SHOP,), ()),
        (
            {
                'wish': (SHOP_2,),
                'pins': (SHOP,),
                'used': OTHER,
                'answer': Answer(tree=TREE, pins=(SHOP_2,), failures=()),
            },
            TREE,
            True,
            (SHOP_2,),
            (),
        ),
        # No longer wanted.
        ({'pins': (SHOP,), 'used': TREE}, '', True, (SHOP,), (SHOP,)),
        (
            {'wish': (PAPER,), 'pins': (PAPER, SHOP), 'used': TREE},
            TREE,
            True,
            (SHOP, PAPER),
            (SHOP,),
        ),
        # Others follow the leader's pins, and use what they have at once.
        ({'is_leader': False, 'wish': (SHOP,), 'pins': (SHOP,)}, '', False, (SHOP,), ()),
        (
            {'is_leader': False, 'wish': (SHOP,), 'pins': (SHOP,), 'answer': GOT, 'without': ['blog/0']},
            TREE,
            True,
            (SHOP,),
            (),
        ),
    ],
)
def test_what_follows(
    given: Mapping[str, Any], tree: str, serves: bool, pins: tuple[Pin, ...], gone: tuple[Pin, ...]
) -> None:
    found = decide(**given)
    assert (found.tree, found.may_serve, found.gone) == (tree, serves, gone)
    assert set(found.pins) == set(pins)


@pytest.mark.parametrize(
    ('failed', 'kind', 'words'),
    [
        (
            failure('unreachable', 'host does not answer'),
            'waiting',
            'shop: host does not answer; trying again',
        ),
        (failure('unknown', 'none'), 'blocked', 'shop: none; juju config blog plugins=...'),
        (
            failure('different', 'other', '1.2'),
            'blocked',
            'shop:1.2: other; it is not used; name another version: juju config blog plugins=shop:...',
        ),
        (failure('unsafe', 'bad'), 'blocked', 'shop: bad; it is not used'),
    ],
)
def test_a_failure_names_slug_reason_and_remedy(failed: Failure, kind: str, words: str) -> None:
    found = decide(wish=(WISHED,), answer=Answer(tree='', pins=(), failures=(failed,)))
    said = {'waiting': found.waiting, 'blocked': found.blocked}
    assert [name for name, texts in said.items() if texts] == [kind]
    assert said[kind][0].startswith(f'plugins: {words}')


def test_pins_are_read_as_they_were_written() -> None:
    assert downloads.read(downloads.written((SHOP, PAPER))) == (SHOP, PAPER)
    assert (downloads.written(()), downloads.read('')) == ('', ())


@pytest.mark.parametrize(
    ('wish', 'fits'),
    [
        ((WISHED,), True),
        ((SHOP,), True),
        ((Pin(kind='plugins', slug='shop', version='1.2'),), True),
        ((Pin(kind='plugins', slug='shop', version='2.0'),), False),
        ((dataclasses.replace(SHOP, digest='other'),), False),
        ((PAPER,), False),
        ((SHOP, PAPER), False),
        ((SHOP, Pin(kind='plugins', slug='late')), True),
        ((SHOP, Pin(kind='plugins', slug='late', version='1')), False),
        ((Pin(kind='plugins', slug='late'),), False),
        ((), False),
    ],
)
def test_an_answer_to_another_wish_is_none(wish: tuple[Pin, ...], fits: bool) -> None:
    late = dataclasses.asdict(dataclasses.replace(failure('unknown'), slug='late'))
    text = json.dumps({'tree': TREE, 'pins': [dataclasses.asdict(SHOP)], 'failures': [late]})
    assert (downloads.answer_of(text, wish) is not None) is fits
    assert downloads.answer_of('{', wish) is None
    assert downloads.answer_of(text.replace(TREE, '/etc\\nUser root'), wish) is None


# --- hooks ---


@pytest.fixture
def container(container: testing.Container, tmp_path: Path) -> testing.Container:
    """The image with the program that downloads."""
    (tmp_path / 'bin').mkdir()
    (tmp_path / 'bin/wordpress-fetch').touch()
    (tmp_path / 'downloads/archives').mkdir(parents=True)
    mounts = {
        'program': testing.Mount(location='/usr/bin', source=tmp_path / 'bin'),
        'downloads': testing.Mount(location=downloads.FOLDER, source=tmp_path / 'downloads'),
    }
    chown = testing.Exec(['chown'])
    return dataclasses.replace(
        container, mounts={**container.mounts, **mounts}, execs={*container.execs, chown}
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / 'downloads'


def ready(context: Context, state: testing.State) -> testing.State:
    return context.run(context.on.pebble_ready(state.get_container('wordpress')), state)


def wish(folder: Path) -> dict[str, Any]:
    return json.loads((folder / 'wish.json').read_text())


def answer(
    context: Context,
    state: testing.State,
    folder: Path,
    *pins: Pin,
    tree: str = '',
    failures: Sequence[Failure] = (),
) -> testing.State:
    """Have the program answer, end, and tell so."""
    for pin in pins:
        (folder / 'trees' / tree / pin.kind / pin.slug).mkdir(parents=True, exist_ok=True)
    said = {
        'tree': tree,
        'pins': [dataclasses.asdict(pin) for pin in pins],
        'failures': [dataclasses.asdict(one) for one in failures],
    }
    (folder / 'answer.json').write_text(json.dumps(said))
    notice = testing.Notice(NOTICE)
    there = state.get_container('wordpress')
    statuses = {**there.service_statuses, 'downloads': ops.pebble.ServiceStatus.INACTIVE}
    there = dataclasses.replace(there, notices=[notice], service_statuses=statuses)
    told = dataclasses.replace(state, containers=[there])
    return context.run(context.on.pebble_custom_notice(there, notice), told)


def configured(context: Context, state: testing.State, **options: object) -> testing.State:
    config: dict[str, Any] = {**state.config, **options}
    return context.run(context.on.config_changed(), dataclasses.replace(state, config=config))


def is_downloading(state: testing.State) -> bool:
    found = state.get_container('wordpress').service_statuses.get('downloads')
    return found is ops.pebble.ServiceStatus.ACTIVE


def test_nothing_is_downloaded_unless_it_is_allowed_and_missing(
    context: Context, state: MakeState, folder: Path
) -> None:
    out = ready(context, state(config={'plugins': 'shop'}))
    assert not (folder / 'wish.json').exists()
    out = configured(context, out, plugins='akismet', allow_downloads=True)
    assert not (folder / 'wish.json').exists()
    assert not is_downloading(out)
    assert isinstance(out.unit_status, ops.ActiveStatus)


def test_from_the_wish_to_the_site(context: Context, state: MakeState, folder: Path, image: Path) -> None:
    out = ready(context, state(config={'plugins': 'shop', 'allow_downloads': True}))
    assert out.unit_status == ops.WaitingStatus('downloading shop')
    assert is_downloading(out)
    # The site is there meanwhile.
    assert out.get_container('wordpress').service_statuses['apache'] is ops.pebble.ServiceStatus.ACTIVE
    assert wish(folder)['items'] == [dataclasses.asdict(WISHED)]
    assert (folder / 'wish.json').stat().st_mode & 0o077 == 0

    out = answer(context, out, folder, SHOP, tree=TREE)
    assert isinstance(out.unit_status, ops.ActiveStatus)
    assert site(image)['downloads'] == TREE
    assert (
        f'Define DOWNLOADS /var/lib/wordpress/downloads/trees/{TREE}\n'
        in (image / 'run/apache/charm.conf').read_text()
    )
    assert asked(context, 'apply')[-1]['plugins']['activate'] == ['shop']
    assert downloads.read(peer_data(out)['downloads']) == (SHOP,)

    # The answer is one to what is pinned now, too.
    assert not is_downloading(out)


def test_a_failure_is_told_and_the_site_goes_on(context: Context, state: MakeState, folder: Path) -> None:
    out = ready(context, state(config={'plugins': 'shop', 'allow_downloads': True}))
    out = answer(context, out, folder, failures=[failure('unknown', 'nobody knows it')])
    assert isinstance(out.unit_status, ops.BlockedStatus)
    assert 'plugins: shop: nobody knows it; juju config' in out.unit_status.message
    assert out.get_container('wordpress').service_statuses['apache'] is ops.pebble.ServiceStatus.ACTIVE


def test_all_that_is_lacking_is_told_together(context: Context, state: MakeState) -> None:
    out = ready(context, state(config={'plugins': 'one two', 'themes': 'three'}))
    said = out.unit_status.message
    assert 'plugins: not in this image: one, two; ' in said
    assert '; themes: not in this image: three; ' in said


def test_the_option_put_back_switches_off_and_removes(
    context: Context, state: MakeState, folder: Path, image: Path
) -> None:
    options = {'plugins': 'akismet shop', 'themes': 'paper', 'allow_downloads': True}
    out = ready(context, state(config=options))
    out = answer(context, out, folder, SHOP, PAPER, tree=TREE)
    before = len(asked(context, 'apply'))
    out = configured(context, out, allow_downloads=False)
    first = asked(context, 'apply')[before]
    assert first['plugins'] == {'activate': [], 'deactivate': ['shop']}
    assert first['leave_themes'] == ['paper']
    assert site(image)['downloads'] == ''
    assert 'downloads' not in peer_data(out)
    assert [path.name for path in folder.iterdir()] == ['archives']
    assert isinstance(out.unit_status, ops.BlockedStatus)
    assert out.get_container('wordpress').service_statuses['apache'] is ops.pebble.ServiceStatus.ACTIVE


def test_what_a_new_image_has_is_not_switched_off(
    context: Context, state: MakeState, folder: Path, image: Path
) -> None:
    out = ready(context, state(config={'plugins': 'shop', 'allow_downloads': True}))
    out = answer(context, out, folder, SHOP, tree=TREE)
    before = len(asked(context, 'apply'))
    (image / 'code/wp-content/plugins/shop').mkdir()
    out = configured(context, out, workers=5)
    assert len(asked(context, 'apply')) == before
    assert site(image)['downloads'] == ''
    assert isinstance(out.unit_status, ops.ActiveStatus)


def test_a_version_of_what_the_image_has_cannot_be_chosen(context: Context, state: MakeState) -> None:
    out = ready(context, state(config={'plugins': 'akismet:5.0', 'allow_downloads': True}))
    assert out.unit_status == ops.BlockedStatus(
        'plugins: akismet is in this image, whose version counts; leave ":5.0" out'
    )


def test_an_older_image_says_what_it_needs(
    context: Context, state: MakeState, container: testing.Container, tmp_path: Path
) -> None:
    (tmp_path / 'bin/wordpress-fetch').unlink()
    out = ready(context, state(config={'plugins': 'shop', 'allow_downloads': True}))
    assert isinstance(out.unit_status, ops.BlockedStatus)
    assert 'juju attach-resource wordpress-k8s wordpress-image=' in out.unit_status.message
    assert out.get_container('wordpress').service_statuses['apache'] is ops.pebble.ServiceStatus.ACTIVE


def test_the_leader_waits_for_all_units(
    context: Context, state: MakeState, folder: Path, image: Path
) -> None:
    out = ready(context, state(config={'plugins': 'shop', 'allow_downloads': True}))
    peer = dataclasses.replace(next(iter(out.get_relations('replicas'))), peers_data={1: {}})
    out = answer(context, dataclasses.replace(out, relations=[peer]), folder, SHOP, tree=TREE)
    assert out.unit_status == ops.WaitingStatus('for wordpress-k8s/1 to download the same')
    assert site(image)['downloads'] == ''
    assert downloads.read(peer_data(out)['downloads']) == (SHOP,)

    peer = next(iter(out.get_relations('replicas')))
    peer = dataclasses.replace(peer, peers_data={1: {'downloaded': TREE}})
    out = context.run(
        context.on.relation_changed(peer, remote_unit=1), dataclasses.replace(out, relations=[peer])
    )
    assert isinstance(out.unit_status, ops.ActiveStatus)
    assert site(image)['downloads'] == TREE


def test_a_new_pod_of_another_unit_serves_once_it_has_the_same(
    state: MakeState, folder: Path, image: Path
) -> None:
    second = make_context(1)
    peer = {**INSTALLED, 'downloads': downloads.written((SHOP,)), 'tree': TREE}
    out = ready(second, state(leader=False, peer=peer, config={'allow_local_uploads': True}))
    assert out.unit_status == ops.WaitingStatus('downloading shop')
    assert 'apache' not in out.get_container('wordpress').service_statuses
    assert wish(folder)['items'] == [dataclasses.asdict(SHOP)]
    out = answer(second, out, folder, SHOP, tree=TREE)
    assert isinstance(out.unit_status, ops.ActiveStatus)
    assert site(image)['downloads'] == TREE
    (relation,) = out.get_relations('replicas')
    assert relation.local_unit_data['downloaded'] == TREE


def test_the_models_proxy_is_passed_on(
    context: Context, state: MakeState, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('JUJU_CHARM_HTTPS_PROXY', 'http://me:planted@proxy:3128')
    monkeypatch.setenv('JUJU_CHARM_NO_PROXY', 'localhost')
    out = ready(context, state(config={'plugins': 'shop', 'allow_downloads': True}))
    assert (wish(folder)['proxy'], wish(folder)['no_proxy']) == ('http://me:planted@proxy:3128', 'localhost')
    assert 'planted' not in str(out.get_container('wordpress').plan.to_dict())


def test_another_proxy_is_tried_at_once(
    context: Context, state: MakeState, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = ready(context, state(config={'plugins': 'shop', 'allow_downloads': True}))
    out = answer(context, out, folder, failures=[failure('unreachable')])
    assert is_downloading(out), 'whoever was killed begins again'
    monkeypatch.setenv('JUJU_CHARM_HTTPS_PROXY', 'http://proxy:3128')
    out = configured(context, out)
    assert wish(folder)['proxy'] == 'http://proxy:3128'
    assert isinstance(out.unit_status, ops.WaitingStatus)


def test_an_idle_hook_starts_nothing(context: Context, state: MakeState, folder: Path) -> None:
    out = ready(context, state(config={'plugins': 'shop', 'allow_downloads': True}))
    out = answer(context, out, folder, SHOP, tree=TREE)
    before = (wish(folder), len(context.exec_history['wordpress']))
    out = configured(context, out)
    assert not is_downloading(out)
    assert (wish(folder), len(context.exec_history['wordpress'])) == before
