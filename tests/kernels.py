"""A real Jupyter kernel in its own process, driven the way a notebook drives it: requests sent, replies awaited."""

from __future__ import annotations

import ast
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import KernelManager

import chatframes

PATIENCE_SECONDS = 60  # only a failing test waits this long
REPOSITORY = Path(chatframes.__file__).parent.parent


def clean_environment(folder: Path) -> dict[str, str]:
    """Return an environment for a child process that knows nothing of this machine's settings."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("WEBEX_", "TELEGRAM_", "CHATFRAMES_"))
    }
    jupyter = {name: str(folder) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    paths = [str(REPOSITORY), str(Path(__file__).parent)]
    return {
        **kept,
        **jupyter,
        "IPYTHONDIR": str(folder),
        "JUPYTER_PLATFORM_DIRS": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "PYTHONPATH": os.pathsep.join(paths),
    }


class Kernel:
    """One kernel and one client of it; use it in a ``with`` block."""

    def __enter__(self) -> Kernel:
        self._folder = Path(tempfile.mkdtemp(prefix="cf-"))  # short: the paths of sockets have a limit
        environment = clean_environment(self._folder)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            self._manager = KernelManager(
                kernel_name="python3", transport="ipc", connection_file=str(self._folder / "kernel.json")
            )
            self._manager.start_kernel(env=environment, cwd=str(self._folder))
        self._client = self._manager.client()
        self._client.start_channels()
        self._replies: dict[str, dict[str, Any]] = {}
        try:
            self._client.wait_for_ready(timeout=PATIENCE_SECONDS)
            self.run(
                "import asyncio, sys, chatframes as cf; from chatframes import blocking; from holding import outcomes"
            )
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._manager.cleanup_resources()
        self._client.context.destroy(linger=0)
        shutil.rmtree(self._folder, ignore_errors=True)

    def send(self, code: str, **expressions: str) -> str:
        """Send a cell and return its id at once; `expressions` are evaluated after it."""
        # A failed cell makes the kernel drop the cells queued behind it; here the next cell asks what is left.
        return self._client.execute(code, user_expressions=expressions, allow_stdin=False, stop_on_error=False)

    def reply(self, cell: str) -> dict[str, Any]:
        """Wait for a cell's reply."""
        self._collect(cell)
        return self._replies[cell]

    def answered(self, cell: str) -> bool:
        """Whether the reply to a cell has come."""
        return cell in self._replies

    def run(self, code: str) -> None:
        """Run a cell that must not fail."""
        reply = self.reply(self.send(code))
        assert reply["status"] == "ok", "\n".join(reply.get("traceback", [str(reply)]))

    def value(self, expression: str) -> Any:
        """Return what a literal expression is in the kernel now."""
        result = self.reply(self.send("", value=expression))["user_expressions"]["value"]
        assert result["status"] == "ok", result
        return ast.literal_eval(result["data"]["text/plain"])

    def interrupt(self) -> None:
        """Press the stop button."""
        self._manager.interrupt_kernel()

    def until_all_sent_has_arrived(self) -> None:
        """Wait until the kernel has taken in every cell sent so far, though its main thread may be busy.

        A subshell answers in a thread of its own, and its requests travel behind those cells on the same socket.
        """
        session = self._client.session
        create = session.msg("create_subshell_request", {})
        self._client.control_channel.send(create)
        while (answer := self._client.get_control_msg(timeout=PATIENCE_SECONDS))["parent_header"].get(
            "msg_id"
        ) != create["header"]["msg_id"]:
            pass
        ask = session.msg("kernel_info_request", {})
        ask["header"]["subshell_id"] = answer["content"]["subshell_id"]
        self._client.shell_channel.send(ask)
        self._collect(ask["header"]["msg_id"])

    def _collect(self, wanted: str) -> None:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while wanted not in self._replies:
            message = self._client.get_shell_msg(timeout=max(0.1, give_up - time.monotonic()))
            self._replies[message["parent_header"].get("msg_id", "")] = message["content"]
