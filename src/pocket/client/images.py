"""Container images as words of a command line: where one is, checked and made independent of where we are."""

from __future__ import annotations

from pathlib import Path

import yaml

from bedrock import errors
from pocket.client import shape
from pocket.client.context import local_path
from pocket.model.imagenames import is_image

LOCAL = ('oci:', 'oci-archive:')
"""How the words begin that name an image which is here: an OCI layout's folder, or an archive of one."""
_MAX_FILE = 2**16


def is_local(word: str) -> bool:
    """Whether *word* names an image that is here."""
    return word.startswith(LOCAL)


def document(name: str, word: str) -> str:
    """Return what a controller is sent for the image *word* of resource *name*: YAML with a registrypath.

    Raises:
        Fault: what *word* names is not there, or is no image.
    """
    path = local_path(word)
    if not is_local(word) and path.is_file():
        return yaml.safe_dump(_read(name, path), sort_keys=False)
    if not is_local(word) and word.startswith(('.', '/', '~')):
        raise errors.Fault(f'file for resource "{name}": cannot read {word}')
    return yaml.safe_dump({'registrypath': _checked(name, word)})


def absolute(name: str, word: str) -> str:
    """Return the image *word* with the whole path of one that is here.

    Raises:
        Fault: it is not there.
    """
    kind = next((kind for kind in LOCAL if word.startswith(kind)), '')
    if not kind:
        return word
    text, tag = word.removeprefix(kind), ''
    if not local_path(text).exists() and ':' in text:
        text, _, tag = text.rpartition(':')
    path = local_path(text).absolute()
    there = (path / 'index.json').is_file() if kind == 'oci:' else path.is_file()
    if not there:
        what = 'no folder with an OCI layout' if kind == 'oci:' else 'no such file'
        raise errors.Fault(f'image for resource "{name}": cannot read {word}: {what}')
    return f'{kind}{path}:{tag}' if tag else f'{kind}{path}'


def _checked(name: str, word: str) -> str:
    found = absolute(name, word)
    if not is_image(found):
        raise errors.Fault(f'resource "{name}": docker image path "{word}" not valid')
    return found


def _read(name: str, path: Path) -> dict[str, str]:
    """The file of a resource: registrypath, and perhaps username and password, in YAML or JSON."""
    try:
        if path.stat().st_size > _MAX_FILE:
            raise errors.Fault(f'file for resource "{name}": {path} is too large to name an image')
        # JSON is YAML, too.
        found = shape.mapping(yaml.safe_load(path.read_text()))
    except (OSError, ValueError, yaml.YAMLError):
        # The text of these errors may show a password.
        raise errors.Fault(f'file for resource "{name}": cannot read {path}') from None
    image = str(found.get('registrypath') or found.get('ImageName') or '')
    if not image:
        raise errors.Fault(f'file for resource "{name}": {path} has no registrypath')
    image = _checked(name, image)
    user = str(found.get('username') or found.get('Username') or '')
    password = str(found.get('password') or found.get('Password') or '')
    given = {'registrypath': image, 'username': user, 'password': password}
    return {key: value for key, value in given.items() if value}
