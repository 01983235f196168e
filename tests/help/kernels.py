"""Run a real Jupyter kernel in its own process, and send it requests and await replies as a notebook does."""

from __future__ import annotations

import ast
import os
import shutil
import tempfile
import time
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from help.holding import ROOM, HoldingWebex
from jupyter_client.manager import KernelManager

import chatframes

PATIENCE_SECONDS = 60  # only a failing test waits this long
INTERRUPT_SECONDS = 4.0  # two are promised; a loaded machine gets as long again
REPOSITORY = Path(chatframes.__file__).parent.parent

BLOCKING = "df = cf.fetch(cf.Webex({room!r}), images=True, config={config!r})"
AWAITED = "df = await cf.fetch_async(cf.Webex({room!r}), images=True, config={config!r})"
OLD_WAY = (
    "df = asyncio.get_event_loop().run_until_complete("
    "cf.fetch_async(cf.Webex({room!r}), images=True, config={config!r}))"
)


def clean_environment(folder: Path) -> dict[str, str]:
    """Return an environment for a child process that knows nothing of this machine's settings."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("WEBEX_", "TELEGRAM_", "CHATFRAMES_"))
    }
    jupyter = {name: str(folder) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    paths = [str(REPOSITORY), str(Path(__file__).parents[1])]
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
                "import asyncio, sys, chatframes as cf; from chatframes import loop; from help.holding import outcomes"
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

    def send(self, code: str, *, subshell: str | None = None, **expressions: str) -> str:
        """Send a cell and return its id at once; `expressions` are evaluated after it."""
        # A failed cell makes the kernel drop the cells queued behind it; here the next cell asks what is left.
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": expressions}
        return self._send("execute_request", {**content, "allow_stdin": False, "stop_on_error": False}, subshell)

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

    def value(self, expression: str, *, subshell: str | None = None) -> Any:
        """Return what a literal expression is in the kernel now; in a subshell, while its main thread is busy, too."""
        result = self.reply(self.send("", subshell=subshell, value=expression))["user_expressions"]["value"]
        assert result["status"] == "ok", result
        return ast.literal_eval(result["data"]["text/plain"])

    def new_subshell(self) -> str:
        """Start a thread that answers beside the main one, as JupyterLab does for widgets, and return its id."""
        create = self._client.session.msg("create_subshell_request", {})
        self._client.control_channel.send(create)
        while True:
            answer = self._client.get_control_msg(timeout=PATIENCE_SECONDS)
            if answer["parent_header"].get("msg_id") == create["header"]["msg_id"]:
                return str(answer["content"]["subshell_id"])

    def change(self, widget: str, *, subshell: str | None = None, **state: Any) -> None:
        """Do what the page does when somebody uses the widget with that model id; nothing answers it."""
        data = {"method": "update", "state": state, "buffer_paths": []}
        self._send("comm_msg", {"comm_id": widget, "data": data}, subshell)

    def interrupt(self) -> None:
        """Press the stop button."""
        self._manager.interrupt_kernel()

    def until_shown(self, cell: str) -> None:
        """Wait until a cell shows something, a progress bar for example: its code is running."""
        while True:
            message = self._client.get_iopub_msg(timeout=PATIENCE_SECONDS)
            if message["msg_type"] in ("display_data", "stream") and message["parent_header"].get("msg_id") == cell:
                return

    def outputs(self, code: str, *, allow_stdin: bool, **metadata: Any) -> list[tuple[str, Any]]:
        """Run a cell as another front end would, and return kind and content of all that it shows."""
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
        request = {**content, "allow_stdin": allow_stdin, "stop_on_error": False}
        message = self._client.session.msg("execute_request", request, metadata=metadata)
        self._client.shell_channel.send(message)
        shown = []
        while True:
            answer = self._client.get_iopub_msg(timeout=PATIENCE_SECONDS)
            if answer["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            if answer["msg_type"] == "status" and answer["content"]["execution_state"] == "idle":
                return shown
            shown.append((answer["msg_type"], answer["content"]))

    def until_all_sent_has_arrived(self) -> None:
        """Wait until the kernel has taken in everything sent so far, though its main thread may be busy.

        A subshell answers in a thread of its own, and its requests travel behind those on the same socket.
        """
        self._collect(self._send("kernel_info_request", {}, self.new_subshell()))

    def listen(self, seconds: float) -> None:
        """Take in the next reply, if one comes in that time."""
        try:
            message = self._client.get_shell_msg(timeout=seconds)
        except Empty:
            return
        self._replies[message["parent_header"].get("msg_id", "")] = message["content"]

    def _send(self, kind: str, content: dict[str, Any], subshell: str | None) -> str:
        message = self._client.session.msg(kind, content)
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        self._client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def _collect(self, wanted: str) -> None:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while wanted not in self._replies:
            assert time.monotonic() < give_up, f"no reply from the kernel in {PATIENCE_SECONDS} s"
            self.listen(1)


def cell(template: str, server: HoldingWebex) -> str:
    """Return a cell that fetches the server's room."""
    return template.format(room=ROOM, config=server.config)


def assert_nothing_is_left(kernel: Kernel, server: HoldingWebex) -> None:
    """Wait for the last connection to close; by then the library's loop must have no task."""
    server.until_nobody_is_connected()
    assert tasks_left(kernel) == []


def tasks_left(kernel: Kernel) -> Any:
    """Return what is still running on the library's loop there."""
    return kernel.value("[repr(task) for task in asyncio.all_tasks(loop.get())]")
