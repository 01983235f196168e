"""Compare downloads of pictures by chatframes with aiohttp, httpx, curl, pyreqwest and Daft, all with 20 at once.

    python benchmarks/downloads.py                      # 500 pictures at 0, 20 and 100 ms, five rounds
    python benchmarks/downloads.py --contenders all     # also pyreqwest and Daft, in environments it makes (once)
    python benchmarks/downloads.py --images 5000 --rounds 3
    python benchmarks/downloads.py --tls --latency-ms 100

In every round each of them runs in a fresh process, in shuffled order, against the same server process; compare the
ratios within a round. All of them keep every picture in memory, but for curl, which writes files. chatframes also finds
out what each picture is, whether it is whole, its size in pixels and its SHA-256, which the others do not.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from download_contenders import AT_ONCE, CONTENDERS, contend
from environments import NEEDS, python_of
from side_by_side import Figures, ask, conclude, fresh, interleaved, of, ratios, serving, spread

# By number of pictures and latency: wall / bound, wall / aiohttp and CPU / aiohttp, at most.
BOUND = {(500, 20): 1.15, (5000, 20): 1.10, (500, 100): 1.05}
WALL = {(5000, 20): 0.95}
CPU = 1.5


def pythons(names: list[str], *, make: bool) -> dict[str, str]:
    """Return the Python for each contender that is there; say of the others that they are not."""
    found = {}
    for name in names:
        if name == "curl" and shutil.which("curl") is None:
            print("curl is left out: it is not installed.")
        elif name not in NEEDS:
            found[name] = sys.executable
        elif (python := python_of(name, make=make)) is not None:
            found[name] = python
    return found


def certificate(folder: str) -> tuple[str, dict[str, str]]:
    """Make a certificate for 127.0.0.1; return its file, and an environment in which everybody trusts it."""
    file = str(Path(folder, "certificate.pem"))
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "basicConstraints=critical,CA:FALSE"]  # the contenders in Rust accept no other
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", file, "-out", f"{file}.crt"]
    subprocess.run(command, check=True, capture_output=True)
    public = Path(f"{file}.crt").read_text()
    with open(file, "a") as whole:
        whole.write(public)
    return file, {**os.environ, "SSL_CERT_FILE": f"{file}.crt", "CURL_CA_BUNDLE": f"{file}.crt"}


def compare(latency_ms: float, options: argparse.Namespace, found: dict[str, str], folder: str) -> None:
    images, rounds, names = options.images, options.rounds, list(found)
    file, environment = certificate(folder) if options.tls else ("", dict(os.environ))
    server = ["--latency-ms", latency_ms, *(["--certificate", file] if file else [])]
    with serving("image_server.py", *server) as (port, plain_port):
        scheme = "https" if file else "http"

        def run(name: str) -> Figures:
            arguments = ["--contend", name, "--port", port, "--images", images, "--scheme", scheme]
            figures = fresh(__file__, *arguments, python=found[name], env=environment)
            return figures | ask(plain_port)

        results = interleaved(names, rounds, run)
    sizes = {figures["bytes"] for some in results.values() for figures in some}
    assert len(sizes) == 1, "the contenders did not get the same bytes"
    bound = latency_ms / 1000 * images / AT_ONCE
    show(results, f"{images} pictures, {latency_ms:g} ms{', TLS' if file else ''}, {rounds} rounds", bound)
    aims(results, images, latency_ms, bound, tls=bool(file))


def show(results: dict[str, list[Figures]], title: str, bound: float) -> None:
    print(f"\n{title}; latency bound {bound:.2f} s")
    print(
        f"{'':12}{'wall s':>8}{'CPU ms/picture':>16}{'wall/aiohttp':>20}{'CPU/aiohttp':>20}{'wall/bound':>20}"
        f"{'requests':>10}{'peak':>6}{'MB':>7}"
    )
    for name, some in results.items():
        bounds = spread([wall / bound for wall in of(some, "wall")]) if bound else "-"
        print(
            f"{name:12}{spread(of(some, 'wall')).split()[0]:>8}{spread(of(some, 'cpu_ms')).split()[0]:>16}"
            f"{spread(ratios(results, name, 'aiohttp')):>20}{spread(ratios(results, name, 'aiohttp', 'cpu_ms')):>20}"
            f"{bounds:>20}{some[-1]['requests']:>10}{max(of(some, 'peak')):>6}{max(of(some, 'peak_mb')):>7.0f}",
            flush=True,
        )


def aims(results: dict[str, list[Figures]], images: int, latency_ms: float, bound: float, *, tls: bool) -> None:
    if "chatframes" not in results:
        return
    what = f"{images:,} pictures, {latency_ms:g} ms{', TLS' if tls else ''}"
    key = (images, int(latency_ms))
    if bound:
        walls = [wall / bound for wall in of(results["chatframes"], "wall")]
        conclude(f"{what}: wall / latency bound", walls, most=BOUND.get(key))
    for other in results:
        if other != "chatframes":
            most = WALL.get(key) if other == "aiohttp" else None
            conclude(f"{what}: wall / {other}'s", ratios(results, "chatframes", other), most=most)
    conclude(f"{what}: CPU / aiohttp's", ratios(results, "chatframes", "aiohttp", "cpu_ms"), most=CPU)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--latency-ms", type=float, nargs="*", default=[0, 20, 100])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=list(CONTENDERS), choices=list(CONTENDERS))
    parser.add_argument("--contenders", choices=["all", "there"], default="there", help="all: make what is not there")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--contend", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--scheme", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contend:
        urls = [f"{options.scheme}://127.0.0.1:{options.port}/{number}" for number in range(options.images)]
        print(json.dumps(contend(options.contend, urls)))
    else:
        if options.tls and "daft" in options.only:
            print("daft is left out: it trusts no certificate but those of public authorities.")
            options.only.remove("daft")
        found = pythons(options.only, make=options.contenders == "all")
        with tempfile.TemporaryDirectory() as folder:
            for latency_ms in options.latency_ms:
                compare(latency_ms, options, found, folder)
