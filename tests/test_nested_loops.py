"""Where nested loops are not possible, the way out is said and nothing is patched; elsewhere they are."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pytest

HEAD = """
    import asyncio, sys, warnings
    import chatframes as cf

    class Foreign(asyncio.AbstractEventLoop):
        # As uvloop's: it does what a loop does, and is none of asyncio's own.
        def __init__(self): self._loop = asyncio.SelectorEventLoop()
        def close(self): self._loop.close()

    def told():
        before = asyncio.run, asyncio.Task, asyncio.get_event_loop, asyncio.Future
        try:
            cf.enable_nested_loops()
        except cf.ConfigError as error:
            said = str(error)
            assert "await chatframes.fetch_async(...)" in said and "chatframes.fetch(...)" in said, said
            assert (asyncio.run, asyncio.Task, asyncio.get_event_loop, asyncio.Future) == before, "patched"
            return said
        return "patched"
"""
CASES = {
    "while another loop runs": """
        asyncio._set_running_loop(Foreign())
        print(told())
        """,
    "where every loop is another": """
        class Policy(asyncio.DefaultEventLoopPolicy):
            def new_event_loop(self): return Foreign()
        asyncio.set_event_loop_policy(Policy())
        print(told())
        """,
    "after it was patched": """
        cf.enable_nested_loops()
        asyncio._set_running_loop(Foreign())
        print(told())
        """,
    "twice": """
        asyncio._set_running_loop(Foreign())
        told()
        print(told())
        """,
}
WITH_UVLOOP = {
    "uvloop.run": """
        async def main(): print(told())
        uvloop.run(main())
        """,
    "uvloop's policy": """
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
        print(told())
        """,
}


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", dedent(HEAD) + dedent(code)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout


@pytest.mark.parametrize("name", CASES)
def test_a_loop_that_cannot_be_patched_is_told_with_the_way_out(name: str) -> None:
    assert "the loop is __main__.Foreign" in run(CASES[name])


NEEDS_UVLOOP = pytest.mark.skipif(sys.platform == "win32", reason="there is no uvloop for Windows")


@NEEDS_UVLOOP
@pytest.mark.parametrize("name", WITH_UVLOOP)
def test_uvloop_is_told_with_the_way_out(name: str) -> None:
    assert "the loop is uvloop.Loop" in run("import uvloop\n" + dedent(WITH_UVLOOP[name]))


@NEEDS_UVLOOP
def test_the_way_out_works_under_uvloop() -> None:
    code = """
        import uvloop
        async def main():
            with cf.sandbox(messages=30, images=0) as world:
                one = await cf.fetch_async(cf.Webex("Project Apollo"), config=world.config, progress=False)
                two = cf.fetch(cf.Webex("Project Apollo"), config=world.config, progress=False)
                print(len(one), len(two))
        uvloop.run(main())
        """
    assert run(code) == "30 30\n"


@pytest.mark.parametrize("running", [True, False])
def test_elsewhere_it_is_patched_and_nested_loops_run(running: bool) -> None:
    code = """
        async def one(): return 1
        def nested():
            cf.enable_nested_loops()
            return asyncio.run(one())
        async def main(): return nested()
        print(asyncio.run(main()) if {running} else nested())
        """
    assert run(dedent(code).format(running=running)) == "1\n"


def test_asking_leaves_no_loop_open() -> None:
    code = "async def main(): print(told())\nwarnings.simplefilter('error')\nasyncio.run(main())\n"
    assert run(code) == "patched\n"
