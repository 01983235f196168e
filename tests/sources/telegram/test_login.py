"""Logging in to Telegram: by steps, by form and by command, and nothing typed in is left anywhere."""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import pty
import select
import subprocess
import sys
import threading
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import ipywidgets
import pytest
from help.fake_login import CODE, PASSWORD, PHONE, FakeLoginClient, install, until_idle
from help.sampling import sampled
from IPython.core.events import EventManager, available_events
from telethon import errors
from telethon.sessions import StringSession

import chatframes as cf
from chatframes import loop
from chatframes.__main__ import main
from chatframes.notebook.telegram_login import LoginCard
from chatframes.settings.checks import Secret
from chatframes.sources.telegram.login import TelegramLogin
from chatframes.sources.telegram.signing_in import CodeExpired, LoginClient
from chatframes.sources.telegram.store import session_file, session_name
from chatframes.transfer.clock import Clock

APP = {"api_id": 12345, "api_hash": "0123456789abcdef0123456789abcdef"}
CONFIG = {"telegram": APP}
TYPED = (PHONE, PHONE.lstrip("+"), CODE, PASSWORD.strip(), APP["api_hash"])
PATIENCE_SECONDS = 60  # only a failing test waits this long


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def client(monkeypatch) -> FakeLoginClient:
    return install(monkeypatch, FakeLoginClient())


def nothing_typed_in(*texts: object) -> None:
    assert [text for text in map(str, texts) for typed in TYPED if typed in text] == []


# --- the steps --------------------------------------------------------------------------------------------------------


def test_phone_and_code_are_enough_without_a_password(client):
    login = TelegramLogin(CONFIG)
    assert (login.state, client.calls) == ("new", [])
    assert "send_code(phone)" in login.describe()
    assert "sign_in(code)" in loop.run(login.send_code(f" {PHONE}\n"))
    assert login.state == "code sent"
    assert loop.run(login.sign_in(CODE)) == "Logged in to Telegram as Ada Lovelace."
    assert (login.state, client.closed) == ("done", 1)


def test_the_steps_can_be_awaited_on_any_loop(client):
    client.needs_password = True
    login = TelegramLogin(CONFIG)

    async def cells() -> list[str]:
        states = []
        for step, typed in ((login.send_code, PHONE), (login.sign_in, CODE), (login.check_password, PASSWORD)):
            await step(typed)
            states.append(login.state)
        return states

    assert asyncio.run(cells()) == ["code sent", "password needed", "done"]
    assert client.calls == ["send_code", "sign_in", "check_password"]


def test_a_widgets_value_is_read_and_emptied_at_once(client):
    login = TelegramLogin(CONFIG)
    field = ipywidgets.Password(value=PHONE)
    step = login.send_code(field)
    assert field.value == ""
    loop.run(step)
    assert login.state == "code sent"
    field = SimpleNamespace(value="wrong")
    with pytest.raises(cf.AuthError):
        loop.run(login.sign_in(field))
    assert field.value == ""


def test_a_step_that_failed_can_be_repeated(client):
    login = TelegramLogin(CONFIG)
    with pytest.raises(cf.AuthError, match="no such phone number"):
        loop.run(login.send_code("+1"))
    assert login.state == "new"
    loop.run(login.send_code(PHONE))
    with pytest.raises(cf.AuthError, match="not the code"):
        loop.run(login.sign_in("1"))
    assert login.state == "code sent"
    loop.run(login.sign_in(CODE))
    assert login.state == "done"


def test_after_a_code_has_expired_the_phone_is_asked_for_again(client):
    login = TelegramLogin(CONFIG)
    loop.run(login.send_code(PHONE))
    client.expired = True
    with pytest.raises(cf.AuthError, match="expired"):
        loop.run(login.sign_in(CODE))
    assert login.state == "new"


def test_steps_out_of_order_say_what_is_next(client):
    login = TelegramLogin(CONFIG)
    with pytest.raises(cf.ConfigError, match=r"No code is asked for now. Next, send_code\(phone\)"):
        loop.run(login.sign_in(CODE))
    with pytest.raises(cf.ConfigError, match=r"No password is asked for now. Next, send_code\(phone\)"):
        loop.run(login.check_password(PASSWORD))
    assert client.calls == []


@pytest.mark.parametrize(("given", "says"), [("", "is empty"), ("  ", "is empty"), (5, "type int"), (None, "NoneType")])
def test_what_is_no_text_is_refused_before_anything_is_asked(client, given, says):
    with pytest.raises(cf.ConfigError, match=f"The phone number .*{says}"):
        TelegramLogin(CONFIG).send_code(given)
    assert client.calls == []


def test_who_is_logged_in_already_gets_no_code(client):
    client.name = "Ada Lovelace"
    login = TelegramLogin(CONFIG)
    assert loop.run(login.send_code(PHONE)) == "Logged in to Telegram as Ada Lovelace."
    assert client.calls == []
    assert loop.run(TelegramLogin(CONFIG).check()) == "Logged in to Telegram as Ada Lovelace."


def test_logging_out_leads_back_to_the_beginning(client):
    client.name = "Ada Lovelace"
    login = TelegramLogin(CONFIG)
    loop.run(login.check())
    assert "send_code(phone)" in loop.run(login.log_out())
    assert (login.state, client.calls) == ("new", ["log_out"])


def test_a_second_step_does_not_run_beside_the_first(client):
    login = TelegramLogin(CONFIG)

    client.held = "send_code"
    first = asyncio.run_coroutine_threadsafe(login.send_code(PHONE), loop.get())
    assert client.asked.wait(PATIENCE_SECONDS)
    with pytest.raises(cf.ConfigError, match="Another step of this login is under way"):
        loop.run(login.send_code(PHONE))
    loop.get().call_soon_threadsafe(client.gate.set)
    first.result(PATIENCE_SECONDS)
    assert (client.calls, login.state) == (["send_code"], "code sent")


def test_closing_ends_a_step_that_is_under_way(client):
    login = TelegramLogin(CONFIG)
    client.held = "send_code"
    first = asyncio.run_coroutine_threadsafe(login.send_code(PHONE), loop.get())
    assert client.asked.wait(PATIENCE_SECONDS)
    assert "send_code(phone)" in loop.run(login.close())
    assert "send_code(phone)" in first.result(PATIENCE_SECONDS)
    assert (login.state, client.closed) == ("new", 1)
    client.held = None
    loop.run(login.send_code(PHONE))
    assert login.state == "code sent"


def test_after_shutdown_a_login_begins_again(client):
    login = TelegramLogin(CONFIG)
    loop.run(login.send_code(PHONE))
    cf.shutdown()
    with pytest.raises(cf.ServiceError, match=r"ended by shutdown\(\): begin again"):
        loop.run(login.sign_in(CODE))
    loop.run(login.send_code(PHONE))
    loop.run(login.sign_in(CODE))
    assert login.state == "done"


def test_without_an_app_of_ones_own_it_says_where_to_get_one():
    with pytest.raises(cf.AuthError, match=r"https://my\.telegram\.org .* set TELEGRAM_API_ID and TELEGRAM_API_HASH"):
        TelegramLogin({})


def test_a_session_string_that_is_logged_out_cannot_be_logged_in_again(client):
    given = StringSession()
    given.set_dc(2, "127.0.0.1", 443)
    given.auth_key = SimpleNamespace(key=bytes(256))
    login = TelegramLogin({"telegram": {**APP, "session": given.save()}})
    with pytest.raises(cf.AuthError, match="no login can be kept in one: give a name as session"):
        loop.run(login.send_code(PHONE))
    assert client.calls == []


def test_nothing_typed_in_is_shown_or_left_in_the_login(client):
    client.needs_password = True
    login = TelegramLogin(CONFIG)
    for step, wrong, right in (
        (login.send_code, PHONE + "0", PHONE),
        (login.sign_in, CODE + "0", CODE),
        (login.check_password, PASSWORD + "0", PASSWORD),
    ):
        with pytest.raises(cf.AuthError) as caught:
            loop.run(step(wrong))
        frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)][1:]
        nothing_typed_in(repr(caught.value), login, login.describe(), *(frame.f_locals for frame in frames))
        assert caught.value.__context__ is None
        loop.run(step(right))
        nothing_typed_in(login, login.describe(), vars(login))
    with pytest.raises(cf.ConfigError, match="never pickled"):
        pickle.dumps(login._telegram)


# --- what Telethon raises ---------------------------------------------------------------------------------------------


class Refusing:
    """A connected Telethon client that answers everything with one error."""

    session = None

    def __init__(self, error: Exception) -> None:
        self.error = error

    def is_connected(self) -> bool:
        return True

    async def refuse(self, *_: object, **__: object) -> None:
        raise self.error

    send_code_request = sign_in = log_out = get_me = refuse


def request() -> SimpleNamespace:
    return SimpleNamespace(phone_number=PHONE, phone_code=CODE)


NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (errors.PhoneNumberInvalidError(request()), cf.AuthError, "no such phone number"),
        (errors.PhoneNumberBannedError(request()), cf.AuthError, "has banned this phone number"),
        (errors.PhoneNumberUnoccupiedError(request()), cf.AuthError, "Nobody has a Telegram account"),
        (errors.PhoneNumberFloodError(request()), cf.RateLimited, "tried too often: wait a day"),
        (errors.PhonePasswordFloodError(request()), cf.RateLimited, "tried too often"),
        (errors.PhoneCodeInvalidError(request()), cf.AuthError, "not the code that Telegram sent"),
        (errors.PhoneCodeEmptyError(request()), cf.AuthError, "not the code that Telegram sent"),
        (errors.PhoneCodeExpiredError(request()), CodeExpired, "has expired"),
        (errors.PasswordHashInvalidError(request()), cf.AuthError, "not the account's password"),
        (errors.ApiIdInvalidError(request()), cf.AuthError, "does not know this api_id"),
        (errors.FloodWaitError(request(), capture=84_600), cf.RateLimited, "wait 84,600 s .* 2026-11-02 11:30 UTC"),
        (errors.AuthKeyUnregisteredError(request()), cf.AuthError, "has ended this session"),
        (errors.PhoneMigrateError(request(), capture=4), cf.ServiceError, "refused this step"),
        (errors.BadRequestError(request(), "SOMETHING_NEW"), cf.ServiceError, r"refused this step \(SOMETHING_NEW\)"),
        (errors.BadRequestError(request(), f"ECHO {CODE}"), cf.ServiceError, r"refused this step \(BadRequestError\)"),
        (ConnectionError(PHONE), cf.ServiceError, "could not be reached"),
        (TimeoutError(), cf.ServiceError, "could not be reached"),
        (ValueError(PHONE), cf.ServiceError, r"went wrong \(ValueError\)"),
    ],
)
def test_every_refusal_is_a_sentence_that_shows_nothing_typed_in(error, kind, says):
    client = LoginClient(Refusing(error), Clock(now=lambda: NOON))
    for step in (
        lambda: client.send_code(Secret(PHONE)),
        lambda: client.sign_in(Secret(CODE)),
        lambda: client.check_password(Secret(PASSWORD)),
        client.who,
        client.log_out,
    ):
        with pytest.raises(kind, match=says) as caught:
            asyncio.run(step())
        assert caught.value.__context__ is None
        assert caught.value.__cause__ is None
        ours = [
            frame
            for frame, _ in traceback.walk_tb(caught.value.__traceback__)
            if frame.f_code.co_filename.endswith("signing_in.py")
        ]
        assert ours
        nothing_typed_in(repr(caught.value), *(frame.f_locals for frame in ours))
        if isinstance(error, errors.FloodWaitError):
            assert caught.value.retry_at == datetime(2026, 11, 2, 11, 30, tzinfo=UTC)


def test_what_is_no_phone_number_is_said_without_asking_telegram():
    with pytest.raises(cf.ConfigError, match="This is no phone number"):
        asyncio.run(LoginClient(Refusing(AssertionError())).send_code(Secret("ada@example.org")))


# --- over the real protocol -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world():
    with cf.sandbox(messages=20, images=2) as running:
        yield running


def nobody(world: cf.sandbox, **more: object) -> dict:
    """The sandbox's configuration, without a login."""
    telegram = {name: value for name, value in world.config["telegram"].items() if name != "session"}
    return {"telegram": telegram | more}


def kept(home: Path) -> str:
    return "".join(path.read_text() for path in home.rglob("*") if path.is_file())


def test_a_login_over_the_real_protocol_is_found_by_the_next_call(world, home, caplog):
    caplog.set_level(logging.DEBUG)
    config = nobody(world)
    login = TelegramLogin(config)
    loop.run(login.send_code(world.login["phone"]))
    with pytest.raises(cf.AuthError, match="not the code"):
        loop.run(login.sign_in("11111"))
    assert kept(home) == ""
    spaced = f"{world.login['code'][:2]} {world.login['code'][2:]}"
    told = loop.run(login.sign_in(spaced))
    assert told.startswith("Logged in to Telegram as ")
    assert len(cf.chats("telegram", config=config)) > 3
    cf.shutdown()  # a new process would find no more
    again = TelegramLogin(config)
    assert loop.run(again.check()) == told
    assert world.login["phone"].lstrip("+") not in kept(home)
    text = kept(home).split('"session": "')[1].split('"')[0]
    for secret in (world.login["phone"].lstrip("+"), spaced.replace(" ", ""), APP["api_hash"], text[40:80]):
        assert secret not in caplog.text
    loop.run(again.log_out())
    assert kept(home) == ""
    with pytest.raises(cf.AuthError, match="Nobody is logged in"):
        cf.chats("telegram", config=config)


def test_an_account_with_a_password_wants_it_after_the_code(world):
    login = TelegramLogin(nobody(world, session="second"))
    loop.run(login.send_code(world.login["phone_with_password"]))
    loop.run(login.sign_in(world.login["code"]))
    assert login.state == "password needed"
    with pytest.raises(cf.AuthError, match="not the account's password"):
        loop.run(login.check_password("wrong"))
    loop.run(login.check_password(world.login["password"]))
    assert login.state == "done"
    assert list(session_file("x").parent.glob("second@*.session"))


def test_wrong_numbers_and_apps_are_sentences_over_the_real_protocol(world):
    login = TelegramLogin(nobody(world))
    with pytest.raises(cf.AuthError, match="no such phone number"):
        loop.run(login.send_code("+9996600000"))
    loop.run(login.close())
    login = TelegramLogin(nobody(world, api_id=54321))
    with pytest.raises(cf.AuthError, match="does not know this api_id"):
        loop.run(login.send_code(world.login["phone"]))
    loop.run(login.close())


# --- the form ---------------------------------------------------------------------------------------------------------


def shown(card: LoginCard) -> set[str]:
    """The names of what can be seen."""
    inner = [one for child in card.box.children for one in getattr(child, "children", (child,))]
    names = ("phone", "code", "password", "button", "again", "status")
    return {name for name in names if getattr(card, name) in inner}


def press(card: LoginCard, field: ipywidgets.Text, typed: str) -> None:
    """Type, press the button, and wait until the form can be used again."""
    field.value = typed
    ready = threading.Event()
    card.button.observe(lambda change: None if change["new"] else ready.set(), "disabled")
    try:
        card.button.click()
        assert field.value == ""
        assert card.button.disabled is False or ready.wait(PATIENCE_SECONDS)
    finally:
        card.button.unobserve_all("disabled")


def everything_saved(card: LoginCard) -> str:
    """What Jupyter would write into the notebook."""
    widgets = [card.box, card.phone, card.code, card.password, card.button, card.again, card.status]
    return repr([widget.get_state() for widget in widgets])


def test_the_form_shows_only_what_is_next_and_empties_every_field(client):
    client.needs_password = True
    login = TelegramLogin(CONFIG)
    card = LoginCard(login)
    assert shown(card) == {"phone", "button", "status"}
    press(card, card.phone, PHONE)
    assert shown(card) == {"code", "button", "again", "status"}
    nothing_typed_in(everything_saved(card))
    press(card, card.code, CODE)
    assert shown(card) == {"password", "button", "again", "status"}
    assert "has a password as well" in card.status.value
    nothing_typed_in(everything_saved(card))
    press(card, card.password, PASSWORD)
    assert shown(card) == {"status"}
    assert card.status.value == "Logged in to Telegram as Ada Lovelace."
    nothing_typed_in(everything_saved(card), card.box, login, vars(card))
    assert client.calls == ["send_code", "sign_in", "check_password"]


def test_a_refusal_becomes_the_forms_sentence_and_the_step_can_be_repeated(client):
    card = LoginCard(TelegramLogin(CONFIG))
    press(card, card.phone, "+1")
    assert (card.status.value, shown(card)) == ("Telegram knows no such phone number", {"phone", "button", "status"})
    press(card, card.phone, "")
    assert card.status.value == "The phone number is empty: fill it in."
    client.limited = True
    press(card, card.phone, PHONE)
    assert "come back at 2026-11-02" in card.status.value
    client.limited = False
    press(card, card.phone, PHONE)
    press(card, card.code, "1")
    assert (card.status.value, "code" in shown(card)) == ("this is not the code that Telegram sent", True)
    client.expired = True
    press(card, card.code, CODE)
    assert "expired" in card.status.value
    assert "phone" in shown(card)


def test_one_can_start_over_with_another_number(client):
    card = LoginCard(TelegramLogin(CONFIG))
    press(card, card.phone, PHONE)
    card.code.value = "half typ"
    card.again.click()
    assert shown(card) == {"phone", "button", "status"}
    assert card.code.value == ""
    press(card, card.phone, "+1")
    assert shown(card) == {"phone", "button", "status"}
    press(card, card.phone, PHONE)
    assert "code" in shown(card)


def test_a_press_does_not_hold_the_kernel_up(client):
    card = LoginCard(TelegramLogin(CONFIG))
    client.held = "send_code"
    card.phone.value = PHONE
    card.button.click()  # comes back at once, though Telegram does not answer
    assert (card.button.disabled, card.phone.disabled, card.status.value) == (True, True, "One moment …")
    card.button.click()  # a second click, which was on its way
    ready = threading.Event()
    card.button.observe(lambda _: ready.set(), "disabled")
    loop.get().call_soon_threadsafe(client.gate.set)
    assert ready.wait(PATIENCE_SECONDS)
    assert "code" in shown(card)
    assert client.calls == ["send_code"]


def test_what_is_typed_is_taken_out_of_the_field_at_once_and_another_value_replaces_it(client):
    card = LoginCard(TelegramLogin(CONFIG))
    hint = card.phone.placeholder
    for typed in (PHONE + "0", PHONE):
        card.phone.value = typed
        assert (card.phone.value, card.phone.placeholder.partition(":")[0]) == ("", "taken")
        nothing_typed_in(everything_saved(card), vars(card))
    press(card, card.phone, "")
    assert (client.calls, "code" in shown(card), card.phone.placeholder) == (["send_code"], True, hint)
    press(card, card.code, "")
    assert card.status.value == "The code is empty: fill it in."


def test_an_error_that_nobody_thought_of_is_logged_without_its_words(client, monkeypatch, caplog):
    async def broken(phone):
        raise ValueError(f"cannot parse {phone.get_secret_value()}")

    monkeypatch.setattr(client, "send_code", broken)
    card = LoginCard(TelegramLogin(CONFIG))
    press(card, card.phone, PHONE)
    assert card.status.value == "This went wrong (ValueError): press the button again."
    (record,) = [record for record in caplog.records if record.name == "chatframes"]
    assert record.levelname == "ERROR"
    assert "ValueError" in record.getMessage()
    assert "in broken" in record.getMessage()
    nothing_typed_in(caplog.text)


@pytest.fixture
def displayed(monkeypatch) -> list[dict]:
    """What cells show."""
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw, display_id: shown.append(data))
    return shown


def test_a_cell_that_is_run_again_leaves_no_form_of_before(client, displayed, monkeypatch):
    shell = SimpleNamespace(get_parent=lambda: {"metadata": {"cellId": "a cell"}})
    shell.events = EventManager(shell, available_events)
    monkeypatch.setattr("chatframes.page.cells._shell", lambda: shell)
    first = TelegramLogin(CONFIG)
    first._ipython_display_()
    press(first._card, first._card.phone, PHONE)
    shell.events.trigger("pre_run_cell", None)  # it is run again
    second = TelegramLogin(CONFIG)
    second._ipython_display_()
    assert (first._card.closed, second._card.closed) == (True, False)
    until_idle()
    assert (first.state, client.closed) == ("new", 1)
    first._ipython_display_()
    assert not first._card.closed, "whoever kept it can go on with it"
    assert len({data["application/vnd.jupyter.widget-view+json"]["model_id"] for data in displayed}) == 3


def test_a_login_shows_itself_as_its_form_in_a_notebook_and_saves_nothing_being_typed(client, displayed):
    login = TelegramLogin(CONFIG)
    login._ipython_display_()
    login._card.phone.value = PHONE
    login._ipython_display_()
    assert displayed[0] == displayed[1]
    assert displayed[0]["text/plain"] == repr(login)
    view = displayed[0]["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == login._card.box.model_id
    nothing_typed_in(displayed)


def test_every_field_says_what_it_is_for_and_hides_what_is_secret(client):
    card = LoginCard(TelegramLogin(CONFIG))
    assert all(field.description and field.tooltip for field in (card.phone, card.code, card.password))
    assert isinstance(card.code, ipywidgets.Password)
    assert isinstance(card.password, ipywidgets.Password)
    assert not any(field.continuous_update for field in (card.phone, card.code, card.password))


def test_a_login_is_imported_without_telethon_or_widgets():
    code = "import sys, chatframes; chatframes.TelegramLogin; print({'telethon', 'ipywidgets'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"


# --- the command line -------------------------------------------------------------------------------------------------

CHILD = """
import os
import signal
import sys

signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests in the background ignores it
os.close(os.open(os.ttyname(0), os.O_RDWR))  # the first terminal that a session opens is its own: getpass asks there

from types import SimpleNamespace
from help.fake_login import FakeLoginClient, install
from chatframes.__main__ import main

client = FakeLoginClient(needs_password="password" in sys.argv[1], name="Ada" if "known" in sys.argv[1] else None)
install(SimpleNamespace(setattr=setattr), client)
sys.exit(main(sys.argv[2:]))
"""


TESTS = Path(__file__).parents[2]


class Terminal:
    """A child process that has a terminal, and what it showed there."""

    def __init__(self, home: Path, kind: str, *arguments: str, **environment: str) -> None:
        self.shown = ""
        self._seen = 0
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TELEGRAM_")}
        own = {"HOME": str(home), "PYTHONPATH": str(TESTS), "TERM": "dumb"}
        self._file, theirs = pty.openpty()
        self._child = subprocess.Popen(
            [sys.executable, "-c", CHILD, kind, *arguments],
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, env=kept | own | environment,
        )  # fmt: skip
        os.close(theirs)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.wait()
        os.close(self._file)

    def until(self, text: str) -> None:
        """Read until a text has been shown, after the one before."""
        while text not in self.shown[self._seen :]:
            assert self._read(), f"{text!r} never came after {self.shown!r}"
        self._seen = self.shown.index(text, self._seen) + len(text)

    def type(self, text: str) -> None:
        os.write(self._file, text.encode())

    def leave(self, key: str) -> None:
        """Press a key until it is heard: Python misses an interrupt that comes just before it begins to wait."""
        for _ in range(PATIENCE_SECONDS // 2):
            self.type(key)
            while self._read(2):
                if "stopped" in self.shown:
                    return

    def end(self) -> int:
        """Wait for the end; return the exit status."""
        while self._read():
            pass
        return self._child.wait(PATIENCE_SECONDS)

    def _read(self, patience_seconds: float = PATIENCE_SECONDS) -> bool:
        ready, _, _ = select.select([self._file], [], [], patience_seconds)
        try:
            part = os.read(self._file, 65536) if ready else b""
        except OSError:  # nobody has the terminal open any more
            part = b""
        self.shown += part.decode()
        return bool(part)


def terminal(home: Path, kind: str, *arguments: str, app: bool = True) -> Terminal:
    environment = {"TELEGRAM_API_ID": "12345", "TELEGRAM_API_HASH": APP["api_hash"]} if app else {}
    return Terminal(home, kind, *arguments, **environment)


def test_the_command_asks_step_by_step_and_echoes_neither_code_nor_password(home):
    with terminal(home, "password", "login", "telegram") as term:
        term.until("country code: ")
        term.type("+1\n")
        term.until("no such phone number")
        term.until("country code: ")
        term.type(f"{PHONE}\n")
        term.until("Code (not shown): ")
        term.type("99887\n")
        term.until("not the code")
        term.until("Code (not shown): ")
        term.type(f"{CODE}\n")
        term.until("Password of two-step verification (not shown): ")
        term.type(f"{PASSWORD}\n")
        assert term.end() == 0
    assert "Logged in to Telegram as Ada Lovelace." in term.shown
    assert f"The login is kept in {home}/.chatframes/telegram/default.session." in term.shown
    assert 'cf.chats("telegram")' in term.shown
    assert "export" not in term.shown
    for secret in ("99887", CODE, PASSWORD.strip(), APP["api_hash"]):
        assert secret not in term.shown


def test_the_command_asks_for_an_app_and_says_how_to_keep_it(home):
    with terminal(home, "", "login", "telegram", "--session", "work", app=False) as term:
        term.until("https://my.telegram.org")
        term.until("api_id: ")
        term.type("12345\n")
        term.until("api_hash (not shown): ")
        term.type(f"{APP['api_hash']}\n")
        term.until("country code: ")
        term.type(f"{PHONE}\n")
        term.until("Code (not shown): ")
        term.type(f"{CODE}\n")
        assert term.end() == 0
    assert "export TELEGRAM_API_ID='...' TELEGRAM_API_HASH='...'" in term.shown
    assert "export TELEGRAM_SESSION=work" in term.shown
    assert "/telegram/work.session" in term.shown
    assert APP["api_hash"] not in term.shown


def test_three_mistakes_in_a_row_end_the_command_with_a_sentence(home):
    with terminal(home, "", "login", "telegram") as term:
        for _ in range(3):
            term.until("country code: ")
            term.type("+1\n")
        assert term.end() == 1
    assert "chatframes: Telegram knows no such phone number" in term.shown
    assert "Traceback" not in term.shown


LEAVING = [
    ("\x03", "country code: "),
    ("\x03", "Code (not shown): "),
    ("\x04", "Code (not shown): "),
    ("\x04", "country code: "),
]


@pytest.mark.parametrize(("key", "asked"), sampled(LEAVING, 2))
def test_leaving_in_the_middle_ends_cleanly(home, key, asked):
    with terminal(home, "", "login", "telegram") as term:
        term.until("country code: ")
        if asked.startswith("Code"):
            term.type(f"{PHONE}\n")
            term.until(asked)
        term.leave(key)
        assert term.end() == 130
    assert "chatframes: stopped" in term.shown
    assert "Traceback" not in term.shown
    assert list(home.iterdir()) == []


def test_who_is_logged_in_already_is_told_so(home):
    with terminal(home, "known", "login", "telegram") as term:
        assert term.end() == 0
    assert "Logged in to Telegram as Ada. There is nothing to do." in term.shown


def test_without_a_terminal_the_command_is_one_sentence(home, monkeypatch, capsys):
    with open(os.devnull) as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        assert main(["login", "telegram"]) == 1
        assert main(["logout", "telegram"]) == 1
    told = capsys.readouterr().err.splitlines()
    assert "run it in a terminal, or use chatframes.TelegramLogin() in a notebook" in told[0]
    assert "There is no login called 'default' to end; kept here are: none" in told[1]
    assert len(told) == 2


def test_logging_out_by_command_needs_no_terminal(home, client, monkeypatch, capsys):
    monkeypatch.setenv("TELEGRAM_API_ID", "12345")
    monkeypatch.setenv("TELEGRAM_API_HASH", APP["api_hash"])
    kept = home / ".chatframes" / "telegram" / "work.session"
    kept.parent.mkdir(parents=True, mode=0o700)
    kept.touch(mode=0o600)
    assert main(["logout", "telegram", "--session", "wrok"]) == 1
    assert "There is no login called 'wrok' to end; kept here are: work" in capsys.readouterr().err
    assert client.calls == []
    assert main(["logout", "telegram", "--session", "work"]) == 0
    assert (client.calls, client.closed) == (["log_out"], 1)
    assert "Logged out of Telegram (work)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        (["--session", "../x"], {}, "--session: telegram.session is neither a name"),
        ([], {"TELEGRAM_API_HASH": ""}, "TELEGRAM_API_ID is of no use without TELEGRAM_API_HASH"),
    ],
)
def test_wrong_settings_are_one_sentence(home, monkeypatch, capsys, arguments, environment, says):
    variables = {"TELEGRAM_API_ID": "12345", "TELEGRAM_API_HASH": APP["api_hash"]} | environment
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main(["logout", "telegram", *arguments]) == 1
    assert says in capsys.readouterr().err


def test_the_name_of_a_session_is_the_one_the_command_was_given():
    config = cf.load_config({"telegram": {**APP, "session": "work"}})
    assert session_name(config.telegram) == "work"
