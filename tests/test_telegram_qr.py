"""Logging in to Telegram with a QR code: scanned, expired, with a password, given up; and nothing of it is kept."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from fake_login import LINK_TOKEN, PASSWORD, PHONE, FakeLoginClient, install
from fakes import fast_clock
from PIL import Image

import chatframes as cf
from chatframes import TelegramLogin, blocking
from chatframes.notebook.login import LoginCard
from chatframes.sandbox import World

CONFIG = {"telegram": {"api_id": 12345, "api_hash": "0123456789abcdef0123456789abcdef"}}
PATIENCE_SECONDS = 60  # only a failing test waits this long


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with cf.sandbox(messages=20, images=2) as world:
        yield world


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatframes.login.SYSTEM", fast_clock(40))


def nobody(world: World) -> dict[str, Any]:
    telegram = {name: value for name, value in world.config["telegram"].items() if name != "session"}
    return {"telegram": telegram}


def link_of(login: TelegramLogin) -> str:
    assert login.link is not None
    return login.link.get_secret_value()


# --- the steps, with a real client at the sandbox ----------------------------------------------------------------


def test_a_scanned_code_logs_in_and_the_login_is_kept(world: World) -> None:
    login = TelegramLogin(nobody(world))
    assert "scan the QR code" in blocking.run(login.ask_for_qr())
    assert login.state == "qr shown"
    world.scan(link_of(login))
    assert blocking.run(login.wait_for_scan()).startswith("Logged in to Telegram as ")
    assert (login.state, login.link) == ("done", None)
    frame = cf.fetch(cf.Telegram("@apollo"), config=nobody(world), progress=False)
    assert len(frame) == 20
    assert blocking.run(TelegramLogin(nobody(world)).ask_for_qr()).startswith("Logged in"), "and needs no code any more"


def test_an_account_with_a_password_is_asked_for_it(world: World) -> None:
    login = TelegramLogin(nobody(world))
    blocking.run(login.ask_for_qr())
    world.scan(link_of(login), password=True)
    assert "check_password(password)" in blocking.run(login.wait_for_scan())
    assert login.state == "password needed"
    blocking.run(login.check_password(world.login["password"]))
    assert login.state == "done"


def test_while_nobody_scans_there_is_always_a_code_that_is_still_good(world: World) -> None:
    login = TelegramLogin(nobody(world))
    blocking.run(login.ask_for_qr())
    links = [link_of(login)]
    for _ in range(3):
        blocking.run(login.wait_for_scan())
        assert login.state == "qr shown"
        links.append(link_of(login))
    assert len(set(links)) == 4
    world.scan(links[-1])
    blocking.run(login.wait_for_scan())
    assert login.state == "done"
    with pytest.raises(cf.ConfigError, match="no QR code is shown"):
        blocking.run(login.wait_for_scan())


def test_an_earlier_code_that_has_just_been_scanned_counts_too(world: World) -> None:
    login = TelegramLogin(nobody(world))
    blocking.run(login.ask_for_qr())
    first = link_of(login)
    blocking.run(login.wait_for_scan())
    world.scan(first)
    blocking.run(login.wait_for_scan())
    assert login.state == "done"


def test_the_sandbox_lets_in_nobody_with_an_old_or_made_up_code(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(cf.ConfigError, match="none that was shown here"):
        world.scan("tg://login?token=AAAA")
    monkeypatch.setattr("chatframes.sandbox.telegram_login.TOKEN_SECONDS", -1.0)
    login = TelegramLogin(nobody(world))
    blocking.run(login.ask_for_qr())
    with pytest.raises(cf.ConfigError, match="last half minute"):
        world.scan(link_of(login))
    blocking.run(login.close())


def test_one_can_take_the_phone_after_all(world: World) -> None:
    login = TelegramLogin(nobody(world))
    blocking.run(login.ask_for_qr())
    blocking.run(login.send_code(world.login["phone"]))
    blocking.run(login.sign_in(world.login["code"]))
    assert login.state == "done"


def test_the_link_is_never_in_words_and_gone_when_the_login_is_closed(world: World) -> None:
    login = TelegramLogin(nobody(world))
    blocking.run(login.ask_for_qr())
    token = link_of(login).partition("=")[2]
    assert token not in f"{login!r} {login.describe()} {login.link!r} {vars(login)}"
    blocking.run(login.close())
    assert (login.link, login.state) == (None, "new")


# --- the form ----------------------------------------------------------------------------------------------------


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> FakeLoginClient:
    return install(monkeypatch, FakeLoginClient())


def until(card: LoginCard, reached: Any) -> None:
    """Wait until the form shows something."""
    come = threading.Event()

    def look(_: object = None) -> None:
        if reached():
            come.set()

    widgets = (card.status, card.qr, card.button, card.box)
    for widget in widgets:
        widget.observe(look)
    look()
    assert come.wait(PATIENCE_SECONDS)
    for widget in widgets:
        widget.unobserve(look)


def saved(card: LoginCard) -> str:
    widgets = [
        card.box,
        card.phone,
        card.code,
        card.password,
        card.button,
        card.again,
        card.qr_button,
        card.qr,
        card.status,
    ]
    return repr([widget.get_state() for widget in widgets])


def waiting(client: FakeLoginClient) -> None:
    async def make() -> None:
        client.gate = asyncio.Event()

    blocking.run(make())


def test_the_form_shows_a_code_until_it_is_scanned_and_keeps_nothing_of_it(client: FakeLoginClient) -> None:
    waiting(client)
    login = TelegramLogin(CONFIG)
    card = LoginCard(login)
    card.qr_button.click()
    until(card, lambda: card.qr.value)
    with Image.open(io.BytesIO(card.qr.value)) as picture:
        assert picture.format == "PNG"
        assert picture.width == picture.height >= 150
    assert card.qr in card.box.children
    assert "Link Desktop Device" in card.status.value
    assert LINK_TOKEN not in saved(card), "not in words, that is"
    client.scanned = True
    blocking.loop().call_soon_threadsafe(client.gate.set)
    until(card, lambda: "Logged in" in card.status.value)
    assert card.qr.value == b""
    assert card.box.children == (card.status,)


def test_a_password_is_asked_for_after_the_scan(client: FakeLoginClient) -> None:
    client.needs_password = client.scanned = True
    card = LoginCard(TelegramLogin(CONFIG))
    card.qr_button.click()
    until(card, lambda: card.password in card.box.children)
    until(card, lambda: not card.button.disabled)
    card.password.value = PASSWORD
    card.button.click()
    until(card, lambda: "Logged in" in card.status.value)


def test_starting_over_takes_the_code_off_the_page_and_ends_the_waiting(client: FakeLoginClient) -> None:
    waiting(client)
    card = LoginCard(TelegramLogin(CONFIG))
    card.qr_button.click()
    until(card, lambda: card.qr.value)
    card.again.click()
    assert card.qr.value == b""
    assert card.phone in card.box.children

    async def others() -> int:
        for _ in range(5):
            await asyncio.sleep(0)
        return len(asyncio.all_tasks()) - 1

    assert blocking.run(others()) <= 1  # the one that asks
    assert client.calls.count("wait_for_scan") <= 1


def test_a_code_that_nobody_scans_is_taken_down_after_a_while(
    client: FakeLoginClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatframes.notebook.login.MOST_LOOKS", 3)
    card = LoginCard(TelegramLogin(CONFIG))
    card.qr_button.click()
    until(card, lambda: "nobody has scanned" in card.status.value)
    assert card.qr.value == b""
    assert card.phone in card.box.children
    assert client.calls == ["login_link", *["wait_for_scan"] * 3]


def test_starting_over_hangs_up_and_forgets_the_link(client: FakeLoginClient) -> None:
    waiting(client)
    login = TelegramLogin(CONFIG)
    card = LoginCard(login)
    card.qr_button.click()
    until(card, lambda: card.qr.value)
    card.again.click()
    until(card, lambda: not card.button.disabled)
    assert (login.state, login.link, client.closed) == ("new", None, 1)
    client.gate = None
    card.phone.value = PHONE
    card.button.click()
    until(card, lambda: card.code in card.box.children)


def test_only_the_kernels_own_thread_speaks_to_the_browser(client: FakeLoginClient) -> None:
    waiting(client)
    client.scanned = True
    card = LoginCard(TelegramLogin(CONFIG))

    async def kernel() -> None:
        threads, shown, finished = set(), asyncio.Event(), asyncio.Event()
        for widget in (card.qr, card.box, card.status, card.button):
            widget.observe(lambda _: threads.add(threading.current_thread()))
        card.qr.observe(lambda change: shown.set() if change["new"] else None, "value")
        card.status.observe(lambda change: finished.set() if "Logged in" in change["new"] else None, "value")
        card.qr_button.click()
        await asyncio.wait_for(shown.wait(), PATIENCE_SECONDS)
        blocking.loop().call_soon_threadsafe(client.gate.set)
        await asyncio.wait_for(finished.wait(), PATIENCE_SECONDS)
        assert threads == {threading.current_thread()}

    asyncio.run(kernel())


def test_closing_ends_a_wait_for_a_scan(client: FakeLoginClient) -> None:
    login = TelegramLogin(CONFIG)

    async def cells() -> str:
        client.gate = asyncio.Event()  # nobody ever sets it
        await login.ask_for_qr()
        waits = asyncio.ensure_future(login.wait_for_scan())
        while client.calls[-1] != "wait_for_scan":
            await asyncio.sleep(0)
        await login.close()
        return await asyncio.wait_for(waits, PATIENCE_SECONDS)

    assert "send_code(phone)" in blocking.run(cells())
    assert (login.state, login.link, client.closed) == ("new", None, 1)


def test_after_a_shutdown_the_form_says_so_and_offers_the_phone(client: FakeLoginClient) -> None:
    waiting(client)
    card = LoginCard(TelegramLogin(CONFIG))
    card.qr_button.click()
    until(card, lambda: card.qr.value)
    cf.shutdown()
    until(card, lambda: "was ended before it was done" in card.status.value)
    assert card.qr.value == b""
    assert card.phone in card.box.children


def test_a_link_is_offered_only_while_its_code_is_shown(client: FakeLoginClient) -> None:
    login = TelegramLogin(CONFIG)
    blocking.run(login.ask_for_qr())
    assert login.link is not None
    blocking.run(login.send_code(PHONE))
    assert (login.state, login.link) == ("code sent", None)


@pytest.mark.parametrize("text", ["tg://login?token=AAAAA", "https://example.org", "tg://login?token=é", ""])
def test_what_is_no_link_is_a_sentence_at_the_sandboxs_phone(world: World, text: str) -> None:
    with pytest.raises(cf.ConfigError, match="none that was shown here"):
        world.scan(text)
