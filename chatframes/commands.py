"""The commands that fetch, export and verify: ``chatframes export webex:'Project Apollo' --output apollo``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from .api import fetch
from .errors import ConfigError
from .export_api import export
from .exports.verify import verify
from .services import services
from .sources import Source
from .table.files import write_parquet
from .table.report import Report, report
from .words import did_you_mean

__all__ = ["run"]

STATUS = {"complete": 0, "open": 0, "partial": 3, "failed": 1}  # the exit status; 2 is a command that is wrong


def run(options: argparse.Namespace) -> int:
    """Run one of these commands; return its exit status."""
    if options.command == "verify":
        verdict = verify(options.folder)
        print(verdict)
        return 0 if verdict else 1
    sources = [_source(text, options.since, options.until) for text in options.sources]
    arguments: dict[str, Any] = {
        "images": _images(options),
        "config": options.config,
        "progress": not options.quiet and sys.stderr.isatty(),
    }
    if options.command == "export":
        told = export(sources, options.output, **arguments)
    else:
        frame = fetch(sources, **arguments)
        write_parquet(frame, options.output)
        told = report(frame)
    if not options.quiet:
        print(told)
    print(_last_line(options.command, told, options.output))
    return STATUS[told.status]


def _source(text: str, since: str | None, until: str | None) -> Source:
    name, colon, chat = text.partition(":")
    service = services().get(name)
    if not colon or not chat or service is None:
        first = next(iter(services().values()))
        if "/" in text:  # an address may hold a secret, such as an invitation
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
