"""Log in to Telegram and out of it in a terminal."""

from __future__ import annotations

import shlex
import sys
from getpass import getpass

from ... import loop
from ...errors import AuthError, ConfigError
from ...settings.merge import Config, load_config, with_credentials
from .login import TelegramLogin
from .settings import NAME
from .store import session_file, session_name

__all__ = ["log_in", "log_out"]

TRIES = 3  # for each of phone number, code and password


def log_in(session: str | None) -> None:
    """Log in to Telegram in the terminal, step by step."""
    if not sys.stdin.isatty():
        raise ConfigError(
            "The command login asks for your phone number and a code: run it in a terminal, or use "
            "chatframes.TelegramLogin() in a notebook."
        )
    config, was_asked = telegram_config(session)
    login = TelegramLogin(config)
    try:
        loop.run(login.check())
        if login.state == "done":
            print(f"{login.describe()} There is nothing to do.")
            return
        step_by_step(login)
    finally:
        loop.run(login.close())
    print(f"{login.describe()}\n")
    name = session_name(config.section(NAME))
    print(f"The login is kept in {session_file(name)}.")
    which = f" --session {shlex.quote(session)}" if session is not None else ""
    print(f"It opens your account: only you can read that file, and `chatframes logout telegram{which}` ends it.\n")
    print("Next:")
    if was_asked:
        print("  keep both for later calls:   export TELEGRAM_API_ID='...' TELEGRAM_API_HASH='...'")
    if session is not None:
        print(f"  say which login you mean:    export TELEGRAM_SESSION={shlex.quote(session)}")
    print('  see what there is:           cf.chats("telegram")')
    print('  fetch a chat:                cf.fetch(cf.Telegram("@name"), images=True)')


def step_by_step(login: TelegramLogin) -> None:
    """Ask for the next input until the login is done; each input may be corrected twice."""
    tries = TRIES
    while login.state != "done":
        try:
            match login.state:
                case "new":
                    loop.run(login.send_code(input("Phone number, beginning with + and the country code: ")))
                    print("Telegram has sent a code to your Telegram app.")
                case "code sent":
                    loop.run(login.sign_in(getpass("Code (not shown): ")))
                case _:
                    loop.run(login.check_password(getpass("Password of two-step verification (not shown): ")))
            tries = TRIES
        except (AuthError, ConfigError) as error:
            tries -= 1
            if not tries:
                raise
            print(f"{error}\n")


def log_out(session: str | None) -> None:
    """End a login to Telegram."""
    config, _ = telegram_config(session)
    file = session_file(session_name(config.section(NAME)))
    if not file.is_file() and " " not in file.stem:  # a session string has no file
        others = ", ".join(sorted(other.stem for other in file.parent.glob("*.session"))) or "none"
        raise ConfigError(f"There is no login called {file.stem!r} to end; kept here are: {others}.")
    login = TelegramLogin(config)
    try:
        loop.run(login.log_out())
    finally:
        loop.run(login.close())
    print(f"Logged out of Telegram ({session_name(config.section(NAME))}).")


def telegram_config(session: str | None) -> tuple[Config, bool]:
    """Return the settings, and whether api_id and api_hash had to be asked for."""
    config = load_config()
    if session is not None:
        config = with_credentials(config, NAME, "--session", session=session)
    if config.section(NAME).api_id is not None or not sys.stdin.isatty():
        return config, False
    print("Telegram wants every program to be known by an app of your own. Make one, once, at")
    print("https://my.telegram.org (API development tools); it shows an api_id and an api_hash.\n")
    api_id, api_hash = input("api_id: "), getpass("api_hash (not shown): ")
    return with_credentials(config, NAME, "Your answer", api_id=api_id, api_hash=api_hash), True
