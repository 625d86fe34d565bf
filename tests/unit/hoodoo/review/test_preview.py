"""What a whole run would change, line after line, and what of it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hoodoo import model, testing
from hoodoo.bundle.planning import steps
from hoodoo.phases import base
from hoodoo.phases.builtin.deploy import Deploy
from hoodoo.review import check, preview
from hoodoo.spec import manifest


class Nothing:
    """A memory of nothing."""

    def recall(self, model_uuid: str) -> Mapping[str, model.Deployed]:
        """See `memory.Memory`."""
        return {}

    def remember(self, model_uuid: str, application: str, deployed: model.Deployed) -> None:
        """Looking must not do that."""
        raise AssertionError

    def notes(self, model_uuid: str, kind: str) -> Mapping[str, str]:
        """See `memory.Memory`."""
        return {}

    def note(self, model_uuid: str, kind: str, name: str, body: str) -> None:
        """Looking must not do that."""
        raise AssertionError

    def forget(self, model_uuid: str, kind: str, name: str) -> None:
        """Looking must not do that."""
        raise AssertionError


@dataclass(frozen=True, kw_only=True)
class Job:
    """A line that deploys."""

    foreseen: model.WantedModel
    apply_config_changes: bool = True

    def run(self, context: base.Context) -> base.Outcome:
        """Looking must not do that."""
        raise AssertionError


def _line(title: str, *applications: model.WantedApplication, pairs: tuple[str, ...] = ()) -> check.Line:
    relations = (pair.split() for pair in pairs)
    wanted = model.WantedModel(
        applications={each.name: each for each in applications},
        relations=tuple(
            model.WantedRelation(one=model.Endpoint(application=a), other=model.Endpoint(application=b))
            for a, b in relations
        ),
    )
    return check.Line(
        title=title, call=manifest.PhaseCall(phase='deploy'), phase=Deploy(), job=Job(foreseen=wanted)
    )


def _web(**facts: object) -> model.WantedApplication:
    given: dict[str, object] = {'name': 'web', 'charm': model.StoreCharm(name='web'), **facts}
    return model.WantedApplication(**given)  # type: ignore[arg-type]


def _texts(made: preview.Preview) -> list[list[str]]:
    return [[str(step) for step in line.plan.steps] for line in made.lines]


def test_a_later_line_sees_what_earlier_ones_will_have_made() -> None:
    db = model.WantedApplication(name='db', charm=model.StoreCharm(name='db'))
    lines = [
        _line('one', _web(num_units=1, options={'a': '1'})),
        _line('two', _web(num_units=3, options={'a': '2', 'b': '1'}), db, pairs=('db web',)),
        _line('three', pairs=('web db',)),
    ]
    made = preview.preview(lines, None, Nothing())
    assert _texts(made) == [
        ['deploy web, 1 unit'],
        ['configure web: a, b', 'add 2 units to web', 'deploy db, 1 unit', 'integrate db web'],
        [],
    ]


def test_a_charm_that_is_not_collected_is_said_to_be_unknown(tmp_path: Path) -> None:
    charm = model.LocalCharm(path=tmp_path / 'gone')
    juju = testing.FakeDriver()
    juju.put(testing.application('web', testing.unit('web/0')))
    made = preview.preview([_line('one', _web(charm=charm))], juju, Nothing())
    assert made.steps == ()
    assert made.notes == ('not collected yet, so that changes of these charms cannot be told: web',)


def test_values_are_shown_when_asked_for_and_secrets_never() -> None:
    juju = testing.FakeDriver()
    juju.put(testing.application('web', testing.unit('web/0'), charm='ch:web-1'))
    juju.live['web'] = {
        'a': model.OptionValue(value=1, type='int', source='user'),
        's': model.OptionValue(value='secret:1', type='secret', source='user'),
    }
    wanted = _web(options={'a': '2', 'hidden': 'hunter2', 's': 'secret:2'}, private=frozenset(('hidden',)))
    (line,) = preview.preview([_line('one', wanted)], juju, Nothing()).lines
    (step,) = line.plan.steps
    assert isinstance(step, steps.SetOptions)
    masked = (preview.SECRET, preview.SECRET)
    assert preview.option_changes(step, line, values=True) == {'a': ('1', '2'), 'hidden': masked, 's': masked}
    assert set(preview.option_changes(step, line, values=False).values()) == {masked}
