"""The main job, as a newcomer runs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import chatframes as cf
from chatframes.__main__ import main


def test_the_demo_fetches_writes_reads_back_and_says_what_to_do_next(tmp_path: Path, capsys) -> None:
    assert main(["demo", "--messages", "400", "--images", "60", "--out", str(tmp_path / "apollo.parquet")]) == 0
    told = capsys.readouterr().out
    assert "webex     400 messages and 60 pictures" in told
    assert "jupyter" in told
    assert "Your first real Telegram chat" in told
    assert "Your first real subreddit" in told
    kept = cf.read_parquet(tmp_path / "apollo.parquet")
    counts = kept["platform"].value_counts().to_dict()
    assert (counts["webex"], counts["telegram"]) == (400, 300)
    assert (kept["kind"] == "post").sum() == 20
    assert f"complete, {len(kept):,} messages" in told
    assert f"reddit    {counts['reddit']} messages and" in told
    pictures = kept.loc[kept["platform"] == "telegram", "n_images"].sum()
    assert 0 < pictures < 60
    assert f"telegram  300 messages and {pictures} pictures" in told
    first, second = re.findall(r"asked for (\d+) pages? of messages and (\d+) attachments?", told)
    assert int(first[1]) >= pictures
    assert second == ("1", "0"), "the look-back alone"
    assert int(first[0]) > 1
    assert "read only the last seven days again" in told.rpartition(">>> cf.export")[2]
    assert len(cf.read_parquet(tmp_path / "apollo-export")) == 300


def test_a_small_demo_has_all_of_each_service(tmp_path: Path, capsys) -> None:
    assert main(["demo", "--messages", "50", "--images", "8", "--out", str(tmp_path / "apollo.parquet")]) == 0
    told = capsys.readouterr().out
    assert "webex     50 messages and 8 pictures" in told
    assert "telegram  50 messages and 8 pictures" in told
    assert "reddit    50 messages and 8 pictures" in told


def test_what_cannot_be_written_is_a_sentence_and_no_traceback(tmp_path: Path, capsys) -> None:
    out = tmp_path / "no such folder" / "apollo.parquet"
    assert main(["demo", "--messages", "20", "--images", "2", "--out", str(out)]) == 1
    assert "no such folder" in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.namespace
def test_the_whole_demo_runs_where_only_loopback_exists(tmp_path: Path) -> None:
    script = f"ip link set lo up 2>/dev/null || {sys.executable} -c '{LOOPBACK_UP}'; exec {sys.executable} -m chatframes demo"
    answer = subprocess.run(
        ["unshare", "-n", "sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False, env=os.environ
    )
    assert answer.returncode == 0, answer.stderr
    assert "webex     3,000 messages and 500 pictures" in answer.stdout
    assert "telegram  300 messages and" in answer.stdout
    found = re.search(r"reddit    ([\d,]+) messages and", answer.stdout)
    assert found is not None
    assert f"complete, {3_300 + int(found[1].replace(',', '')):,} messages" in answer.stdout


# Without iproute2: SIOCSIFFLAGS on "lo" by hand.
LOOPBACK_UP = (
    'import fcntl,socket,struct; s=socket.socket(); fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 0x1 | 0x40))'
)
