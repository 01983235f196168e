"""The command line: ``chatframes demo``, ``chatframes login telegram``, ``chatframes logout telegram``."""

from __future__ import annotations

import argparse
import shlex
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path

import chatframes as cf

from .services import service_called, services

HERE = Path(__file__).parent


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
        command.add_argument("service", choices=[name for name, service in services().items() if service.login])
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
                    show(options.messages, options.images, options.out)
                case "login" | "logout" as step:
                    login = service_called(options.service).login
                    assert login is not None
                    (login.log_in if step == "login" else login.log_out)(options.session)
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
    df = cf.read_parquet(out)
    print(f"\nAll of it is in {out} ({out.stat().st_size / 1e6:.1f} MB), read back as one table:")
    for source in (space, group, forum):
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
    print("Next:")
    print(f"  look at the pictures in a notebook:   {notebook_command()}")
    print('  fetch a space of your own:            see "Your first real Webex space in three minutes" in the README')
    print('  fetch a Telegram chat of your own:    see "Your first real Telegram chat in three minutes" there')
    print('  fetch a subreddit of your own:        see "Your first real subreddit" there')


def notebook_command() -> str:
    """Return the command that opens the quick-start notebook with this very Python."""
    near = [Path("notebooks"), HERE.parent / "notebooks", HERE / "notebooks"]
    notebook = next((folder / "quickstart.ipynb" for folder in near if (folder / "quickstart.ipynb").is_file()), None)
    if notebook is None or find_spec("jupyterlab") is None:
        return 'pip install "chatframes[notebook]", then jupyter lab notebooks/quickstart.ipynb'
    python = Path(sys.executable)
    if python.is_relative_to(Path.cwd()):
        python = python.relative_to(Path.cwd())
    return shlex.join([str(python), "-m", "jupyter", "lab", str(notebook)])


if __name__ == "__main__":
    sys.exit(main())
