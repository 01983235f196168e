"""Compare chatframes with plain Telethon (iter_messages, download_media with a semaphore of 20) on Telegram.

    python benchmarks/telegram.py                 # 3,000 messages, and 120 pictures of 100 MB in all, both at 50 ms
    python benchmarks/telegram.py --rounds 1 --scenario   # ten thousand messages and 1,200 pictures, chatframes alone

In every round each of them runs in a fresh process, in shuffled order, against the same sandbox in a process of its
own. Imports are not counted; connecting and logging in to the second data centre are. Compare the ratios within a
round. chatframes also makes a table with all columns, and finds out each picture's type, wholeness, size and SHA-256.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import statistics
import subprocess
import sys
import time
from typing import Any

from side_by_side import HERE, conclude, spread

AT_ONCE = 20


async def with_telethon(config: dict[str, Any], images: bool) -> tuple[int, list[int]]:
    from telethon import TelegramClient
    from telethon.crypto import rsa
    from telethon.errors import RPCError
    from telethon.sessions import StringSession

    rsa.add_key(config["server"]["public_key"].encode(), old=False)
    session = StringSession(config["session"])
    session.set_dc(config["server"]["dc_id"], config["server"]["address"], config["server"]["port"])
    client = TelegramClient(session, config["api_id"], config["api_hash"])
    await client.connect()
    chat = await client.get_entity("apollo")
    messages = [message async for message in client.iter_messages(chat)]
    sizes: list[int] = []
    if images:
        semaphore = asyncio.Semaphore(AT_ONCE)

        async def one(message: Any) -> int:
            async with semaphore:
                try:
                    return len(await client.download_media(message, bytes) or b"")
                except RPCError:  # of a moving photo it asks for the film, which is not there
                    return 0

        pictures = [m for m in messages if m.photo or (m.file and (m.file.mime_type or "").startswith("image/"))]
        sizes = await asyncio.gather(*map(one, pictures))
    await client.disconnect()
    return len(messages), sizes


def with_chatframes(config: dict[str, Any], images: bool) -> tuple[int, int]:
    import chatframes as cf

    settings = cf.ImageSettings(enabled=images, max_size_bytes=50_000_000)
    frame = cf.fetch(cf.Telegram("@apollo"), images=settings, config={"telegram": config}, progress=False)
    report = frame.attrs["chatframes"]
    assert report["status"] == "complete"
    assert not report["images"]["failed"], report["images"]
    return len(frame), report["images"]["bytes"]


def contend(name: str, images: bool) -> None:
    """Run one contender in this process and print what it took."""
    import telethon  # noqa: F401

    if name == "chatframes":
        import chatframes.api
        import chatframes.sources.telegram.service  # noqa: F401

    config = json.loads(sys.stdin.readline())
    cpu, wall = time.process_time(), time.perf_counter()
    if name == "telethon":
        messages, sizes = asyncio.run(with_telethon(config, images))
        size = sum(sizes)
    else:
        messages, size = with_chatframes(config, images)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall": wall, "cpu": cpu, "messages": messages, "mb": size / 1e6, "peak_mb": peak_mb}))


def compare(messages: int, images: int, latency_ms: float, padding_bytes: int, rounds: int, names: list[str]) -> None:
    options = {"--messages": messages, "--images": images, "--latency-ms": latency_ms, "--padding-bytes": padding_bytes}
    command = [
        sys.executable,
        str(HERE / "sandbox_server.py"),
        *(str(part) for pair in options.items() for part in pair),
    ]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdin is not None
    assert server.stdout is not None
    results: list[dict[str, dict[str, Any]]] = []
    try:
        config = json.dumps(json.loads(server.stdout.readline())["config"]["telegram"])
        for _ in range(rounds):
            figures = {}
            for name in random.sample(names, len(names)):
                contender = [sys.executable, __file__, "--contend", name, *(["--with-images"] if images else [])]
                ran = subprocess.run(contender, input=config, check=True, capture_output=True, text=True)
                figures[name] = json.loads(ran.stdout)
                print("", file=server.stdin, flush=True)
                stats = json.loads(server.stdout.readline())["telegram"]
                figures[name] |= {
                    "pages": stats["calls"].get("messages.getHistory", 0),
                    "files": stats["calls"].get("upload.getFile", 0),
                    "peak": stats["peak_files"],
                    "connections": stats["peak_connections"],
                }
            results.append(figures)
    finally:
        server.stdin.close()
        server.wait()
        server.stdout.close()
    print(f"\n{messages} messages, {images} pictures, {latency_ms:g} ms, {rounds} rounds")
    counted = ("pages", "files", "peak", "connections", "mb", "peak_mb")
    print(f"{'':12}{'wall s':>22}{'CPU s':>8}{'times faster':>22}" + "".join(f"{key:>12}" for key in counted))
    for name in names:
        of = [result[name] for result in results]
        row = f"{name:12}{spread([f['wall'] for f in of]):>22}{statistics.median(f['cpu'] for f in of):8.2f}"
        faster = [r["telethon"]["wall"] / r[name]["wall"] for r in results if "telethon" in r]
        row += f"{spread(faster) if faster else '-':>22}"
        print(row + "".join(f"{of[-1][key]:12.0f}" for key in counted))
        if name == "chatframes":
            what = f"Telegram, {images} pictures" if images else f"Telegram, {messages:,} messages"
            conclude(f"{what}: times faster than Telethon", faster, least=2 if images else 10)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency-ms", type=float, default=50)
    parser.add_argument("--only", nargs="*", default=["chatframes", "telethon"])
    parser.add_argument("--scenario", action="store_true", help="ten thousand messages and 1,200 pictures")
    parser.add_argument("--contend", help=argparse.SUPPRESS)
    parser.add_argument("--with-images", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contend:
        contend(options.contend, options.with_images)
    elif options.scenario:
        compare(10_000, 1_200, options.latency_ms, 800_000, options.rounds, ["chatframes"])
    else:
        compare(3_000, 0, options.latency_ms, 0, options.rounds, options.only)
        compare(150, 120, options.latency_ms, 900_000, options.rounds, options.only)
