"""The command line: list, fetch, export, verify, try chatframes on a sandbox, log in to a service, log out."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Any, NoReturn

import chatframes as cf

from .commands_help import INTERRUPTED, PURPOSES, STATUSES, STATUSES_OF_VERIFY, add_arguments, example
from .commands_words import in_terminal_words
from .services import services
from .words import did_you_mean

READER_GONE = 141  # as of a program that the system ends for it


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: _say(options.command, message)
            with _ended_like_an_interrupt():
                status = _run(options)
            sys.stdout.flush()
            return status
    except BrokenPipeError:  # whoever read this has had enough, as `head` has
        _end_output()
        return READER_GONE
    except (KeyboardInterrupt, EOFError):
        print("\nchatframes: stopped", file=sys.stderr)
        return INTERRUPTED
    except (cf.ChatframesError, OSError) as error:
        _say(options.command, error)
        return 2 if isinstance(error, cf.ConfigError) and options.command in PURPOSES else 1


class _Parser(argparse.ArgumentParser):
    """Answers an unknown option with the nearest one, under the usage of the command that was called."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[argparse.Namespace, list[str]]:  # type: ignore[override]
        known = self._option_string_actions
        words = takewhile(lambda word: word != "--", sys.argv[1:] if args is None else args)
        if self._subparsers is not None:  # what stands behind the command is its own
            words = takewhile(lambda word: word.startswith("-"), words)
        for word in words:  # before what is lacking is said: it may be there under a wrong name
            option = word.partition("=")[0]
            if word.startswith("--") and not any(name.startswith(option) for name in known):
                self._refuse("option", option)
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self._refuse("argument", unknown[0])
        return options, unknown

    def _refuse(self, what: str, word: str) -> NoReturn:
        others = f"{self.prog} --help lists what there is"
        self.error(f"there is no {what} {word!r} here: {did_you_mean(word, self._option_string_actions, others, str)}")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="chatframes",
        description=cf.__doc__.split("\n")[0] if cf.__doc__ else None,
        epilog="example:\n  chatframes demo --messages 300 --images 60",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"chatframes {cf.__version__}")
    commands = parser.add_subparsers(dest="command")
    for name, purpose in PURPOSES.items():
        statuses = {"fetch": STATUSES, "export": STATUSES, "verify": STATUSES_OF_VERIFY}.get(name, "")
        add_arguments(name, _command(commands, name, purpose, f"{example(name)}\n\n{statuses}".rstrip()))
    demo = _command(
        commands,
        "demo",
        "fetch a made-up team's chats, with pictures, from a sandbox on this machine",
        "chatframes demo --messages 300 --images 60 --output demo.parquet",
    )
    demo.add_argument("--messages", type=int, default=3000, help="messages in each chat (default: 3000)")
    demo.add_argument("--images", type=int, help="pictures in each chat (default: 500, or as many as messages)")
    demo.add_argument(
        "--out", "--output", type=Path, default=Path("chatframes-demo.parquet"), help="the Parquet file to write"
    )
    with_login = [name for name, service in services().items() if service.login]
    for name, purpose in (
        ("login", "log in once; the login is kept in your home folder, where only you can read it"),
        ("logout", "end a login, at the service and on this machine"),
    ):
        command = _command(commands, name, purpose, f"chatframes {name} {with_login[0]} --session work")
        others = " and ".join(service.title for service in services().values() if not service.login)
        command.add_argument(
            "service", choices=with_login, help=f"{others} need none: what they take stands in docs/services.md"
        )
        command.add_argument("--session", metavar="NAME", help='the name it is kept under (default: "default")')
    return parser


def _command(commands: Any, name: str, purpose: str, example: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=purpose,
        description=purpose[0].upper() + purpose[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return command


def _run(options: argparse.Namespace) -> int:
    if options.command in PURPOSES:
        from .commands import run  # imported here because it loads the table

        return run(options)
    if options.command == "demo":
        from .world.demo import show  # imported here because it loads the sandbox's servers

        images = min(500, options.messages) if options.images is None else options.images
        show(options.messages, images, options.out.expanduser())
        return 0
    login = services()[options.service].login
    assert login is not None
    (login.log_in if options.command == "login" else login.log_out)(options.session)
    return 0


@contextmanager
def _ended_like_an_interrupt() -> Iterator[None]:
    """Take SIGTERM, which `timeout` and a system that shuts down send, for Ctrl-C: its line for logs is written."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end_output() -> None:
    """Throw away what is still to be printed; otherwise Python complains at its end that it could not print it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _say(command: str, message: Warning | str | Exception) -> None:
    """Print a warning or an error as a sentence, in the words of the command line where it has them."""
    said = in_terminal_words(str(message)) if command in PURPOSES else message
    print(f"chatframes: {said}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
