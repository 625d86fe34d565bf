"""The program behind the hook tools, as a charm starts it, against a real server."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bedrock import process
from pocket.agents import tools, toolserver
from pocket.agents.context import HookContext
from pocket.agents.paths import HOOK_TOOL
from pocket.agents.toolserver import ToolServer
from pocket.services.errors import JujuError


@pytest.fixture
def tool(short_dir: Path) -> Callable[[str], Path]:
    """Makes a link to the program under a tool's name."""
    toolserver.install_programs(short_dir)

    def link(name: str) -> Path:
        made = short_dir / name
        made.symlink_to(HOOK_TOOL)
        return made

    return link


class _Answers:
    """Stands for the context of a run; tools are answered from the request alone."""

    id = 'c'


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tools.Request]:
    """What reached the server; the answer repeats it, and reads the file of a ``--file``."""
    requests: list[tools.Request] = []

    def answer(request: tools.Request, context: HookContext) -> tools.Reply:
        text = request.read(request.args[1]) if request.args[:1] == ('--file',) else ''
        requests.append(request)
        if request.tool == 'leader-set':
            return tools.Reply(effects=(tools.SetLeaderSettings(changes={}),))
        output = request.args[1] if request.args[:1] == ('-o',) else ''
        return tools.Reply(code=len(request.args), stdout=f'out {text}\n', stderr='err\n', output=output)

    monkeypatch.setattr(tools, 'answer', answer)
    return requests


async def _refuse(effect: tools.Effect, context: HookContext) -> None:
    raise JujuError('this unit is not the leader')


async def _run(
    socket: Path, *argv: str | Path, context: str = 'c', stdin: str | None = None, cwd: Path | None = None
) -> process.Completed:
    env = {'JUJU_AGENT_SOCKET_ADDRESS': str(socket), 'JUJU_CONTEXT_ID': context}
    return await process.arun(argv, env=env, check=False, stdin=stdin, timeout_s=10, cwd=cwd)


@pytest.fixture
def context() -> HookContext:
    made: Any = _Answers()
    return made


async def test_a_tool_prints_what_it_is_told_and_exits_so(
    short_dir: Path, tool: Callable[[str], Path], context: HookContext, asked: list[tools.Request]
) -> None:
    async with ToolServer(short_dir / 's', _refuse) as server:
        with server.serving(context):
            done = await _run(short_dir / 's', tool('config-get'), 'größe', '')
    assert (done.returncode, done.stdout, done.stderr) == (2, 'out \n', 'err\n')
    assert (asked[0].tool, asked[0].args) == ('config-get', ('größe', ''))


async def test_standard_input_is_read_only_on_demand(
    short_dir: Path, tool: Callable[[str], Path], context: HookContext, asked: list[tools.Request]
) -> None:
    big = 'x' * 3_000_000
    silent, kept = os.pipe()
    async with ToolServer(short_dir / 's', _refuse) as server:
        with server.serving(context):
            done = await _run(short_dir / 's', tool('relation-set'), '--file', '-', stdin=big)
            env = {'JUJU_AGENT_SOCKET_ADDRESS': str(short_dir / 's'), 'JUJU_CONTEXT_ID': 'c'}
            waiting = await process.start([short_dir / 'relation-set'], env=env, stdin=silent)
            async with asyncio.timeout(5):
                await waiting.communicate()
    os.close(silent)
    os.close(kept)
    assert done.stdout == f'out {big}\n'
    assert waiting.returncode == 0


async def test_files_are_the_callers(
    short_dir: Path,
    tmp_path: Path,
    tool: Callable[[str], Path],
    context: HookContext,
    asked: list[tools.Request],
) -> None:
    (tmp_path / 'in').write_text('text')
    program = tool('state-set')
    async with ToolServer(short_dir / 's', _refuse) as server:
        with server.serving(context):
            read = await _run(short_dir / 's', program, '--file', 'in', cwd=tmp_path)
            await _run(short_dir / 's', program, '-o', 'out', cwd=tmp_path)
            missing = await _run(short_dir / 's', program, '--file', 'nowhere', cwd=tmp_path)
    assert read.stdout == 'out text\n'
    assert (tmp_path / 'out').read_text() == 'out \n'
    assert missing.returncode == 1
    assert missing.stderr.startswith('ERROR cannot read file: ')


async def test_a_refused_effect_is_the_tools_failure(
    short_dir: Path, tool: Callable[[str], Path], context: HookContext, asked: list[tools.Request]
) -> None:
    async with ToolServer(short_dir / 's', _refuse) as server:
        with server.serving(context):
            done = await _run(short_dir / 's', tool('leader-set'), 'a=b')
    assert done.returncode == 1
    assert done.stderr == 'ERROR cannot write leadership settings: this unit is not the leader\n'


async def test_only_the_run_of_the_hour_gets_answers(
    short_dir: Path, tool: Callable[[str], Path], context: HookContext, asked: list[tools.Request]
) -> None:
    program = tool('is-leader')
    async with ToolServer(short_dir / 's', _refuse) as server:
        with server.serving(context):
            other = await _run(short_dir / 's', program, context='d')
        late = await _run(short_dir / 's', program)
    assert other.stderr == 'ERROR bad request: no hook runs with context id "d"\n'
    assert late.returncode == 1
    assert asked == []


async def test_without_an_agent_a_tool_says_so(short_dir: Path, tool: Callable[[str], Path]) -> None:
    program = tool('is-leader')
    gone = await _run(short_dir / 's', program)
    assert gone.returncode == 1
    assert gone.stderr.startswith('ERROR is-leader: cannot ask the unit agent: ')
    bare = await process.arun([program], env={}, check=False, timeout_s=10)
    assert bare.returncode == 1
    assert 'JUJU_AGENT_SOCKET_ADDRESS is not set' in bare.stderr


async def test_a_socket_may_be_deep_in_the_file_system(tmp_path: Path) -> None:
    deep = tmp_path / ('d' * 120)
    deep.mkdir()
    async with ToolServer(deep / 'unit-app-0.socket', _refuse):
        assert (deep / 'unit-app-0.socket').is_socket()
    assert not (deep / 'unit-app-0.socket').exists()


@pytest.mark.parametrize('garbage', [b'GET / HTTP/1.1\r\n\r\n', b'9999999999:', b'3:ab', b'4:quit\n', b'\n'])
async def test_garbage_on_the_socket_harms_nobody(short_dir: Path, garbage: bytes) -> None:
    async with ToolServer(short_dir / 's', _refuse):
        reader, writer = await asyncio.open_unix_connection(short_dir / 's')
        writer.write(garbage)
        writer.write_eof()
        async with asyncio.timeout(5):
            assert await reader.read() == b''
        writer.close()
