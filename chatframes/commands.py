"""The commands that list, fetch, export and verify: ``chatframes export webex:'Project Apollo' --output apollo``."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
import time
from collections.abc import Mapping
from errno import EIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from .api import chats, fetch
from .commands_help import INTERRUPTED, bounds
from .commands_metrics import MetricsFile
from .commands_words import in_terminal_words
from .errors import ChatframesError, ConfigError
from .export_api import export
from .exports.verify import verify
from .page.html import plain
from .services import services
from .settings.merge import load_config
from .sources import Source
from .table.files import OTHER_FORMATS, write_parquet
from .table.report import Report, report
from .words import did_you_mean

__all__ = ["run"]

_PLAIN_WORDS = re.compile(r"[\w .:'-]*")
STATUS = {"complete": 0, "open": 0, "partial": 3, "failed": 1}  # exit status; 2 is a command that is wrong


def run(options: argparse.Namespace) -> int:
    """Run one of these commands; return its exit status."""
    if options.command == "verify":
        verdict = verify(options.folder)
        print(in_terminal_words(str(verdict)))
        return 0 if verdict else 1
    if options.command == "chats":
        return _list_chats(options.service, options.config)
    began = time.monotonic()
    with_bar = not options.quiet and sys.stderr.isatty()
    metrics = None if options.metrics is None else MetricsFile(options.metrics, options.command, with_bar=with_bar)
    try:
        told = _fetched(options, with_bar if metrics is None else metrics)
    except KeyboardInterrupt as interrupt:
        _measured(metrics, "stopped", interrupt)
        is_export = options.command == "export"
        kept = "what has come is kept, and the same command goes on" if is_export else "nothing was written"
        print(f"\nchatframes: stopped; {kept}", file=sys.stderr)
        print(_line_without_report(options, "stopped", time.monotonic() - began))
        return INTERRUPTED
    except BaseException as error:  # also a defect: a log must show that it ended, and how
        _measured(metrics, "failed", error)
        print(_line_without_report(options, f"failed error={type(error).__name__}", time.monotonic() - began))
        raise
    _measured(metrics, told.status)
    if not options.quiet:
        print(in_terminal_words(str(told)))
    print(_last_line(options.command, told, options.output))
    return STATUS[told.status]


def _measured(metrics: MetricsFile | None, status: str, error: BaseException | None = None) -> None:
    if metrics is not None:
        metrics.write(status, error)


def _list_chats(service: str | None, config: Path | None) -> int:
    """Print the chats of one service, or of all with a login; return the exit status."""
    able = {name: each for name, each in services().items() if each.list_chats is not None}
    settings = load_config(config)
    named = [service] if service else [n for n, each in able.items() if each.is_configured(getattr(settings, n))]
    if not named:
        raise ConfigError(
            f"There is no login of {' or '.join(able)} to list chats with: `chatframes chats {next(iter(able))}` says "
            "what it needs."
        )
    errors: list[Exception] = []
    for name in named:
        try:
            listed = chats(name, config=settings)  # so that a warning about the file comes once
        except ChatframesError as error:  # the lists of other services are as good as before
            errors.append(error)
            continue
        for id_, title, kind, last in zip(*(listed[column] for column in listed.columns), strict=True):
            when = "no message" if last is None or last != last else f"{last:%Y-%m-%d}"
            print(f"{when:<10}  {kind:<8}  {plain(title):<30}  {shlex.quote(f'{name}:{id_}')}")
    all_failed = len(errors) == len(named)
    for failed in errors[:-1] if all_failed else errors:
        print(f"chatframes: {in_terminal_words(str(failed))}", file=sys.stderr)
    if all_failed:
        raise errors[-1]  # whoever catches it prints it
    return STATUS["partial"] if errors else 0


def _fetched(options: argparse.Namespace, progress: bool | MetricsFile) -> Report:
    """Fetch or export what is named; return the report."""
    if isinstance(progress, MetricsFile):
        progress.check(options.output, _check_place)
    sources = _sources(options)
    arguments: dict[str, Any] = {"images": _images(options), "config": options.config, "progress": progress}
    if options.command == "export":
        again = {"look_back_days": options.look_back_days, "deleted": options.deleted}
        return export(sources, options.output, **arguments, **again)
    _check_output(options.output.expanduser())
    frame = fetch(sources, **arguments)
    if frame.empty and options.output.expanduser().exists():
        print(f"chatframes: there is no message to write, so {options.output} stays as it was.", file=sys.stderr)
    else:
        write_parquet(frame, options.output)
    return report(frame)


def _check_output(path: Path) -> None:
    """Refuse a file that cannot be written before hours of fetching are for nothing."""
    if path.suffix.lower() in OTHER_FORMATS:
        raise ConfigError(f"--output {path} is the name of another kind of file: name it .parquet.")
    _check_place(path, "--output")


def _check_place(path: Path, option: str) -> None:
    wrong = None
    if os.path.isdir(path):
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
        raise ConfigError(f"{option} {path} {wrong}.")


def _sources(options: argparse.Namespace) -> list[Source]:
    """Return what is named, each with the options that its service has."""
    days = {name: getattr(options, name) for name in ("since", "until")}
    days |= {"tz": options.tz} if options.tz is not None else {}
    bounded = {name: value for name in bounds() if (value := getattr(options, name)) is not None}
    sources = [_source(text, days, bounded) for text in options.sources]
    for name in bounded:
        able = [service.name for service, _ in bounds()[name]]
        if not any(source.service in able for source in sources):
            flag = f"--{name.replace('_', '-')}"
            raise ConfigError(f"{flag} is for chats of {' and '.join(able)}, and none is named: leave it out.")
    return sources


def _source(text: str, days: Mapping[str, Any], bounded: Mapping[str, Any]) -> Source:
    name, colon, chat = text.partition(":")
    service = services().get(name)
    if colon and not chat and service is not None:
        raise ConfigError(f"{text!r} names no chat: write {service.typed}, say.")
    if not colon or service is None:
        first = next(iter(services().values()))
        if not _PLAIN_WORDS.fullmatch(text):  # an address may hold a secret, such as an invitation
            raise ConfigError(f"An address needs the name of its service before it: {first.name}:https://..., say.")
        hint = did_you_mean(name, services(), "the prefixes are " + ", ".join(f"{each}:" for each in services()) + ".")
        raise ConfigError(f"{text!r} does not say of which service the chat is, as {first.typed} does: {hint}")
    own = {field.name: bounded[field.name] for field in service.fields if field.name in bounded}
    source: Source = service.source(chat, **days, **own)
    return source


def _images(options: argparse.Namespace) -> object:
    if options.max_size is None:
        return options.images
    if not options.images:
        raise ConfigError(
            f"--max-size {options.max_size:g} is about pictures, and they are downloaded with --images only: add "
            "--images, or leave --max-size out."
        )
    return {"enabled": True, "max_size_bytes": max(1, round(options.max_size * 2**20))}


def _last_line(command: str, told: Report, output: Path) -> str:
    """Return a line of plain words and numbers, for logs."""
    messages = sum(source.messages for source in told.sources)
    return (
        f"chatframes {command}: status={told.status} messages={messages} pictures={told.images_ok} "
        f"failed={sum(told.failed.values())} seconds={told.seconds} output={output}"
    )


def _line_without_report(options: argparse.Namespace, status: str, seconds: float) -> str:
    """Return the line for logs when there is no report; the sentence about the error goes where errors go."""
    return f"chatframes {options.command}: status={status} seconds={seconds:.1f} output={options.output}"
