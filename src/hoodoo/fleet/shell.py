"""Opens a person's own shell with a prompt of ours in front of theirs, whichever shell it is."""

from __future__ import annotations

import os
import pwd
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hoodoo.fleet import shell_prompt

__all__ = ['Start', 'chosen', 'start']


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How a shell is started."""

    argv: tuple[str, ...]
    env: Mapping[str, str]


def chosen(environ: Mapping[str, str]) -> str:
    """The person's shell: $SHELL, else the one that they log in with, else sh."""
    own = environ.get('SHELL', '')
    if not own:
        try:
            own = pwd.getpwuid(os.getuid()).pw_shell
        except KeyError:
            own = ''
    return own if own and os.access(own, os.X_OK) else '/bin/sh'


def start(
    program: str,
    *,
    folder: Path,
    env: Mapping[str, str],
    prompt: shell_prompt.Prompt,
    first: Path,
    again: Mapping[str, str],
) -> Start:
    """Write what *program* reads when it starts into *folder*, and say how to start it.

    A person's own start files are read first. They may change PATH and JUJU_ variables: these are set anew.

    Args:
        env: The whole environment.
        first: The folder that is to come first on PATH.
        again: Variables to set after a person's own start files.
    """
    make = _KINDS.get(Path(program).name, _posix)
    folder.mkdir(mode=0o700, exist_ok=True)
    return make(program, folder, env, prompt, first, again)


_Make = Callable[[str, Path, Mapping[str, str], shell_prompt.Prompt, Path, Mapping[str, str]], Start]


def _bash(
    program: str,
    folder: Path,
    env: Mapping[str, str],
    prompt: shell_prompt.Prompt,
    first: Path,
    again: Mapping[str, str],
) -> Start:
    ours = shlex.quote(prompt.wrapped('\\[', '\\]') + ' ')
    # Prompts that a program makes anew each time (git's, starship's) would lose what stands in front.
    text = f"""[ -r ~/.bashrc ] && . ~/.bashrc
{_posix_again(first, again)}
unalias juju 2>/dev/null
unset -f juju
__hoodoo={ours}
__hoodoo_prompt() {{ case $PS1 in "$__hoodoo"*) ;; *) PS1=$__hoodoo$PS1 ;; esac; }}
case $(declare -p PROMPT_COMMAND 2>/dev/null) in
    'declare -a'*) PROMPT_COMMAND+=(__hoodoo_prompt) ;;
    *) PROMPT_COMMAND="${{PROMPT_COMMAND:+$PROMPT_COMMAND$'\\n'}}__hoodoo_prompt" ;;
esac
__hoodoo_prompt
"""
    return Start(argv=(program, '--rcfile', _kept(folder / 'bashrc', text), '-i'), env=env)


def _zsh(
    program: str,
    folder: Path,
    env: Mapping[str, str],
    prompt: shell_prompt.Prompt,
    first: Path,
    again: Mapping[str, str],
) -> Start:
    theirs = shlex.quote(env.get('ZDOTDIR') or env.get('HOME') or '/')
    for name in ('.zshenv', '.zprofile', '.zlogin'):
        _kept(folder / name, f'[[ -r {theirs}/{name} ]] && . {theirs}/{name}\n')
    text = f"""ZDOTDIR={theirs}
[[ -r {theirs}/.zshrc ]] && . {theirs}/.zshrc
{_posix_again(first, again)}
unalias juju 2>/dev/null
unfunction juju 2>/dev/null
__hoodoo={shlex.quote(prompt.wrapped('%{', '%}') + ' ')}
__hoodoo_prompt() {{ [[ $PROMPT == "$__hoodoo"* ]] || PROMPT=$__hoodoo$PROMPT }}
autoload -Uz add-zsh-hook
add-zsh-hook precmd __hoodoo_prompt
"""
    _kept(folder / '.zshrc', text)
    return Start(argv=(program, '-i'), env={**env, 'ZDOTDIR': str(folder)})


def _fish(
    program: str,
    folder: Path,
    env: Mapping[str, str],
    prompt: shell_prompt.Prompt,
    first: Path,
    again: Mapping[str, str],
) -> Start:
    variables = '\n'.join(f'set -gx {name} {_fish_quoted(value)}' for name, value in again.items())
    text = f"""set -gx PATH {_fish_quoted(str(first))} $PATH
{variables}
functions -e juju
functions -q fish_prompt; and functions -c fish_prompt __hoodoo_theirs
function fish_prompt
    echo -n {_fish_quoted(prompt.plain() + ' ')}
    functions -q __hoodoo_theirs; and __hoodoo_theirs; or echo -n '> '
end
"""
    return Start(argv=(program, '-i', '-C', f'source {_kept(folder / "init.fish", text)}'), env=env)


def _posix(
    program: str,
    folder: Path,
    env: Mapping[str, str],
    prompt: shell_prompt.Prompt,
    first: Path,
    again: Mapping[str, str],
) -> Start:
    theirs = env.get('ENV', '')
    own = f'[ -r {shlex.quote(theirs)} ] && . {shlex.quote(theirs)}\n' if theirs else ''
    ps1 = shlex.quote(prompt.plain() + ' ')
    text = f"""{own}{_posix_again(first, again)}
unalias juju 2>/dev/null
case $PS1 in {ps1}*) ;; *) PS1={ps1}"${{PS1:-\\$ }}" ;; esac
"""
    # A shell that knows no ENV has the prompt alone.
    return Start(
        argv=(program, '-i'),
        env={**env, 'ENV': _kept(folder / 'shrc', text), 'PS1': f'{prompt.plain()} $ '},
    )


_KINDS: Mapping[str, _Make] = {'bash': _bash, 'zsh': _zsh, 'fish': _fish}


def _posix_again(first: Path, again: Mapping[str, str]) -> str:
    exports = '\n'.join(f'export {name}={shlex.quote(value)}' for name, value in again.items())
    return f'export PATH={shlex.quote(str(first))}:"$PATH"\n{exports}'


def _fish_quoted(text: str) -> str:
    escaped = text.replace('\\', '\\\\').replace("'", "\\'")
    return f"'{escaped}'"


def _kept(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o600)
    return str(path)
