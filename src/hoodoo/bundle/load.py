"""Bundle files as deployments: templates rendered, formats told apart, includes and parents merged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import jinja2

from bedrock import errors
from hoodoo.bundle import tree

_INCLUDES = ('include-configs', 'include-config')


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployments:
    """What bundle files hold: deployments by name, and where relative includes are sought."""

    tree: tree.Tree
    folders: tuple[Path, ...]
    remarks: tuple[str, ...] = ()


def load(
    files: Sequence[Path], variables: Mapping[str, str], *, shown: Callable[[Path], str] = str
) -> Deployments:
    """Read *files* in order, each with the files that it includes; later ones win.

    Args:
        variables: What templates see.
        shown: How messages name a file.

    Raises:
        Problems: a file cannot be read, rendered or parsed.
    """
    merged = tree.Tree()
    folders: list[Path] = []
    remarks: list[str] = []
    queue = list(files)
    seen: set[Path] = set()
    while queue:
        file = queue.pop(0)
        if file in seen:
            continue
        seen.add(file)
        read = _wrapped(tree.load(_rendered(file, variables, shown, remarks), file=shown(file)), file)
        names = next((read.data[key] for key in _INCLUDES if key in read.data), ())
        included = [names] if isinstance(names, str) else cast('list[str]', list(names))
        queue = [*(file.parent / name for name in included), *queue]
        folders.append(file.parent)
        merged = tree.merge(merged, read.without(*_INCLUDES))
    return Deployments(tree=merged, folders=tuple(folders), remarks=tuple(remarks))


def choose(deployments: Deployments, target: str) -> tree.Tree:
    """Return the deployment called *target*, or the only one, with its parents merged under it.

    Raises:
        Problems: there is no such deployment, several without a target, or its parents make no sense.
    """
    names = list(deployments.tree.data)
    if not target and len(names) != 1:
        raise _refused(
            deployments.tree,
            (),
            f'the bundle has {len(names)} deployments, so target= must name one',
            hint=f'Deployments: {", ".join(names)}.' if names else '',
        )
    return _inherited(deployments.tree, target or names[0], ())


def _inherited(whole: tree.Tree, name: str, children: tuple[str, ...]) -> tree.Tree:
    if name in children:
        raise _refused(whole, (name,), f'deployment "{name}" inherits from itself')
    if not isinstance(whole.data.get(name), dict):
        hint = f'Deployments: {", ".join(whole.data)}.'
        raise _refused(
            whole, (children[-1],) if children else (), f'there is no deployment "{name}"', hint=hint
        )
    chosen = whole.below(name)
    chosen = tree.Tree(data=chosen.data, places={**chosen.places, (): whole.places.get((name,), ('', 0))})
    parents = chosen.data.get('inherits') or ()
    for parent in [parents] if isinstance(parents, str) else cast('list[str]', list(parents)):
        chosen = tree.merge(_inherited(whole, str(parent), (*children, name)), chosen)
    return chosen


def _wrapped(read: tree.Tree, file: Path) -> tree.Tree:
    """A file that is itself one deployment (version 4) as a deployment named like the file."""
    for key in ('services', 'applications'):
        inner = read.data.get(key)
        if isinstance(inner, dict) and key not in inner:
            return read.under(file.name)
    if isinstance(read.data.get('relations'), list):
        return read.under(file.name)
    return read


class _Noticed(jinja2.Undefined):
    """Renders as nothing, as in Mojo, but is remembered."""

    names: list[str]

    def __str__(self) -> str:
        self.names.append(self._undefined_name or '?')
        return ''


def _rendered(
    file: Path, variables: Mapping[str, str], shown: Callable[[Path], str], remarks: list[str]
) -> str:
    names: list[str] = []
    noticed = type('Noticed', (_Noticed,), {'names': names})
    # Bundles are YAML, where HTML's escapes would be damage.
    environment = jinja2.Environment(
        undefined=noticed,
        autoescape=False,  # noqa: S701
        keep_trailing_newline=True,
        loader=jinja2.FileSystemLoader(file.parent),
    )
    try:
        text = environment.from_string(file.read_text()).render(cast('dict[str, Any]', dict(variables)))
    except jinja2.TemplateSyntaxError as err:
        raise _unread(shown(file), f'cannot read the template: {err.message}', err.lineno) from None
    except (jinja2.TemplateError, TypeError) as err:
        raise _unread(shown(file), f'cannot render the template: {err}') from None
    except (OSError, UnicodeDecodeError) as err:
        raise _unread(shown(file), f'cannot read the file: {err}') from None
    remarks += (f'{shown(file)}: variable "{name}" is not set and renders as nothing' for name in names)
    return text


def _refused(whole: tree.Tree, path: tree.Path, message: str, *, hint: str = '') -> errors.Problems:
    return errors.Problems('cannot choose a deployment', [whole.problem(path, message, hint=hint)])


def _unread(file: str, message: str, line: int = 0) -> errors.Problems:
    return errors.Problems(f'cannot read {file}', [errors.Problem(file=file, line=line, message=message)])
