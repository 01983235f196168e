"""Logging in to Telegram with a QR code: scanned, expired, with a password, given up; and nothing of it is kept."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ipywidgets
import pytest
from help.fake_login import CODE, LINK_TOKEN, PASSWORD, PHONE, FakeLoginClient, install, until_idle
from help.hurrying import fast_clock
from PIL import Image
from telethon.sessions import StringSession

import chatframes as cf
from chatframes import TelegramLogin, loop
from chatframes.notebook.telegram_login import LoginCard
from chatframes.sources.telegram.store import session_file, session_name
from chatframes.world.sandbox import World
from chatframes.world.telegram.server import FILES_DC

CONFIG = {"telegram": {"api_id": 12345, "api_hash": "0123456789abcdef0123456789abcdef"}}
PATIENCE_SECONDS = 60  # only a failing test waits this long


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with cf.sandbox(messages=20, images=2) as world:
        yield world


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatframes.sources.telegram.login.SYSTEM", fast_clock(40))


def nobody(world: World) -> dict[str, Any]:
    telegram = {name: value for name, value in world.config["telegram"].items() if name != "session"}
    return {"telegram": telegram}


def link_of(login: TelegramLogin) -> str:
    assert login.link is not None
    return login.link.get_secret_value()


# --- the steps, with a real client at the sandbox ----------------------------------------------------------------


def test_a_scanned_code_logs_in_and_the_login_is_kept(world: World) -> None:
    login = TelegramLogin(nobody(world))
    assert "scan the QR code" in loop.run(login.ask_for_qr())
    assert login.state == "qr shown"
    world.scan(link_of(login))
    assert loop.run(login.wait_for_scan()).startswith("Logged in to Telegram as ")
    assert (login.state, login.link) == ("done", None)
    frame = cf.fetch(cf.Telegram("@apollo"), config=nobody(world), progress=False)
    assert len(frame) == 20
    assert loop.run(TelegramLogin(nobody(world)).ask_for_qr()).startswith("Logged in"), "and needs no code any more"


def test_an_account_with_a_password_is_asked_for_it(world: World) -> None:
    login = TelegramLogin(nobody(world))
    loop.run(login.ask_for_qr())
    world.scan(link_of(login), password=True)
    assert "check_password(password)" in loop.run(login.wait_for_scan())
    assert login.state == "password needed"
    loop.run(login.check_password(world.login["password"]))
    assert login.state == "done"


def test_while_nobody_scans_there_is_always_a_code_that_is_still_good(world: World) -> None:
    login = TelegramLogin(nobody(world))
    loop.run(login.ask_for_qr())
    links = [link_of(login)]
    for _ in range(3):
        loop.run(login.wait_for_scan())
        assert login.state == "qr shown"
        links.append(link_of(login))
    assert len(set(links)) == 4
    world.scan(links[-1])
    loop.run(login.wait_for_scan())
    assert login.state == "done"
    with pytest.raises(cf.ConfigError, match="No QR code is shown"):
        loop.run(login.wait_for_scan())


def test_an_earlier_code_that_has_just_been_scanned_counts_too(world: World) -> None:
    login = TelegramLogin(nobody(world))
    loop.run(login.ask_for_qr())
    first = link_of(login)
    loop.run(login.wait_for_scan())
    world.scan(first)
    loop.run(login.wait_for_scan())
    assert login.state == "done"


def test_the_sandbox_lets_in_nobody_with_an_old_or_made_up_code(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(cf.ConfigError, match="no such login link was shown here"):
        world.scan("tg://login?token=AAAA")
    monkeypatch.setattr("chatframes.world.telegram.login.TOKEN_SECONDS", -1.0)
    login = TelegramLogin(nobody(world))
    loop.run(login.ask_for_qr())
    with pytest.raises(cf.ConfigError, match="last half minute"):
        world.scan(link_of(login))
    loop.run(login.close())


def test_one_can_take_the_phone_after_all(world: World) -> None:
    login = TelegramLogin(nobody(world))
    loop.run(login.ask_for_qr())
    loop.run(login.send_code(world.login["phone"]))
    loop.run(login.sign_in(world.login["code"]))
    assert login.state == "done"


def test_the_link_is_never_in_words_and_gone_when_the_login_is_closed(world: World) -> None:
    login = TelegramLogin(nobody(world))
    loop.run(login.ask_for_qr())
    token = link_of(login).partition("=")[2]
    assert token not in f"{login!r} {login.describe()} {login.link!r} {vars(login)}"
    loop.run(login.close())
    assert (login.link, login.state) == (None, "new")


@pytest.fixture
def far_world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The accounts live in the other data centre than the one that is asked first, as most do at Telegram."""
    for who in ("me", "second"):
        monkeypatch.setitem(world._telegram._door.homes, who, FILES_DC)
    return world


def kept_centre(world: World) -> int:
    """The data centre of the login that is kept."""
    session = session_file(session_name(cf.load_config(nobody(world)).telegram))
    return StringSession(json.loads(session.read_text())["session"]).dc_id


@pytest.mark.parametrize("password", [False, True], ids=["", "with a password"])
def test_an_account_of_another_data_centre_is_logged_in_there(far_world: World, password: bool) -> None:
    world = far_world
    login = TelegramLogin(nobody(world))
    loop.run(login.ask_for_qr())
    world.scan(link_of(login), password=password)
    loop.run(login.wait_for_scan())
    if password:
        assert login.state == "password needed"
        with pytest.raises(cf.AuthError, match="not the account's password"):
            loop.run(login.check_password("wrong"))
        loop.run(login.check_password(world.login["password"]))
    assert login.state == "done"
    assert kept_centre(world) == FILES_DC
    for _ in range(2):
        frame = cf.fetch(cf.Telegram("@apollo"), images=True, config=nobody(world), progress=False)
        assert (len(frame), frame["n_images"].sum()) == (20, 2)
        cf.shutdown()  # a new process would find it, too
    assert "Logged in" in loop.run(TelegramLogin(nobody(world)).check())


def test_a_phone_number_of_another_data_centre_is_logged_in_there(far_world: World) -> None:
    world = far_world
    login = TelegramLogin(nobody(world))
    loop.run(login.send_code(world.login["phone"]))
    loop.run(login.sign_in(world.login["code"]))
    assert (login.state, kept_centre(world)) == ("done", FILES_DC)
    assert len(cf.fetch(cf.Telegram("@apollo"), config=nobody(world), progress=False)) == 20


def test_the_form_logs_an_account_of_another_data_centre_in(far_world: World) -> None:
    world = far_world
    login = TelegramLogin(nobody(world))
    card = LoginCard(login)
    card.qr_button.click()
    until(card, lambda: card.qr.value)
    world.scan(link_of(login))
    until(card, lambda: "Logged in" in card.status.value)


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


def scanning(client: FakeLoginClient, login: TelegramLogin) -> LoginCard:
    """Return a form that shows a QR code, and waits for it to be scanned."""
    client.held = "wait_for_scan"
    card = LoginCard(login)
    card.qr_button.click()
    assert client.asked.wait(PATIENCE_SECONDS)
    until(card, lambda: card.qr.value)
    return card


def test_the_form_shows_a_code_until_it_is_scanned_and_keeps_nothing_of_it(client: FakeLoginClient) -> None:
    card = scanning(client, TelegramLogin(CONFIG))
    with Image.open(io.BytesIO(card.qr.value)) as picture:
        assert picture.format == "PNG"
        assert picture.width == picture.height >= 150
    assert card.qr in card.box.children
    assert "Link Desktop Device" in card.status.value
    assert LINK_TOKEN not in saved(card), "not in words, that is"
    client.scanned = True
    loop.get().call_soon_threadsafe(client.gate.set)
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
    card = scanning(client, TelegramLogin(CONFIG))
    card.again.click()
    assert card.qr.value == b""
    assert card.phone in card.box.children
    until_idle()
    assert client.calls == ["login_link", "wait_for_scan"]


def test_a_code_that_nobody_scans_is_taken_down_after_a_while(
    client: FakeLoginClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatframes.notebook.telegram_login.MOST_LOOKS", 3)
    card = LoginCard(TelegramLogin(CONFIG))
    card.qr_button.click()
    until(card, lambda: "Nobody scanned" in card.status.value)
    assert card.qr.value == b""
    assert card.phone in card.box.children
    assert client.calls == ["login_link", *["wait_for_scan"] * 3]
    assert client.closed == 1


def test_starting_over_hangs_up_and_forgets_the_link(client: FakeLoginClient) -> None:
    login = TelegramLogin(CONFIG)
    card = scanning(client, login)
    card.again.click()
    until(card, lambda: not card.button.disabled)
    assert (login.state, login.link, client.closed) == ("new", None, 1)
    card.phone.value = PHONE
    card.button.click()
    until(card, lambda: card.code in card.box.children)


def test_closing_ends_a_wait_for_a_scan(client: FakeLoginClient) -> None:
    login = TelegramLogin(CONFIG)
    client.held = "wait_for_scan"
    loop.run(login.ask_for_qr())
    waits = asyncio.run_coroutine_threadsafe(login.wait_for_scan(), loop.get())
    assert client.asked.wait(PATIENCE_SECONDS)
    loop.run(login.close())
    assert "send_code(phone)" in waits.result(PATIENCE_SECONDS)
    assert (login.state, login.link, client.closed) == ("new", None, 1)


def test_after_a_shutdown_the_form_says_so_and_offers_the_phone(client: FakeLoginClient) -> None:
    card = scanning(client, TelegramLogin(CONFIG))
    cf.shutdown()
    until(card, lambda: "was ended before it was done" in card.status.value)
    assert card.qr.value == b""
    assert card.phone in card.box.children


def test_a_link_is_offered_only_while_its_code_is_shown(client: FakeLoginClient) -> None:
    login = TelegramLogin(CONFIG)
    loop.run(login.ask_for_qr())
    assert login.link is not None
    loop.run(login.send_code(PHONE))
    assert (login.state, login.link) == ("code sent", None)


@pytest.mark.parametrize("text", ["tg://login?token=AAAAA", "https://example.org", "tg://login?token=é", ""])
def test_what_is_no_link_is_a_sentence_at_the_sandboxs_phone(world: World, text: str) -> None:
    with pytest.raises(cf.ConfigError, match="no such login link was shown here"):
        world.scan(text)


# --- the form is taken away --------------------------------------------------------------------------------------


def type_into(card: LoginCard, field: Any, typed: str) -> None:
    field.value = typed
    card.button.click()


def widgets_of(card: LoginCard) -> list[Any]:
    return [one for one in vars(card).values() if isinstance(one, ipywidgets.Widget)]


def assert_gone(card: LoginCard) -> None:
    """Nothing is left on the page, nor of what was typed or to be scanned."""
    assert card.closed
    assert len(widgets_of(card)) == 10
    assert all(widget.comm is None for widget in widgets_of(card))
    assert (card.qr.value, card.phone.value, card.code.value, card.password.value) == (b"", "", "", "")


def begin(card: LoginCard, client: FakeLoginClient, how_far: str) -> None:
    """Use the form until a login is so far; the step that is named is held by Telegram."""
    if how_far in ("login_link", "send_code", "sign_in", "check_password"):
        client.held = how_far
    if how_far in ("nothing", "something typed"):
        card.phone.value = PHONE if how_far == "something typed" else ""
        return
    if how_far in ("login_link", "qr shown"):
        client.held = client.held or "wait_for_scan"
        card.qr_button.click()
        assert client.asked.wait(PATIENCE_SECONDS)
        return
    type_into(card, card.phone, PHONE)
    if how_far == "send_code":
        assert client.asked.wait(PATIENCE_SECONDS)
        return
    until(card, lambda: card.code in card.box.children and not card.button.disabled)
    if how_far == "code sent":
        return
    type_into(card, card.code, CODE)
    if how_far == "sign_in":
        assert client.asked.wait(PATIENCE_SECONDS)
        return
    until(card, lambda: card.password in card.box.children and not card.button.disabled)
    if how_far == "check_password":
        type_into(card, card.password, PASSWORD)
        assert client.asked.wait(PATIENCE_SECONDS)


@pytest.mark.parametrize("how_far", ["nothing", "something typed"])
def test_a_form_that_was_not_used_is_just_taken_away(client: FakeLoginClient, how_far: str) -> None:
    card = LoginCard(TelegramLogin(CONFIG))
    begin(card, client, how_far)
    card.close()
    until_idle()
    assert_gone(card)
    assert (client.calls, client.closed) == ([], 0)


@pytest.mark.parametrize(
    "how_far",
    ["login_link", "qr shown", "send_code", "code sent", "sign_in", "password needed", "check_password"],
)
def test_a_form_that_is_taken_away_ends_what_is_under_way_and_hangs_up(client: FakeLoginClient, how_far: str) -> None:
    client.needs_password = True
    login = TelegramLogin(CONFIG)
    card = LoginCard(login)
    begin(card, client, how_far)
    so_far = list(client.calls)
    card.close()
    left = card.box.children, card.status.value
    card.close()
    for button in (card.button, card.again, card.qr_button):
        button.click()  # this was on its way
    client.scanned = True
    loop.get().call_soon_threadsafe(client.gate.set)
    until_idle()
    assert_gone(card)
    assert (login.state, login.link, client.closed, client.calls) == ("new", None, 1, so_far)
    assert (card.box.children, card.status.value) == left, "whatever came later is not shown"


def test_a_form_that_is_taken_away_at_once_asks_for_nothing(client: FakeLoginClient) -> None:
    login = TelegramLogin(CONFIG)
    card = LoginCard(login)
    with blocking_held():
        card.qr_button.click()
        card.close()
    until_idle()
    assert_gone(card)
    assert (client.calls, login.state) == ([], "new")


@contextmanager
def blocking_held() -> Iterator[None]:
    """Let nothing happen on the library's loop meanwhile."""
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        held.set()
        assert go_on.wait(PATIENCE_SECONDS)

    loop.get().call_soon_threadsafe(hold)
    assert held.wait(PATIENCE_SECONDS)
    yield
    go_on.set()


def test_a_form_that_is_done_is_taken_away_and_the_login_stays(client: FakeLoginClient) -> None:
    login = TelegramLogin(CONFIG)
    card = LoginCard(login)
    begin(card, client, "code sent")
    type_into(card, card.code, CODE)
    until(card, lambda: "Logged in" in card.status.value)
    card.close()
    until_idle()
    assert_gone(card)
    assert (login.state, client.closed) == ("done", 1)


@pytest.mark.parametrize("how_far", ["connecting", "qr shown", "code sent", "password needed"])
def test_at_the_sandbox_a_form_that_is_taken_away_leaves_no_connection(world: World, how_far: str) -> None:
    login = TelegramLogin(nobody(world))
    card = LoginCard(login)
    if how_far in ("connecting", "qr shown"):
        card.qr_button.click()
    else:
        type_into(card, card.phone, world.login["phone_with_password"])
    if how_far == "qr shown":
        until(card, lambda: card.qr.value)
    if how_far in ("code sent", "password needed"):
        until(card, lambda: card.code in card.box.children and not card.button.disabled)
    if how_far == "password needed":
        type_into(card, card.code, world.login["code"])
        until(card, lambda: card.password in card.box.children and not card.button.disabled)
    card.close()
    until_idle()
    assert_gone(card)
    assert (login.state, login.link) == ("new", None)
    assert any(world.stats()["telegram"]["open_connections"] == 0 for _ in range(1000))
