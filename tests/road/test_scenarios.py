"""The seed document's scenarios, as they stand there: a large Webex room, a very large Telegram chat, a subreddit."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from help.kernels import clean_environment
from help.truth import check

import chatframes as cf


def test_scenario_1_five_thousand_messages_and_eight_hundred_images_arrive_whole(capsys) -> None:
    with cf.sandbox(messages=5000, images=800, days=30, latency_ms=50) as world:
        source = cf.Webex("Project Apollo", since="2026-10-02", until="2026-10-31")
        started = time.perf_counter()
        frame = cf.fetch(source, images=True, config=world.config, progress=False)
        seconds = time.perf_counter() - started
        check(frame, world.expected("Project Apollo"))
        report, stats = cf.report(frame), world.stats()
    assert report.status == "complete"
    assert "pool_timeout" not in report.symptoms
    *first_pages, end = (query["before"][:10] for query in stats["messages_log"] if "before" in query)
    assert {*first_pages} == {"2026-10-08", "2026-10-14", "2026-10-20", "2026-10-26", "2026-11-01"}
    assert end == "2026-10-02", "below its oldest message the list is asked once more"
    assert stats["peak_downloads"] == 20
    assert stats["peak_connections"] <= 30
    with capsys.disabled():
        print(
            f"\nscenario 1: 5,000 messages and 800 images in {seconds:.1f} s (the seed says 120-180), "
            f"{stats['peak_connections']} connections at most (the seed says 60-70)"
        )


# The pace that Telegram tolerates makes this a minute and more: here the library's clock runs twenty times faster.
# benchmarks/telegram.py --scenario has the seconds of real life.
HURRIED = """
import asyncio, hashlib, json, sys, time
import chatframes as cf
import chatframes.api
from chatframes.transfer.clock import Clock

def sleep(seconds):
    return asyncio.sleep(seconds / 20)

chatframes.api.clock = Clock(monotonic=lambda: time.monotonic() * 20, sleep=sleep)
config = json.loads(sys.stdin.read())
df = cf.fetch(cf.Telegram("@apollo"), images=True, config=config, progress=False)
# Not ru_maxrss: that remembers the process this one was started from.
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
peak_bytes = int(status["VmHWM"].split()[0]) * 1024
pictures = [picture["bytes"] for cell in df["images"] for picture in cell]
print(json.dumps({
    "ids": list(df["message_id"]),
    "sha256": sorted(hashlib.sha256(picture).hexdigest() for picture in pictures),
    "kept_bytes": sum(map(len, pictures)),
    "peak_bytes": peak_bytes,
    "report": df.attrs["chatframes"],
}))
"""


@pytest.mark.long
def test_scenario_2_ten_thousand_messages_and_twelve_hundred_media_arrive_whole_in_bounded_memory(
    capsys, tmp_path: Path
) -> None:
    with cf.sandbox(messages=10_000, images=1_200, days=90, latency_ms=20) as world:
        expected = world.expected("@apollo", platform="telegram")
        environment = clean_environment(tmp_path) | {"HOME": str(tmp_path)}
        ran = subprocess.run(
            [sys.executable, "-c", HURRIED],
            input=json.dumps(world.config),
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        got, stats = json.loads(ran.stdout), world.stats()["telegram"]
    pictures = sorted(cell["sha256"] for record in expected for cell in record["media"] if cell["is_image"])
    assert got["ids"] == [record["message_id"] for record in expected]
    assert got["sha256"] == pictures
    assert len(pictures) == 1_200
    assert got["report"]["status"] == "complete"
    assert stats["peak_files"] == 20
    assert stats["peak_connections"] <= 25
    beside_mb = (got["peak_bytes"] - got["kept_bytes"]) / 2**20
    with capsys.disabled():
        print(
            f"\nscenario 2: 10,000 messages and 1,200 media; {got['kept_bytes'] / 2**20:.0f} MiB kept and "
            f"{beside_mb:.0f} MiB beside them at most, {stats['peak_connections']} connections"
        )
    assert beside_mb <= 300


def test_scenario_3_fifty_posts_with_twenty_comments_and_three_hundred_images_arrive_whole(capsys) -> None:
    with cf.sandbox(messages=1050, images=300, latency_ms=50, faults=["reddit_image_gone"]) as world:
        source = cf.Reddit("r/apollo", posts=50, comments="all")
        started = time.perf_counter()
        frame = cf.fetch(source, images=True, config=world.config, progress=False)
        seconds = time.perf_counter() - started
        gone = dict.fromkeys(world.afflicted("reddit_image_gone"), ("failed", "gone"))
        check(frame, world.expected("r/apollo", platform="reddit"), fates=gone)
        report, stats = cf.report(frame), world.stats()["reddit"]
    assert gone
    assert report.status == "complete", "a picture that is gone is said, and costs no message"
    assert (frame["kind"] == "post").sum() == 50
    assert stats["peak_pictures"] == 20
    assert stats["peak_connections"] <= 25
    assert stats["tokens"] == 1
    gets = stats["picture_gets"]
    assert max(count for picture, count in gets.items() if picture not in gone) == 1
    assert max(gets.values()) <= 2, "what is gone is asked for where its copy is, too"
    with capsys.disabled():
        print(
            f"\nscenario 3: 50 posts, {len(frame) - 50} comments and 300 images in {seconds:.1f} s (the seed says "
            f"60-120), {stats['peak_connections']} connections at most (the seed says about 25)"
        )
