"""A fake Telegram login for the tests of the steps, the form and the command line."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from chatframes import loop
from chatframes.errors import AuthError, RateLimited
from chatframes.settings.checks import Secret

LINK_TOKEN = "cXItdG9rZW4tb2Ytbm9ib2R5"
PATIENCE_SECONDS = 60  # only a failing test waits this long
PHONE, CODE, PASSWORD = "+9996621234", "22222", " dome and telescope "


class FakeLoginClient:
    """Accepts one phone, one code and one password, and counts."""

    def __init__(self, *, needs_password: bool = False, name: str | None = None) -> None:
        self.needs_password, self.name = needs_password, name
        self.calls: list[str] = []
        self.expired = self.limited = self.scanned = False
        self.held: str | None = None  # the call that is answered only when the gate is opened
        self.gate = asyncio.Event()
        self.asked = threading.Event()  # the call that is held has come
        self.closed = 0

    async def _called(self, name: str) -> None:
        self.calls.append(name)
        if name == self.held:
            self.asked.set()
            await self.gate.wait()

    async def who(self) -> str | None:
        return self.name

    async def send_code(self, phone: Any) -> None:
        await self._called("send_code")
        if self.limited:
            raise RateLimited("Telegram asks to wait 84,600 s before the next try: come back at 2026-11-02 12:00 UTC")
        if phone.get_secret_value() != PHONE:
            raise AuthError("Telegram knows no such phone number")

    async def sign_in(self, code: Any) -> bool:
        await self._called("sign_in")
        if self.expired:
            from chatframes.sources.telegram.signing_in import CodeExpired  # imports Telethon: half a second

            raise CodeExpired("this code has expired: ask for another one")
        if code.get_secret_value() != CODE:
            raise AuthError("this is not the code that Telegram sent")
        if not self.needs_password:
            self.name = "Ada Lovelace"
        return not self.needs_password

    async def check_password(self, password: Any) -> None:
        await self._called("check_password")
        if password.get_secret_value() != PASSWORD:
            raise AuthError("this is not the account's password")
        self.name = "Ada Lovelace"

    async def login_link(self, *, wait: bool = False) -> Any:
        await self._called("wait_for_scan" if wait else "login_link")
        if self.scanned and wait:
            self.name = None if self.needs_password else "Ada Lovelace"
            return "password needed" if self.needs_password else "done"
        return Secret(f"tg://login?token={LINK_TOKEN}{self.calls.count('wait_for_scan')}")

    async def log_out(self) -> None:
        self.calls.append("log_out")
        self.name = None

    async def close(self) -> None:
        self.closed += 1


def install(patch: Any, client: FakeLoginClient) -> FakeLoginClient:
    """Let every login speak to this client."""
    import chatframes.sources.telegram.login

    async def client_for(telegram: object) -> FakeLoginClient:
        return client

    patch.setattr(chatframes.sources.telegram.login, "_client_for", client_for)
    return client


def until_idle() -> None:
    """Wait until nothing is under way on the library's loop."""

    async def ended() -> None:
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            assert (await asyncio.wait(others, timeout=PATIENCE_SECONDS))[0]

    loop.run(ended())
