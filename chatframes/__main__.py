"""The command line: ``chatframes demo``, ``chatframes login telegram``, ``chatframes logout telegram``."""

from __future__ import annotations

import argparse
import shlex
import sys
import warnings
from getpass import getpass
from pathlib import Path

import chatframes as cf

TRIES = 3  # for each of phone, code and password


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit status."""
    parser = argparse.ArgumentParser(prog="chatframes", description=cf.__doc__.split("\n")[0] if cf.__doc__ else None)
    parser.add_argument("--version", action="version", version=f"chatframes {cf.__version__}")
    commands = parser.add_subparsers(dest="command")
    demo = commands.add_parser(
        "demo", help="fetch a made-up team's chats, with pictures, from a sandbox on this machine"
    )
    demo.add_argument("--messages", type=int, default=3000, help="in each chat there (default: 3000)")
    demo.add_argument("--images", type=int, default=500, help="among them (default: 500)")
    demo.add_argument("--out", type=Path, default=Path("chatframes-demo.parquet"), help="the Parquet file to write")
    for name, purpose in (
        ("login", "log in once; the login is kept in your home folder, where only you can read it"),
        ("logout", "end that login, at the service and on this machine"),
    ):
        command = commands.add_parser(name, help=purpose, description=purpose[0].upper() + purpose[1:] + ".")
        command.add_argument("service", choices=["telegram"])
        command.add_argument("--session", metavar="NAME", help='the name it is kept under ("default" unless told)')
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _say
            match options.command:
                case "demo":
                    from .world.demo import show  # only here: it brings the servers

                    show(options.messages, options.images, options.out)
                case "login":
                    log_in(options.session)
                case "logout":
                    log_out(options.session)
    except (KeyboardInterrupt, EOFError):
        print("\nchatframes: stopped", file=sys.stderr)
        return 130
    except (cf.ChatframesError, OSError) as error:
        print(f"chatframes: {error}", file=sys.stderr)
        return 1
    return 0


def _say(message: Warning | str, *_: object, **__: object) -> None:
    """Print a warning as a sentence, without the line of code it came from."""
    print(f"chatframes: {message}", file=sys.stderr)


def log_in(session: str | None) -> None:
    """Ask for what a login to Telegram takes, step by step, in the terminal."""
    from . import loop
    from .sources.telegram.login import TelegramLogin
    from .sources.telegram.store import session_file, session_name

    if not sys.stdin.isatty():
        raise cf.ConfigError(
            "login asks for your phone number and a code: run it in a terminal, or use chatframes.TelegramLogin() in a "
            "notebook"
        )
    config, asked = telegram_config(session)
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
    name = session_name(config.telegram)
    print(f"The login is kept in {session_file(name)}.")
    which = f" --session {shlex.quote(session)}" if session is not None else ""
    print(f"It opens your account: only you can read that file, and `chatframes logout telegram{which}` ends it.\n")
    print("Next:")
    if asked:
        print("  keep both for later calls:   export TELEGRAM_API_ID='...' TELEGRAM_API_HASH='...'")
    if session is not None:
        print(f"  say which login you mean:    export TELEGRAM_SESSION={shlex.quote(session)}")
    print('  see what there is:           cf.chats("telegram")')
    print('  fetch a chat:                cf.fetch(cf.Telegram("@name"), images=True)')


def step_by_step(login: cf.TelegramLogin) -> None:
    """Ask for what is next until the login is done; a mistake may be mended twice."""
    from . import loop

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
        except (cf.AuthError, cf.ConfigError) as error:
            tries -= 1
            if not tries:
                raise
            print(f"{error}\n")


def log_out(session: str | None) -> None:
    """End a login to Telegram."""
    from . import loop
    from .sources.telegram.login import TelegramLogin
    from .sources.telegram.store import session_file, session_name

    config, _ = telegram_config(session)
    kept = session_file(session_name(config.telegram))
    if not kept.is_file() and " " not in kept.stem:  # a session string has no file
        others = ", ".join(sorted(file.stem for file in kept.parent.glob("*.session"))) or "none"
        raise cf.ConfigError(f"there is no login called {kept.stem!r} to end; kept here are: {others}")
    login = TelegramLogin(config)
    try:
        loop.run(login.log_out())
    finally:
        loop.run(login.close())
    print(f"Logged out of Telegram ({session_name(config.telegram)}).")


def telegram_config(session: str | None) -> tuple[cf.Config, bool]:
    """Return the settings, and whether api_id and api_hash had to be asked for."""
    from .settings.merge import with_credentials

    config = cf.load_config()
    if session is not None:
        config = with_credentials(config, "telegram", "--session", session=session)
    if config.telegram.api_id is not None or not sys.stdin.isatty():
        return config, False
    print("Telegram wants every program to be known by an app of your own. Make one, once, at")
    print("https://my.telegram.org (API development tools); it shows an api_id and an api_hash.\n")
    api_id, api_hash = input("api_id: "), getpass("api_hash (not shown): ")
    return with_credentials(config, "telegram", "your answer", api_id=api_id, api_hash=api_hash), True


if __name__ == "__main__":
    sys.exit(main())
