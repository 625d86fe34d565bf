"""YAML documents that remember where each of their parts was written, and how such documents are merged."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self, cast

import yaml

from bedrock import errors, yamltext

Path = tuple[str, ...]

_TEXT = 'tag:yaml.org,2002:str'
_MERGE = 'tag:yaml.org,2002:merge'
_DEPTH = 60


class Place(NamedTuple):
    """Where something was written; 0 and empty are unknown."""

    file: str = ''
    line: int = 0
    column: int = 0


NOWHERE = Place()

Locate = Callable[[int, int], Place]
"""Where a line and a column of a text, both from 1, were written."""


class Table(dict[str, Any]):
    """A mapping that knows where its keys were written."""

    __slots__ = ('places',)

    def __init__(
        self, data: Mapping[str, Any] | None = None, places: Mapping[str, Place] | None = None
    ) -> None:
        """Hold *data*."""
        super().__init__(data or {})
        self.places = dict(places or {})

    def put(self, key: str, value: object, place: Place) -> None:
        """Set an entry."""
        self[key] = value
        self.places[key] = place

    def take(self, key: str, other: Table) -> None:
        """Set an entry to what *other* has."""
        self[key] = other[key]
        self.places[key] = other.places.get(key, NOWHERE)

    def without(self, *keys: str) -> Self:
        """This less its *keys*."""
        return type(self)({key: value for key, value in self.items() if key not in keys}, self.places)

    def renamed(self, key: str, other: str) -> Self:
        """This with *key* called *other*, in its order."""
        names = {name: other if name == key else name for name in self}
        places = {names.get(name, name): place for name, place in self.places.items()}
        return type(self)({names[name]: value for name, value in self.items()}, places)


class Row(list[Any]):
    """A list that knows where its entries were written."""

    __slots__ = ('places',)

    def __init__(self, data: list[Any], places: list[Place]) -> None:
        """Hold *data*."""
        super().__init__(data)
        self.places = places

    def only(self, keep: Callable[[object], bool]) -> Self:
        """This with just the entries that *keep* says."""
        kept = [index for index, entry in enumerate(self) if keep(entry)]
        return type(self)([self[index] for index in kept], [self.places[index] for index in kept])


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A mapping, and where it begins."""

    data: Table = field(default_factory=Table)
    place: Place = NOWHERE

    def below(self, key: str) -> Tree:
        """The part under *key*; empty when that is no mapping."""
        return Tree(data=mapping(self.data.get(key)), place=self.data.places.get(key, self.place))

    def at(self, path: Path) -> Place:
        """The place of *path*, or of the nearest part above it whose place is known."""
        place, node = self.place, cast('object', self.data)
        for step in path:
            if isinstance(node, Table) and step in node.places:
                place, node = node.places[step], cast('object', node.get(step))
            elif isinstance(node, Row) and step.isdecimal() and int(step) < len(node):
                place, node = node.places[int(step)], node[int(step)]
            else:
                break
        return place

    def problem(self, path: Path, message: str, *, hint: str = '') -> errors.Problem:
        """A problem at *path*, as `at` finds it."""
        return problem(self.at(path), message, hint=hint)


def problem(place: Place, message: str, *, hint: str = '') -> errors.Problem:
    """A problem at *place*."""
    return errors.Problem(file=place.file, line=place.line, column=place.column, message=message, hint=hint)


def mapping(value: object) -> Table:
    """*value* if it is a mapping, else an empty one."""
    return value if isinstance(value, Table) else Table()


def load(text: str, *, file: str, locate: Locate | None = None) -> tuple[Tree, ...]:
    """Read the YAML mappings of *text*, one a document; empty documents are left out.

    Keys are texts, as they are written: ``on`` is a name.

    Args:
        locate: Where the text's parts were written, when that is not where they stand.

    Raises:
        Problems: it is not valid YAML, or a document is not a mapping.
    """
    found: Locate = locate or functools.partial(Place, file)
    try:
        # The loader reads the first bytes at once, so it may raise too.
        loader = yamltext.safe_loader(text)(text)
        try:
            return tuple(_documents(loader, file, found))
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as err:
        mark = err.problem_mark
        place = found(mark.line + 1, mark.column + 1) if mark else Place(file)
        raise _refused(file, place, f'not valid YAML: {err.problem}') from None
    except (yaml.YAMLError, ValueError, LookupError, OverflowError, RecursionError) as err:
        said = ' '.join(str(err).split())
        raise _refused(file, Place(file), f'not valid YAML: {said}') from None


def _documents(loader: Any, file: str, locate: Locate) -> list[Tree]:
    trees: list[Tree] = []
    while loader.check_node():
        node: yaml.Node = loader.get_node()
        data = _Builder(loader, locate).build(node)
        mark = node.start_mark
        if isinstance(data, Table):
            trees.append(Tree(data=data, place=Place(file)))
        elif data is not None:
            raise _refused(file, locate(mark.line + 1, mark.column + 1), 'not a mapping')
    return trees


class _Builder:
    """YAML nodes as values, each place noted; an alias shares the value of its anchor."""

    def __init__(self, loader: Any, locate: Locate) -> None:
        self._loader, self._locate = loader, locate
        self._made: dict[int, Any] = {}
        self._open: set[int] = set()

    def build(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return node.value if node.tag == _TEXT else self._loader.construct_object(node)
        key = id(node)
        if key in self._made:
            return self._made[key]
        if key in self._open or len(self._open) > _DEPTH:
            problem = 'it contains itself' if key in self._open else 'it is nested too deeply'
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        self._open.add(key)
        made = self._table(node) if isinstance(node, yaml.MappingNode) else self._row(node)
        self._open.discard(key)
        self._made[key] = made
        return made

    def _table(self, node: yaml.MappingNode) -> Table:
        pairs = cast('list[tuple[yaml.Node, yaml.Node]]', node.value)
        if any(key.tag == _MERGE for key, _ in pairs):
            self._loader.flatten_mapping(node)
            pairs = cast('list[tuple[yaml.Node, yaml.Node]]', node.value)
        made = Table()
        for key, value in pairs:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem='a key is not a text', problem_mark=key.start_mark)
            made.put(str(key.value), self.build(value), self._place(key))
        return made

    def _row(self, node: yaml.Node) -> Row:
        entries = cast('list[yaml.Node]', node.value)
        return Row([self.build(entry) for entry in entries], [self._place(entry) for entry in entries])

    def _place(self, node: yaml.Node) -> Place:
        mark = node.start_mark
        return self._locate(mark.line + 1, mark.column + 1)


def merge(base: Table, over: Table) -> Table:
    """Deployer's merge: mappings deeply, *over* wins, but ``relations`` of both are kept, *base* first.

    Raises:
        Problems: ``relations`` is a list in one and a mapping in the other.
    """
    merged = Table(base, base.places)
    for key, value in over.items():
        mine = merged.get(key)
        if key == 'relations' and isinstance(mine, Row | Table) and isinstance(value, Row | Table):
            merged.put(key, _relations(mine, value, over.places.get(key, NOWHERE)), over.places[key])
        elif isinstance(mine, Table) and isinstance(value, Table):
            merged.put(key, merge(mine, value), over.places.get(key, NOWHERE))
        else:
            merged.take(key, over)
    return merged


def joined(base: Row, over: Row) -> Row:
    """Both lists, *base* first."""
    return Row([*base, *over], [*base.places, *over.places])


def _relations(base: Row | Table, over: Row | Table, place: Place) -> Row | Table:
    if isinstance(base, Row) and isinstance(over, Row):
        return joined(base, over)
    if isinstance(base, Table) and isinstance(over, Table):
        return _old_relations(base, over)
    message = 'cannot merge relations: one part of the bundle has them as a list, another as a mapping'
    raise _refused(place.file, place, message, hint='Write both as lists of pairs.')


def _old_relations(base: Table, over: Table) -> Table:
    """Relations as a mapping: lists become the union, and of other values the earlier one stays."""
    merged = Table(base, base.places)
    for key, value in over.items():
        mine = merged.get(key)
        if key not in merged:
            merged.take(key, over)
        elif isinstance(mine, Table) and isinstance(value, Table):
            merged[key] = _old_relations(mine, value)
        elif isinstance(mine, Row) and isinstance(value, Row):
            merged[key] = joined(mine, value.only(functools.partial(_not_in, mine)))
    return merged


def _not_in(row: Row, entry: object) -> bool:
    return entry not in row


def _refused(file: str, place: Place, message: str, *, hint: str = '') -> errors.Problems:
    return errors.Problems(f'cannot read {file}', [problem(place, message, hint=hint)])
