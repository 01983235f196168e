"""The command line: ``chatframes demo``."""

from __future__ import annotations

import argparse
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

import chatframes as cf

HERE = Path(__file__).parent


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit status."""
    parser = argparse.ArgumentParser(prog="chatframes", description=cf.__doc__.split("\n")[0] if cf.__doc__ else None)
    parser.add_argument("--version", action="version", version=f"chatframes {cf.__version__}")
    commands = parser.add_subparsers(dest="command")
    demo = commands.add_parser(
        "demo", help="fetch a whole made-up space, with pictures, from a sandbox on this machine"
    )
    demo.add_argument("--messages", type=int, default=3000)
    demo.add_argument("--images", type=int, default=500)
    demo.add_argument("--out", type=Path, default=Path("chatframes-demo.parquet"), help="the Parquet file to write")
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    try:
        show(options.messages, options.images, options.out)
    except (cf.ChatframesError, OSError) as error:
        print(f"chatframes: {error}", file=sys.stderr)
        return 1
    return 0


def show(messages: int, images: int, out: Path) -> None:
    """Fetch, write, read back, and say what to do next."""
    print("A made-up team's space, on a sandbox of this machine: no account, no network.\n")
    print(f">>> world = cf.sandbox(messages={messages}, images={images})")
    with cf.sandbox(messages=messages, images=images) as world:
        source = cf.Webex("Project Apollo", since="2026-10-01", until="2026-10-31")
        print(f">>> df = cf.fetch(cf.{source!r}, images=True, config=world.config)")
        df = cf.fetch(source, images=True, config=world.config)
    print(f">>> cf.write_parquet(df, {str(out)!r})")
    cf.write_parquet(df, out)
    print(f">>> df = cf.read_parquet({str(out)!r})")
    df = cf.read_parquet(out)
    print(f"\n{len(df):,} messages and {df['n_images'].sum():,} pictures in {out} ({out.stat().st_size / 1e6:.1f} MB).")
    print("A few of those with pictures:\n")
    few = df[df["n_images"] > 0].head(5)
    shown = few[["author_name"]].assign(
        created_at=few["created_at"].dt.strftime("%Y-%m-%d %H:%M"),
        text=few["text"].str.slice(0, 40),
        picture=[repr(cell[0]["bytes"]) for cell in few["images"]],
    )
    print(shown[["created_at", "author_name", "text", "picture"]].to_string(index=False), "\n")
    print(">>> cf.report(df)")
    print(cf.report(df), "\n")
    print("Next:")
    print(f"  look at the pictures in a notebook:   {notebook_command()}")
    print('  fetch a space of your own:            see "Your first real Webex space in three minutes" in the README')


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
