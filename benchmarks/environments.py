"""Environments of their own for contenders that chatframes does not need, or that pin other versions of libraries.

They are made on request and kept in the system's folder for temporary files, so that the next run finds them there.
"""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
import tempfile
from pathlib import Path

# What is installed for a contender: the versions that the figures in README.md were measured with.
NEEDS = {
    "daft": ["daft==0.7.26"],
    "pyreqwest": ["pyreqwest==0.15.1"],
    "img2dataset": ["img2dataset==1.47.0", "setuptools<81"],
}


def python_of(name: str, *, make: bool) -> str | None:
    """Return the Python of a contender's environment; None, with a sentence, when it is not there."""
    place = Path(tempfile.gettempdir()) / f"chatframes-benchmarks-{getpass.getuser()}" / name
    python = place / "bin" / "python"
    whole = place / "whole"
    if whole.exists() and _is_own(place.parent):
        return str(python)
    if not make:
        print(f"{name} is left out: there is no environment with it yet. Ask for one with --contenders all.")
        return None
    print(f"Making an environment for {name} ...", flush=True)
    place.parent.mkdir(mode=0o700, exist_ok=True)
    if not _is_own(place.parent):
        print(f"{name} is left out: {place.parent} belongs to somebody else. Remove it, or set TMPDIR.")
        return None
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True, capture_output=True)
        install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *NEEDS[name]]
        subprocess.run(install, check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        last = str(error.stderr).strip().splitlines()[-1:]
        print(f"{name} is left out: it could not be installed ({' '.join(last)}).")
        return None
    whole.touch()
    return str(python)


def _is_own(folder: Path) -> bool:
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
