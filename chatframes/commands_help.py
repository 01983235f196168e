"""What the commands that fetch, export and verify are called, and their arguments; quick to import."""

from __future__ import annotations

import argparse
from pathlib import Path

from .services import services

__all__ = ["PURPOSES", "add_arguments", "example"]

PURPOSES = {
    "fetch": "fetch chats into one Parquet file",
    "export": "export chats into a folder of Parquet files; the same command again fetches what is new",
    "verify": "check every byte of an export, and say how to mend it",
}


def example(command: str) -> str:
    """Return one of these commands, as one types it."""
    chats = [service.typed for service in services().values()]
    return {
        "fetch": f"chatframes fetch {chats[0]} --since 2026-10-01 --images --output apollo.parquet",
        "export": f"chatframes export {' '.join(chats[:3])} --images --output apollo",
        "verify": "chatframes verify apollo",
    }[command]


def add_arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Add the arguments of one of these commands."""
    if command == "verify":
        parser.add_argument("folder", type=Path, help="the folder that `chatframes export` was given")
        return
    chats = ", ".join(service.typed for service in services().values())
    what = "the folder to export into" if command == "export" else "the Parquet file to write"
    parser.add_argument("sources", nargs="+", metavar="SERVICE:CHAT", help=f"a chat, such as {chats}")
    parser.add_argument("--output", type=Path, required=True, help=what)
    parser.add_argument("--since", metavar="DAY", help="the first day, 2026-10-01; without it from the beginning")
    parser.add_argument("--until", metavar="DAY", help="the last day; without it up to now")
    parser.add_argument("--images", action="store_true", help="download pictures, too")
    parser.add_argument("--max-size", type=float, metavar="MB", help="leave out larger pictures (default: 10)")
    parser.add_argument("--config", type=Path, metavar="FILE", help="a config.json (default: the one that is found)")
    parser.add_argument("--quiet", action="store_true", help="print the last line only")
