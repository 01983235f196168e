"""The commands that fetch, export and verify: ``chatframes export webex:'Project Apollo' --output apollo``."""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from errno import EIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from .api import fetch
from .errors import ChatframesError, ConfigError
from .export_api import export
from .exports.verify import verify
from .services import services
from .sources import Source
from .table.files import OTHER_FORMATS, write_parquet
from .table.report import Report, report
from .words import did_you_mean

__all__ = ["run"]

_PLAIN_WORDS = re.compile(r"[\w .:'-]*")
STATUS = {"complete": 0, "open": 0, "partial": 3, "failed": 1}  # the exit status; 2 is a command that is wrong


def run(options: argparse.Namespace) -> int:
    """Run one of these commands; return its exit status."""
    if options.command == "verify":
        verdict = verify(options.folder)
        print(verdict)
        return 0 if verdict else 1
    began = time.monotonic()
    try:
        told = _fetched(options)
    except (ChatframesError, OSError) as error:
        print(_failed_line(options, error, time.monotonic() - began))
        raise
    if not options.quiet:
        print(told)
    print(_last_line(options.command, told, options.output))
    return STATUS[told.status]


def _fetched(options: argparse.Namespace) -> Report:
    """Fetch or export what is named; return the report."""
    sources = [_source(text, options.since, options.until) for text in options.sources]
    arguments: dict[str, Any] = {
        "images": _images(options),
        "config": options.config,
        "progress": not options.quiet and sys.stderr.isatty(),
    }
    if options.command == "export":
        return export(sources, options.output, **arguments)
    _check_output(options.output.expanduser())
    frame = fetch(sources, **arguments)
    write_parquet(frame, options.output)
    return report(frame)


def _check_output(path: Path) -> None:
    """Refuse a file that cannot be written before hours of fetching are for nothing."""
    wrong = None
    if path.suffix.lower() in OTHER_FORMATS:
        wrong = "is the name of another kind of file: name it .parquet"
    elif os.path.isdir(path):
        wrong = "is a folder: add a file name to it"
    elif os.path.exists(path) and not os.path.isfile(path):
        wrong = "is a device or a pipe: choose another name"
    else:
        folder = Path(os.path.realpath(path)).parent
        try:
            with TemporaryFile(dir=folder):
                pass
        except FileNotFoundError:
            wrong = f"cannot be written: the folder {folder} does not exist; create it first"
        except OSError as error:
            wrong = f"cannot be written: {folder} takes no file ({os.strerror(error.errno or EIO)}); choose another one"
    if wrong is not None:
        raise ConfigError(f"--output {path} {wrong}.")


def _source(text: str, since: str | None, until: str | None) -> Source:
    name, colon, chat = text.partition(":")
    service = services().get(name)
    if not colon or not chat or service is None:
        first = next(iter(services().values()))
        if not _PLAIN_WORDS.fullmatch(text):  # an address may hold a secret, such as an invitation
            raise ConfigError(f"An address needs the name of its service before it: {first.name}:https://..., say.")
        hint = did_you_mean(name, services(), "the prefixes are " + ", ".join(f"{each}:" for each in services()) + ".")
        raise ConfigError(f"{text!r} does not say of which service the chat is, as {first.typed} does: {hint}")
    source: Source = service.source(chat, since=since, until=until)
    return source


def _images(options: argparse.Namespace) -> object:
    if options.max_size is None:
        return options.images
    return {"enabled": options.images, "max_size_bytes": round(options.max_size * 2**20)}


def _last_line(command: str, told: Report, output: Path) -> str:
    """Return a line of plain words and numbers, for logs."""
    messages = sum(source.messages for source in told.sources)
    return (
        f"chatframes {command}: status={told.status} messages={messages} pictures={told.images_ok} "
        f"failed={sum(told.failed.values())} seconds={told.seconds} output={output}"
    )


def _failed_line(options: argparse.Namespace, error: Exception, seconds: float) -> str:
    """Return the line for logs when there is no report; the sentence about the error goes where errors go."""
    return (
        f"chatframes {options.command}: status=failed error={type(error).__name__} seconds={seconds:.1f} "
        f"output={options.output}"
    )
