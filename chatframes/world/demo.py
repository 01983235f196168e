"""The command ``chatframes demo``: fetch the sandbox's chats, write them to a file, read it back, say what is next."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import chatframes as cf  # the public names, as the lines it prints have them

from ..sources import Source
from ..words import counted
from .sandbox import World

PACKAGE = Path(__file__).parent.parent


def show(messages: int, images: int, out: Path) -> None:
    """Fetch, write, read back, and say what to do next."""
    print("A made-up team's Webex, Telegram and Reddit, on a sandbox of this machine: no account, no network.\n")
    print(f">>> world = cf.sandbox(messages={messages}, images={images})")
    with cf.sandbox(messages=messages, images=images) as world:
        space = cf.Webex("Project Apollo", since="2026-10-01", until="2026-10-31")
        print(f">>> space = cf.{space!r}")
        group = cf.Telegram("@apollo", limit=300)
        print(f">>> group = cf.{group!r}")
        forum = cf.Reddit("r/apollo", posts=20, comments="all")
        print(f">>> forum = cf.{forum!r}")
        print(">>> df = cf.fetch([space, group, forum], images=True, config=world.config)")
        df = cf.fetch([space, group, forum], images=True, config=world.config)
        print(f">>> cf.write_parquet(df, {str(out)!r})")
        cf.write_parquet(df, out)
        print(f">>> df = cf.read_parquet({str(out)!r})")
        _say_what_is_in(out, (space, group, forum))
        print("For what is larger than memory, or shall be kept up to date, there is export. Here it is run twice:\n")
        _export_twice(world, group, out.with_name(f"{out.stem}-export"))
    print("Next:")
    print(f"  look at the pictures in a notebook:   {notebook_command()}")
    print('  fetch a space of your own:            see "Your first real Webex space in three minutes" in the README')
    print('  fetch a Telegram chat of your own:    see "Your first real Telegram chat in three minutes" there')
    print('  fetch a subreddit of your own:        see "Your first real subreddit" there')


def _say_what_is_in(out: Path, sources: Sequence[Source]) -> None:
    """Read the file, and show what it holds."""
    df = cf.read_parquet(out)
    print(f"\nAll of it is in {out} ({out.stat().st_size / 1e6:.1f} MB), read back as one table:")
    for source in sources:
        rows = df[df["platform"] == source.service]
        print(f"  {source.service:<9} {len(rows):,} messages and {rows['n_images'].sum():,} pictures")
    print("\nA few of those with pictures:\n")
    few = df[df["n_images"] > 0].groupby("platform", observed=True).head(2)
    shown = few[["platform", "author_name"]].assign(
        created_at=few["created_at"].dt.strftime("%Y-%m-%d %H:%M"),
        text=few["text"].str.slice(0, 40),
        picture=[repr(cell[0]["bytes"]) for cell in few["images"]],
    )
    print(shown[["created_at", "platform", "author_name", "text", "picture"]].to_string(index=False), "\n")
    print(">>> cf.report(df)")
    print(cf.report(df), "\n")


def _export_twice(world: World, group: cf.Telegram, folder: Path) -> None:
    """Export a chat, and show that the second time asks for what is new alone."""
    for _ in range(2):
        print(f">>> cf.export(group, {str(folder)!r}, images=True, config=world.config)")
        world.reset_stats()
        cf.export(group, folder, images=True, config=world.config)
        stats = world.stats()["telegram"]
        pages, pictures = stats["calls"].get("messages.getHistory", 0), len(stats["file_requests"])
        print(f"    asked for {counted(pages, 'page')} of messages and {counted(pictures, 'attachment')}")
    print("The second time read only the last seven days again, for edits and deletions, and asked for no picture.\n")


def notebook_command() -> str:
    """Return the command that opens the quick-start notebook with this very Python."""
    near = [Path("notebooks"), PACKAGE.parent / "notebooks", PACKAGE / "notebooks"]
    notebook = next((folder / "quickstart.ipynb" for folder in near if (folder / "quickstart.ipynb").is_file()), None)
    if notebook is None or find_spec("jupyterlab") is None:
        return 'pip install "chatframes[notebook]", then jupyter lab notebooks/quickstart.ipynb'
    python = Path(sys.executable)
    if python.is_relative_to(Path.cwd()):
        python = python.relative_to(Path.cwd())
    return shlex.join([str(python), "-m", "jupyter", "lab", str(notebook)])
