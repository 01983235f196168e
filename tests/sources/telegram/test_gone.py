"""What happened is said as it happened: a file that is not there, a session that was ended, a server that is gone."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from help.fake_login import CODE, PHONE, FakeLoginClient, install
from help.hurrying import hurry
from help.telegram_chats import fetch
from telethon import errors
from telethon.tl import functions

import chatframes as cf
from chatframes.model import Refusal
from chatframes.sources.telegram.link import TelegramLink
from chatframes.sources.telegram.login import TelegramLogin
from chatframes.sources.telegram.signing_in import LoginClient, WrongPhone
from chatframes.sources.telegram.silence import too_long_for
from chatframes.sources.telegram.terminal import step_by_step
from chatframes.world.mtproto.server import RpcError, _Connection
from chatframes.world.telegram.methods import Methods
from chatframes.world.telegram.server import TelegramServer

PICTURES = 91
TIMES_FASTER = 20


def failed(frame: Any) -> list[dict[str, Any]]:
    return [row for rows in frame["media"] for row in rows if row["status"] == "failed"]


@pytest.mark.parametrize(
    ("code", "name", "reason"),
    [
        (400, "LOCATION_NOT_AVAILABLE", "gone"),
        (400, "LOCATION_INVALID", "gone"),
        (400, "FILE_ID_INVALID", "gone"),
        (400, "CHANNEL_PRIVATE", "forbidden"),
        (403, "CHAT_FORBIDDEN", "forbidden"),
        (400, "LIMIT_INVALID", "http_4xx"),
    ],
)
def test_a_refused_file_has_the_reason_that_telegram_gave(
    monkeypatch: pytest.MonkeyPatch, code: int, name: str, reason: str
) -> None:
    def refuse(self: Methods, *about: Any) -> Any:
        raise RpcError(code, name)

    monkeypatch.setattr(Methods, "_file", refuse)
    warned = pytest.warns(cf.IncompleteWarning, match="may not see") if reason == "forbidden" else nullcontext()
    with cf.sandbox(messages=60, images=4) as world, warned:
        frame = fetch(world)
    rows = [row for row in failed(frame) if row["reason"] != "not_an_image"]
    assert len(rows) >= 4
    assert {row["reason"] for row in rows} == {reason}
    assert all(name in row["error"] for row in rows)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (401, "AUTH_KEY_UNREGISTERED"),
        (401, "SESSION_REVOKED"),
        (401, "USER_DEACTIVATED"),
        (401, "SESSION_EXPIRED"),
        (406, "AUTH_KEY_DUPLICATED"),
    ],
)
def test_a_session_that_ends_in_the_middle_is_unauthorized_for_every_picture_that_waits(
    monkeypatch: pytest.MonkeyPatch, code: int, name: str
) -> None:
    real, asked = TelegramServer.answer, {"files": 0, "after": 0}
    sent: set[int] = set()
    all_sent = asyncio.Event()

    async def answer(self: TelegramServer, request: Any, client: Any) -> Any:
        asked["files"] += type(request).__name__ == "GetFileRequest"
        if asked["files"] > 10 and (all_sent.is_set() or type(request).__name__ == "GetFileRequest"):
            await all_sent.wait()  # the session ends among the pictures, not among the messages
            asked["after"] += 1
            raise RpcError(code, name)
        given = await real(self, request, client)
        sent.update(message.id for message in getattr(given, "messages", []))
        if len(sent) >= 300:
            all_sent.set()
        return given

    monkeypatch.setattr(TelegramServer, "answer", answer)
    with (
        cf.sandbox(messages=300, images=60) as world,
        pytest.warns(cf.IncompleteWarning, match="login ended before all pictures were there"),
    ):
        frame = fetch(world)
    assert len(frame) == 300
    reasons = [row["reason"] for row in failed(frame)]
    assert len(reasons) >= 30
    assert set(reasons) == {"unauthorized"}
    assert asked["after"] <= 45, "those under way, and no repeats"


def test_a_server_that_is_gone_for_good_ends_the_call_within_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch, TIMES_FASTER)
    real, last = Methods._file, [0.0, 0.0]
    with cf.sandbox(messages=100, images=PICTURES) as world:

        def killed(self: Methods, *about: Any) -> Any:
            last[0] += 1
            if last[0] == 5:
                last[1] = time.monotonic()
                asyncio.get_running_loop().create_task(world._telegram.stop())
            return real(self, *about)

        monkeypatch.setattr(Methods, "_file", killed)
        frame = fetch(world)
        took_seconds = (time.monotonic() - last[1]) * TIMES_FASTER
    rows = failed(frame)
    assert len(rows) >= PICTURES - 25
    assert {row["reason"] for row in rows} == {"connect"}
    # Telethon's own waits do not follow the hurried clock: a second of theirs counts as twenty here.
    assert took_seconds < 20 * TIMES_FASTER


@pytest.fixture
def fall_silent(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let no byte come from any data centre any more, though each goes on taking connections."""
    hurry(monkeypatch, TIMES_FASTER)
    return lambda: monkeypatch.setattr(_Connection, "_receive", lambda self, packet: None)


def test_pages_of_a_server_that_falls_silent_without_hanging_up_are_given_up(
    monkeypatch: pytest.MonkeyPatch, fall_silent: Any
) -> None:
    real, asked = Methods._history, [0]

    def history(self: Methods, *about: Any) -> Any:
        asked[0] += 1
        if asked[0] == 3:
            fall_silent()
        return real(self, *about)

    monkeypatch.setattr(Methods, "_history", history)
    with (
        cf.sandbox(messages=1200, images=0) as world,
        pytest.warns(cf.IncompleteWarning, match="has not answered for 30 s"),
    ):
        frame = fetch(world)
    assert 0 < len(frame) < 1200


def test_pictures_of_a_server_that_falls_silent_without_hanging_up_are_given_up(
    monkeypatch: pytest.MonkeyPatch, fall_silent: Any
) -> None:
    real, asked = Methods._file, [0]

    def file(self: Methods, *about: Any) -> Any:
        asked[0] += 1
        if asked[0] == 5:
            fall_silent()
        return real(self, *about)

    monkeypatch.setattr(Methods, "_file", file)
    with cf.sandbox(messages=100, images=PICTURES) as world:
        frame = fetch(world)
    rows = failed(frame)
    assert len(rows) >= PICTURES - 25
    assert {row["reason"] for row in rows} == {"connect"}
    assert all("has not answered for 30 s" in row["error"] for row in rows)


@pytest.mark.parametrize(
    ("alive", "busy", "seconds", "said"),
    [
        (False, False, 18, "silent for 18 s"),
        (True, False, 60, "no answer within 60 s"),
        (False, True, 60, "no answer within 60 s"),
    ],
    ids=["dead", "alive, with one slow answer", "sending a large answer slowly"],
)
def test_a_slow_server_is_not_taken_for_a_silent_one(alive: bool, busy: bool, seconds: int, said: str) -> None:
    connection, slept = SimpleNamespace(bytes_received=0), [0.0]

    async def sleep(for_seconds: float) -> None:
        slept[0] += for_seconds
        connection.bytes_received += busy

    def send(ping: Any) -> asyncio.Future[Any]:
        connection.bytes_received += alive
        return asyncio.get_running_loop().create_future()

    async def wait() -> str:
        account = SimpleNamespace(unreachable=False)
        clock = SimpleNamespace(monotonic=lambda: slept[0], sleep=sleep)
        sender = SimpleNamespace(_connection=connection, send=send)
        ended = await too_long_for(account, clock, 60.0, sender)  # type: ignore[arg-type]
        assert account.unreachable == ("silent" in ended)
        return ended

    assert asyncio.run(wait()) == said
    assert slept[0] == seconds


def test_another_data_centre_that_says_nothing_ends_a_call_in_which_nothing_else_is_heard() -> None:
    now = [0.0]

    async def never() -> Any:
        raise TimeoutError("no answer within 30 s")

    async def part(heard_at: float) -> list[str]:
        account = SimpleNamespace(revoked=False, unreachable=False, heard_at=heard_at, sender=lambda dc_id: never())
        clock = SimpleNamespace(monotonic=lambda: now[0], sleep=lambda seconds: asyncio.sleep(60))
        link = TelegramLink(account, SimpleNamespace(clock=clock))  # type: ignore[arg-type]
        account.closed = asyncio.Event()
        said = []
        for _ in range(2):
            try:
                said.append((await link._part(functions.upload.GetFileRequest(None, 0, 4096), 4)).reason)
            except Refusal as refusal:
                said.append(refusal.reason)
            now[0] += 31
        return said

    assert asyncio.run(part(heard_at=0.0)) == ["timeout", "connect"]
    now[0] = 0.0
    assert asyncio.run(part(heard_at=30.0)) == ["timeout", "timeout"], "the account's own centre has answered meanwhile"


def test_a_key_that_telegram_does_not_know_is_a_sentence_and_nothing_on_stderr(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with cf.sandbox(messages=60, images=0) as world, caplog.at_level(logging.ERROR, "asyncio"):
        for centre in world._telegram._centres.values():
            centre.clients.clear()
        with pytest.raises(cf.ChatframesError, match="logged out or revoked"):
            fetch(world)
        gc.collect()
    assert "never retrieved" not in caplog.text
    assert "never retrieved" not in capfd.readouterr().err


def test_a_key_that_is_forgotten_between_two_calls_is_a_sentence_and_nothing_on_stderr(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with cf.sandbox(messages=60, images=0) as world, caplog.at_level(logging.ERROR, "asyncio"):
        fetch(world)
        for centre in world._telegram._centres.values():
            centre.clients.clear()
            for connection in list(world._telegram.counts.connections):
                connection._server.clients.clear()
        with pytest.raises(cf.AuthError, match=r"logged out or (was )?revoked"):
            fetch(world)
        gc.collect()
    assert "never retrieved" not in caplog.text


# --- a phone number with which nobody can log in ------------------------------------------------------------------------


class Unregistered(FakeLoginClient):
    """Knows an account for PHONE only; of others Telegram says so when the code is given."""

    async def sign_in(self, code: Any) -> bool:
        if self.phone != PHONE:
            raise WrongPhone("Nobody has a Telegram account with this phone number.")
        return await super().sign_in(code)

    async def send_code(self, phone: Any) -> None:
        self.phone = phone.get_secret_value()
        await super().send_code(phone)


def test_an_unregistered_phone_goes_back_to_the_phone(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Unregistered())
    typed = iter(["+4915550123", PHONE])
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return next(typed)

    monkeypatch.setattr("builtins.input", ask)
    monkeypatch.setattr("chatframes.sources.telegram.terminal.getpass", lambda prompt: CODE)
    login = TelegramLogin({"telegram": {"api_id": 1, "api_hash": "0" * 32}})
    step_by_step(login)
    assert len(asked) == 2
    assert login.state == "done"


@pytest.mark.parametrize(
    "kind",
    [
        errors.PhoneNumberUnoccupiedError,
        errors.PhoneNumberBannedError,
        errors.PhoneNumberInvalidError,
        errors.PhonePasswordProtectedError,
    ],
)
def test_what_telegram_says_of_a_phone_number_asks_for_another_one(kind: type[Exception]) -> None:
    problem = LoginClient(_Nobody())._sentence(kind(None))
    assert isinstance(problem, WrongPhone)


class _Nobody:
    session = None
