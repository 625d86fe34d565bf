"""Whatever a model holds: the first plan of its adopted spec is empty, and it has not drifted."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hoodoo import model, testing
from hoodoo.bundle.planning import drift, facts, placing, plan
from hoodoo.bundle.reading import native
from hoodoo.bundle.wanted import charms, resolve
from hoodoo.inventory import adopted

NAMES = ('a', 'b', 'c')
PLAIN, PRIVATE = ('words', 'yes', 'on', '8'), ('password', 'api-key', 'account')
ODD = (
    '',
    ' ',
    'yes',
    'null',
    '~',
    '0123',
    '1e3',
    '{{',
    '{%',
    '{{{#',
    '- x',
    'a: b',
    '#',
    '\ta',
    'x\n',
    '\n\nx',
)

texts = st.one_of(
    st.sampled_from(ODD),
    # Juju keeps what it can write as JSON and as YAML.
    st.text(st.characters(codec='utf-8', exclude_categories=('Cs', 'Cc')) | st.sampled_from('\n\t{}%#\'"')),
)
values: st.SearchStrategy[tuple[object, str]] = st.one_of(
    st.tuples(texts, st.just('string')),
    st.tuples(st.integers(), st.just('int')),
    st.tuples(st.booleans(), st.just('boolean')),
    st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.just('float')),
)
exposures: st.SearchStrategy[dict[str, model.Exposure]]
exposures = st.dictionaries(
    st.sampled_from(['', 'x', 'y']),
    st.sampled_from(
        [model.Exposure(cidrs=('0.0.0.0/0', '::/0')), model.Exposure(cidrs=('10.0.0.0/8',), spaces=('q',))]
    ),
)


@st.composite
def applications(draw: st.DrawFn, name: str, machines: list[str]) -> tuple[model.Application, model.Settings]:
    """An application, subordinate to none, with units on any machines."""
    numbers = sorted(draw(st.sets(st.integers(0, 9), max_size=3)))
    units = [testing.unit(f'{name}/{number}', machine=draw(st.sampled_from(machines))) for number in numbers]
    to = draw(exposures)
    there = testing.application(
        name,
        *units,
        charm=f'ch:amd64/{name}-3',
        channel='8/edge',
        revision=3,
        exposed=bool(to),
        exposed_to=to,
    )
    chosen = draw(st.dictionaries(st.sampled_from([*PLAIN, *PRIVATE]), values))
    options = {
        key: model.OptionValue(value=value, type=kind, source='user') for key, (value, kind) in chosen.items()
    }
    set_up = model.Settings(
        options=options,
        constraints=draw(st.sampled_from([{}, {'mem': '1024M'}, {'cores': '2', 'tags': 'a,b'}])),
        trust=draw(st.booleans()),
        annotations=draw(st.dictionaries(st.sampled_from(['k', 'l']), texts.filter(bool))),
    )
    return there, set_up


@st.composite
def models(draw: st.DrawFn) -> adopted.Seen:
    """A model, with gaps among the numbers of its machines, some of which hoodoo has added."""
    machines = [str(number) for number in sorted(draw(st.sets(st.integers(0, 12), min_size=1, max_size=4)))]
    made = {name: draw(applications(name, machines)) for name in NAMES[: draw(st.integers(1, len(NAMES)))]}
    saas = draw(st.sampled_from([{}, {'far': 'here:admin/other.db'}]))
    pairs = [('a:x', f'{other}:y') for other in (*list(made)[1:], *saas) if draw(st.booleans())]
    offers = {'offered': model.Offer(application='a', endpoints=('x', 'y'))} if draw(st.booleans()) else {}
    snapshot = model.ModelSnapshot(
        name='m',
        now_ms=0,
        applications={name: there for name, (there, _) in made.items()},
        machines={m: model.Machine(id=m, agent=testing.IDLE, instance=testing.ACTIVE) for m in machines},
        relations=tuple(
            model.Relation(id=number, endpoints=(_end(one), _end(other)))
            for number, (one, other) in enumerate(pairs)
        ),
        offers=offers,
        saas=saas,
    )
    marks = {machine: draw(st.sampled_from(['', '0', '1', '20'])) for machine in machines}
    once = {mark: machine for machine, mark in marks.items() if mark}
    return adopted.Seen(
        snapshot=snapshot,
        settings={name: set_up for name, (_, set_up) in made.items()},
        annotations={machine: {placing.MARK: mark} for mark, machine in once.items()},
    )


def _end(text: str) -> model.Endpoint:
    return model.Endpoint(application=text.partition(':')[0], name=text.partition(':')[2])


def _exported(seen: adopted.Seen) -> str:
    """What a controller says of the model, as far as an adoption reads it."""
    entries: dict[str, dict[str, Any]] = {}
    used: set[str] = set()
    for name, there in seen.snapshot.applications.items():
        live, to = seen.settings[name], [unit.machine for unit in there.units]
        used |= set(to)
        entries[name] = {
            'charm': name,
            'channel': there.channel,
            'revision': there.revision,
            'num_units': len(to),
            **({'to': to} if to else {}),
            'options': {key: option.value for key, option in live.options.items()},
            'constraints': ' '.join(f'{key}={value}' for key, value in live.constraints.items()),
            'annotations': dict(live.annotations),
            'trust': live.trust,
        }
    document = {
        'saas': {name: {'url': url.rpartition(':')[2]} for name, url in seen.snapshot.saas.items()},
        'applications': entries,
        'machines': {machine: {'annotations': seen.annotations.get(machine, {})} for machine in sorted(used)},
        'relations': [[str(end) for end in one.endpoints] for one in seen.snapshot.relations],
    }
    return yaml.safe_dump(document, allow_unicode=True)


def _read(folder: Path, made: adopted.Bundle, *, private: bool = True) -> resolve.Resolved:
    """The spec as a run reads it, or as version control sees it."""
    local = folder / 'LOCAL'
    local.mkdir(parents=True)
    files = [folder / 'bundle.yaml', *([local / 'secrets.yaml'] if made.private and private else [])]
    for file, text in zip(files, (made.text, *made.private.values()), strict=False):
        file.write_text(text)
    shelf = charms.Shelf(repo=folder / 'repo', build=folder / 'build')
    return resolve.resolve(native.read(files, {}), '', shelf=shelf, series='noble', secret=(local,))


@settings(deadline=None, max_examples=60)
@given(models())
def test_the_first_plan_is_empty_and_so_is_the_drift(seen: adopted.Seen) -> None:
    made = adopted.bundle(_exported(seen), seen)
    with tempfile.TemporaryDirectory() as folder:
        resolved, public = _read(Path(folder), made), _read(Path(folder, 'public'), made, private=False)
    assert resolved.problems == ()
    assert not any(one.options.keys() & {*PRIVATE[:2]} for one in public.wanted.applications.values())
    wanted = resolved.wanted
    there = plan.Seen(
        snapshot=seen.snapshot,
        settings=seen.settings,
        machines=placing.known_machines(wanted, seen.snapshot, seen.annotations, {}),
        annotations=seen.annotations,
    )
    found = plan.plan(wanted, there)
    assert (found.steps, found.problems, found.remarks) == ((), (), wanted.remarks)
    now, live = facts.of_wanted(wanted, there, 'u'), facts.of_seen(there)
    assert drift.drift(facts.State(), now, live, uuid='u') == ()
