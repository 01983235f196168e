"""What the commands that fetch, export and verify are called, and their arguments; quick to import."""

from __future__ import annotations

import argparse
from math import isfinite
from pathlib import Path

from .services import Field, Service, services

__all__ = ["INTERRUPTED", "PURPOSES", "STATUSES", "STATUSES_OF_VERIFY", "add_arguments", "bounds", "example"]

PURPOSES = {
    "chats": "list the chats that an account can see, each as the other commands take it",
    "fetch": "fetch chats into one Parquet file",
    "export": "export chats into a folder of Parquet files; the same command again fetches what is new",
    "verify": "check every byte of an export, and say how to mend it",
}
INTERRUPTED = 130
STATUSES = """exit status:
  0  complete, or open: nothing that was asked for is missing
  3  partial: part of it is missing, and the report says what
  1  failed: nothing could be read or written
  2  the command is wrong, and nothing was asked for
  130  interrupted, or ended with SIGTERM
  141  done, and whoever reads this line has gone, as `head` does"""

STATUSES_OF_VERIFY = """exit status:
  0  nothing is wrong
  1  something is wrong, and what to run is said
  2  the command is wrong, or there is no export"""

LARGEST_MB = 2047  # a picture is one value of a column, which takes less than 2 GiB
_OWN_OPTIONS = frozenset(
    {"sources", "output", "since", "until", "tz", "images", "max_size", "config", "quiet", "metrics"}
)


def example(command: str) -> str:
    """Return one of these commands, as one types it."""
    chats = [service.typed for service in services().values()]
    return {
        "chats": f"chatframes chats {_with_lists()[0]}",
        "fetch": f"chatframes fetch {chats[0]} --since 2026-10-01 --images --output apollo.parquet",
        "export": f"chatframes export {' '.join(chats[:3])} --images --output apollo",
        "verify": "chatframes verify apollo",
    }[command]


def bounds() -> dict[str, list[tuple[Service, Field]]]:
    """Return what services let one choose beside days, by its name: the services, and how they describe it."""
    found: dict[str, list[tuple[Service, Field]]] = {}
    for service in services().values():
        for field in service.fields:
            if field.name != service.chat_key and field.name not in _OWN_OPTIONS:
                found.setdefault(field.name, []).append((service, field))
    return found


def add_arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Add the arguments of one of these commands."""
    if command == "verify":
        parser.add_argument("folder", type=_path, help="the folder that `chatframes export` was given")
        return
    if command == "chats":
        parser.add_argument(
            "service", nargs="?", choices=_with_lists(), help="without it, all that you have a login of"
        )
        _add_config(parser)
        return
    chats = ", ".join(service.typed for service in services().values())
    what = "the folder to export into" if command == "export" else "the Parquet file to write; an older one is replaced"
    parser.add_argument("sources", nargs="+", metavar="SERVICE:CHAT", help=f"a chat, such as {chats}")
    parser.add_argument("--output", type=_path, required=True, help=what)
    parser.add_argument("--since", metavar="DAY", help="the first day, 2026-10-01; without it from the beginning")
    parser.add_argument("--until", metavar="DAY", help="the last day; without it up to now")
    parser.add_argument("--tz", metavar="ZONE", help="the time zone of the days, such as Europe/Oslo (default: UTC)")
    for name, fields in bounds().items():
        of = " and ".join(service.title for service, _ in fields)
        said = fields[0][1].tooltip or fields[0][1].hint
        if words := _choices(*fields[0]):
            said = f"{said}: {words}" if said else words
        more = f": {said[0].lower()}{said[1:]}" if said else ""
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=_number_or_text,
            metavar="N" if all(field.kind.startswith("number") for _, field in fields) else "WORD",
            help=f"of {of}{more}".replace("%", "%%"),
        )
    if command == "export":
        again = "so many days before the last time are read again, for edits (default: 7)"
        parser.add_argument("--look-back-days", type=float, metavar="N", default=7.0, help=again)
        gone = "what becomes of messages that their service shows as deleted (default: keep)"
        parser.add_argument("--deleted", choices=("keep", "drop"), default="keep", help=gone)
    parser.add_argument("--images", action="store_true", help="download pictures, too")
    parser.add_argument("--max-size", type=_megabytes, metavar="MB", help="leave out larger pictures (default: 10)")
    _add_config(parser)
    parser.add_argument("--quiet", action="store_true", help="print the last line only")
    measured = "write how the call went into this file as JSON, also when it fails; docs/metrics.md says what is in it"
    parser.add_argument("--metrics", type=_path, metavar="FILE", help=measured)


def _choices(service: Service, field: Field) -> str:
    """Return what a choice may be, whatever stands in the other fields."""
    if field.kind != "choice":
        return ""
    forms = [{each.name: filled for each in service.fields} for filled in ("", "x")]
    return ", ".join(dict.fromkeys(str(value) for form in forms for _, value in field.options(form)))


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="a config.json (default: the one that is found)")


def _with_lists() -> list[str]:
    return [name for name, service in services().items() if service.list_chats is not None]


def _path(text: str) -> Path:
    """Return a path; an empty name (a variable that is not set, say) would be the working folder."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the name is empty")
    return Path(text)


def _number_or_text(text: str) -> int | str:
    """Return a number where the text is one; what it may be is for the service to say."""
    try:
        return int(text) if text.lstrip("-").isdecimal() else text
    except ValueError:  # "--5", or more digits than Python reads
        return text


def _megabytes(text: str) -> float:
    """Return a size; argparse says what is wrong with any other text."""
    try:
        size = float(text)
    except ValueError:
        size = -1.0
    if not isfinite(size) or not 0 < size <= LARGEST_MB:
        raise argparse.ArgumentTypeError(f"{text!r} is no size: write megabytes, more than 0 and up to {LARGEST_MB}")
    return size
