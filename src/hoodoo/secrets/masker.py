"""Takes secrets out of what is said: learns values as they are met, and replaces them in texts and errors."""

from __future__ import annotations

import base64
import contextlib
import re
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from bedrock import errors, process
from hoodoo.secrets import forms, pattern, values

SHOWN = '***'
"""What stands where a secret was."""

_MANY = 500


class Masker:
    """Callable from any thread. A value that is learned later is hidden from then on."""

    def __init__(self) -> None:
        self._texts: set[str] = set()
        self._known: set[str] = set()
        self._public: set[str] = set()
        self._files: dict[Path, tuple[int, int]] = {}
        self._pattern = pattern.compiled(())
        self._stale = False
        self._lock = threading.Lock()

    def __call__(self, text: str) -> str:
        """Return *text* with ``***`` for every secret."""
        if self._stale:
            with self._lock:
                self._pattern = pattern.compiled(self._texts - self._public)
                self._stale = False
        return self._pattern.sub(_shown, text)

    def learn(self, found: Iterable[str]) -> None:
        """Hide these values, where that does not hide what is no secret."""
        with self._lock:
            fresh = {value for value in found if forms.worth(value.strip())} - self._known
            if not fresh:
                return
            self._known |= fresh
            for value in fresh:
                # A file of thousands of lines is no password that somebody puts into a header.
                self._texts.update(forms.forms(value) if len(fresh) <= _MANY else (value,))
            self._stale = True

    def publish(self, names: Iterable[str]) -> None:
        """Never hide these by themselves: a spec's names are no secret, and files of options repeat them."""
        with self._lock:
            fresh = set(names) - self._public
            self._public |= fresh
            self._stale = self._stale or bool(fresh & self._texts)

    def learn_variables(self, variables: Mapping[str, str]) -> None:
        """Hide the values of variables and options that are called like secrets."""
        self.learn(values.of_variables(variables))

    def learn_content(self, data: bytes) -> None:
        """Hide what a file holds."""
        if len(data) > values.LARGEST_FILE:
            return
        try:
            text = data.decode()
        except UnicodeDecodeError:
            with self._lock:
                self._texts.update(forms.base64_forms(data))
                self._stale = True
            return
        self.learn(values.of_text(text))

    def learn_included(self, text: str) -> None:
        """Hide what an option was read from, be it the file's text or its base64 form."""
        self.learn_content(text.encode())
        with contextlib.suppress(ValueError):  # it is no base64
            self.learn_content(base64.b64decode(text, validate=True))

    def learn_folder(self, folder: Path) -> None:
        """Hide what the files below *folder* hold; those seen before are not read again."""
        for path in sorted(folder.rglob('*')) if folder.is_dir() else ():
            with contextlib.suppress(OSError):
                if path.is_file():
                    stat = path.stat()
                    seen = (stat.st_mtime_ns, stat.st_size)
                    if self._files.get(path) != seen:
                        self._files[path] = seen
                        if stat.st_size <= values.LARGEST_FILE:
                            self.learn_content(path.read_bytes())

    def mask_error(self, error: BaseException) -> None:
        """Replace secrets in the texts of *error* and of all that led to it."""
        seen: set[int] = set()
        links: list[BaseException | None] = [error]
        while links:
            link = links.pop()
            if link is None or id(link) in seen:
                continue
            seen.add(id(link))
            links += [link.__cause__, link.__context__]
            link.args = tuple(self(arg) if isinstance(arg, str) else arg for arg in link.args)
            if isinstance(link, errors.Fault):
                self._mask_fault(link)

    def _mask_fault(self, fault: errors.Fault) -> None:
        fault.message, fault.where, fault.hint = self(fault.message), self(fault.where), self(fault.hint)
        if isinstance(fault, errors.Problems):
            fault.problems = tuple(self.masked(problem) for problem in fault.problems)
        if isinstance(fault, process.ProgramFault) and fault.done is not None:
            done = fault.done
            fault.done = process.Completed(
                argv=tuple(map(self, done.argv)),
                returncode=done.returncode,
                stdout=self(done.stdout),
                stderr=self(done.stderr),
            )

    def masked(self, problem: errors.Problem) -> errors.Problem:
        """*problem* with ``***`` for every secret in its texts."""
        return errors.Problem(
            file=problem.file,
            line=problem.line,
            column=problem.column,
            message=self(problem.message),
            hint=self(problem.hint),
        )


def _shown(found: re.Match[str]) -> str:
    """What stands for a secret; the end of its line, which may belong to it, stays one."""
    return f'{SHOWN}\n' if found[0].endswith('\n') else SHOWN
