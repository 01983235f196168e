"""The commands, as somebody uses them who does not write Python: lists, bounds, mistakes, an interrupt."""

from __future__ import annotations

import _thread
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import chatframes as cf
from chatframes import commands, commands_metrics
from chatframes.__main__ import main
from chatframes.commands_words import in_terminal_words
from chatframes.road.run import Run

OF_PYTHON = re.compile(r"\b(?!https?)\w+=['\"\w]|\w\(\w*\)|\bcf\.|chatframes\.\w|max_size_bytes|\bNone\b|\bTrue\b")


@pytest.fixture(scope="module")
def world() -> Iterator[Any]:
    with cf.sandbox(messages=40, images=4) as world:
        yield world


@pytest.fixture(scope="module")
def config(world: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("config") / "config.json"
    path.write_text(json.dumps(world.config), encoding="utf-8")
    path.chmod(0o600)
    return str(path)


def test_chats_are_listed_as_the_other_commands_take_them(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["chats", "--config", config]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {shlex.split(line)[-1].partition(":")[0] for line in lines} == {"webex", "telegram"}
    (kitchen,) = [line for line in lines if "Kitchen" in line]
    assert re.match(r"\d{4}-\d\d-\d\d  group     Kitchen  ", kitchen)
    out = ["--config", config, "--quiet", "--output", str(tmp_path / "kitchen.parquet")]
    assert main(["fetch", shlex.split(kitchen)[-1], *out]) == 0
    assert set(cf.read_parquet(tmp_path / "kitchen.parquet")["chat_name"]) == {"Kitchen"}


def test_a_list_that_fails_takes_no_other_with_it(
    world: Any, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = json.loads(Path(config).read_text(encoding="utf-8"))
    broken["webex"]["access_token"] = "x" * 40
    (tmp_path / "config.json").write_text(json.dumps(broken), encoding="utf-8")
    (tmp_path / "config.json").chmod(0o600)
    assert main(["chats", "--config", str(tmp_path / "config.json")]) == 3
    said = capsys.readouterr()
    assert "telegram:" in said.out
    assert said.err.startswith("chatframes: ")
    assert main(["chats", "webex", "--config", str(tmp_path / "config.json")]) == 1
    (tmp_path / "empty.json").write_text("{}", encoding="utf-8")
    assert main(["chats", "--config", str(tmp_path / "empty.json")]) == 2
    assert "`chatframes chats webex` says what it needs." in capsys.readouterr().err


def test_bounds_of_a_service_are_options(config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--config", config, "--output", str(tmp_path / "out")]
    chats = ["telegram:@apollo", "reddit:r/apollo"]
    assert main(["export", *chats, "--limit", "7", "--posts", "1", "--comments", "0", *out]) == 0
    counts = cf.read_parquet(tmp_path / "out", columns=["platform"])["platform"].value_counts()
    assert counts.to_dict() == {"telegram": 7, "reddit": 1}
    *report, _ = capsys.readouterr().out.splitlines()
    assert OF_PYTHON.findall("\n".join(report)) == []
    assert main(["fetch", "webex:Kitchen", "--limit", "7", *out]) == 2
    assert "--limit is for chats of telegram, and none is named" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("webex:", "'webex:' names no chat: write webex:'Project Apollo', say."),
        ("webex:Kitchen --max-size 5", "--max-size 5 is about pictures, and they are downloaded with --images only"),
        ("webex:Kitchen --since 2026-13-01", "--since 2026-13-01 is not a date"),
        ("webex:Kitchen --since 2026-10-31 --until 2026-10-01", "--since 2026-10-31 is not before --until 2026-10-01"),
        ("webex:Kitchen --tz Europe/Olso", "Europe/Olso"),
        ("telegram:@apollo --limit 0", "--limit 0: limit must be a whole number, 1 or more"),
        ("reddit:r/apollo --posts x", "--posts x: posts must be a whole number"),
        ("reddit:r/apollo --posts=--5", "posts must be a whole number"),
        (f"reddit:r/apollo --posts {'9' * 5000}", "posts must be a whole number"),
        ("reddit:r/apollo --sort newest", "newest"),
        ("telegram:https://t.me/share/url?url=x", "telegram"),
        ("webex:Kitchen --config nowhere.json", "--config names nowhere.json, and there is no such file"),
    ],
)
def test_a_mistake_is_said_in_the_words_of_the_command(
    config: str, tmp_path: Path, typed: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["fetch", "--config", config, "--output", str(tmp_path / "out.parquet")]
    assert main([*out, *typed.split()]) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert OF_PYTHON.findall(said.err) == []
    assert said.out.startswith("chatframes fetch: status=failed error=ConfigError seconds=")


@pytest.mark.parametrize("size", ["0", "-1", "nan", "inf", "2048", "large"])
def test_a_size_that_is_none_is_a_wrong_command(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["fetch", "webex:Kitchen", "--images", "--max-size", size, "--output", "x.parquet"])
    assert ended.value.code == 2
    assert f"'{size}' is no size: write megabytes" in capsys.readouterr().err


@pytest.mark.parametrize("by_signal", [False, True])
@pytest.mark.parametrize(
    ("command", "words"), [("export", "the same command goes on"), ("fetch", "nothing was written")]
)
def test_an_interrupt_ends_with_a_line_for_logs(
    command: str, words: str, by_signal: bool, config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    def ended(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGTERM)  # as `timeout` does

    monkeypatch.setattr(commands, command, ended if by_signal else interrupted)
    before = signal.getsignal(signal.SIGTERM)
    assert main([command, "webex:Kitchen", "--config", config, "--output", str(tmp_path / "x.parquet")]) == 130
    assert signal.getsignal(signal.SIGTERM) is before
    said = capsys.readouterr()
    assert re.fullmatch(rf"chatframes {command}: status=stopped seconds=\d+\.\d output=.*\n", said.out)
    assert words in said.err


def test_a_defect_leaves_a_line_for_logs_too(
    config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands, "fetch", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["fetch", "webex:Kitchen", "--config", config, "--output", str(tmp_path / "x.parquet")])
    assert "status=failed error=ZeroDivisionError" in capsys.readouterr().out


def test_the_help_says_what_each_exit_status_means(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("fetch", "export"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        said = capsys.readouterr().out
        for status in ("0  complete", "3  partial", "1  failed", "2  the command is wrong", "130  interrupted"):
            assert status in said
        assert "--limit N" in said


@pytest.mark.parametrize(
    ("python", "terminal"),
    [
        ("Webex(room): this address is of another site.", "webex: this address is of another site."),
        ("Reddit('r/a', posts=5, comments=2) failed", "reddit:r/a --posts 5 --comments 2 failed"),
        ("cf.Webex('Project Apollo') is", "webex:'Project Apollo' is"),
        ("use images=False, or export(...)", "leave out --images, or chatframes export"),
        ("leave out limit= and write posts= instead", "leave out limit= and write --posts instead"),
        ("https://a.example/x?limit=5&since=3 is no chat", "https://a.example/x?limit=5&since=3 is no chat"),
        (
            "Without an account: world = chatframes.sandbox(), and config=world.config in the call.",
            "Without an account: ",
        ),
        ("4 more lines; report(frame).sources holds all", "4 more lines; the report in Python holds all"),
        ("chatframes.report(folder) says what is missing.", "The report, which is printed without --quiet, says what"),
    ],
)
def test_sentences_for_python_are_put_into_the_words_of_the_terminal(python: str, terminal: str) -> None:
    assert in_terminal_words(python).startswith(terminal)


@pytest.mark.parametrize("command", ["fetch webex:Kitchen --output", "export webex:Kitchen --output", "verify"])
def test_an_empty_name_is_not_the_working_folder(
    command: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), ""])
    assert ended.value.code == 2
    assert "the name is empty" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def measured(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("command", ["fetch", "export"])
def test_metrics_are_written_beside_the_data(
    command: str, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, output = tmp_path / "metrics.json", tmp_path / "apollo.parquet"
    out = ["--config", config, "--output", str(output), "--metrics", str(file), "--quiet", "--images"]
    assert main([command, "webex:Project Apollo", *out]) == 0
    told = measured(file)
    assert (told["command"], told["status"], told["error"]) == (command, "complete", None)
    assert told["metrics"]["images"]["ok"] == 4
    assert told["metrics"]["over_time"]["images"]
    source = cf.read_parquet(output) if command == "fetch" else output
    memory = {"peak_memory_bytes": told["metrics"]["peak_memory_bytes"]}  # it may grow to the very end
    assert {**cf.report(source).metrics, **memory} == told["metrics"]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_metrics_are_written_when_a_command_fails(
    world: Any, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "metrics.json"
    file.write_text('{"chatframes": "of an earlier day"}', encoding="utf-8")
    out = ["--config", config, "--output", str(tmp_path / "x.parquet"), "--metrics", str(file)]
    assert main(["fetch", "webex:Nowhere", *out]) == 1
    told = measured(file)
    assert (told["status"], told["error"]) == ("failed", "ChatNotFound")
    assert told["metrics"]["images"]["ok"] == 0, "it was asked for, and nothing came"
    assert main(["fetch", "webex:Kitchen", "--since", "2026-13-01", *out]) == 2
    told = measured(file)
    assert (told["status"], told["error"], told["metrics"]) == ("failed", "ConfigError", None), "it was not asked for"


@pytest.mark.parametrize("command", ["fetch", "export"])
def test_metrics_are_written_when_a_command_is_interrupted(
    command: str, config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def added(self: Run, message: Any, *others: Any) -> None:
        add(self, message, *others)
        if message.attachments:
            _thread.interrupt_main()  # the main thread is waiting for us

    # What a shell starts in the background ignores interrupts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    add = Run._add
    monkeypatch.setattr(Run, "_add", added)
    file = tmp_path / "metrics.json"
    out = ["--config", config, "--output", str(tmp_path / "x"), "--metrics", str(file), "--quiet", "--images"]
    try:
        assert main([command, "webex:Project Apollo", *out]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    told = measured(file)
    assert (told["status"], told["error"]) == ("stopped", "KeyboardInterrupt")
    assert told["metrics"]["pages"] > 0
    assert told["metrics"]["images"]["pending"] + told["metrics"]["images"]["ok"] > 0
    if command == "export":
        assert cf.report(tmp_path / "x").metrics["pages"] > 0
    else:
        kept = cf.report(cf.last_result())
        assert kept.metrics["images"]["failed"] == kept.failed
        assert kept.metrics["images"]["pending"] == 0


def test_metrics_do_not_take_the_place_of_the_data(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "x.parquet"
    data.write_bytes(b"of an earlier day")
    for place, words in (
        (data, "is where --output writes"),
        (tmp_path / "nowhere" / "m.json", "does not exist; create it first"),
        (tmp_path, "is a folder"),
    ):
        out = ["--config", config, "--output", str(data), "--metrics", str(place)]
        assert main(["fetch", "webex:Kitchen", *out]) == 2
        assert words in capsys.readouterr().err
    assert data.read_bytes() == b"of an earlier day"
    inside = tmp_path / "apollo" / "metrics.json"
    out = ["--config", config, "--output", str(tmp_path / "apollo"), "--metrics", str(inside)]
    assert main(["export", "webex:Kitchen", *out]) == 2
    assert "is where --output writes" in capsys.readouterr().err


def test_metrics_do_not_take_the_place_of_a_file_that_is_none_of_theirs(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.docx").write_bytes(b"PK important")
    (tmp_path / "link").symlink_to(tmp_path / "thesis.docx")
    before = Path(config).read_bytes()
    for name in (config, "thesis.docx", "link"):
        out = ["--config", config, "--output", str(tmp_path / "x.parquet"), "--metrics", str(tmp_path / name)]
        assert main(["fetch", "webex:Kitchen", *out]) == 2
        assert "holds something other than metrics" in capsys.readouterr().err
    assert Path(config).read_bytes() == before
    assert (tmp_path / "thesis.docx").read_bytes() == b"PK important"
    assert not (tmp_path / "x.parquet").exists()


def test_a_disk_that_takes_no_metrics_is_said_and_the_data_are_there(
    config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(commands_metrics, "replace_file", full)
    out = ["--output", str(tmp_path / "x.parquet"), "--metrics", str(tmp_path / "m.json"), "--quiet"]
    assert main(["fetch", "webex:Kitchen", "--config", config, *out]) == 0
    assert "m.json could not be written: No space left on device." in capsys.readouterr().err
    assert len(cf.read_parquet(tmp_path / "x.parquet")) > 0


@pytest.mark.skipif(os.name != "posix", reason="a shell's pipe")
def test_a_reader_that_has_gone_is_no_error(config: str) -> None:
    command = [sys.executable, "-m", "chatframes", "chats", "webex", "--config", config]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == ""
    assert child.returncode == 141


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("fetch webex:x --ouput a.parquet", "there is no option '--ouput' here: did you mean --output?"),
        (
            "export webex:x --look-bak-days=3",
            "there is no option '--look-bak-days' here: did you mean --look-back-days?",
        ),
        ("verify a b", "there is no argument 'b' here: chatframes verify --help lists what there is"),
        ("demo --pictures 3", "there is no option '--pictures' here: chatframes demo --help lists what there is"),
    ],
)
def test_an_unknown_option_is_answered_under_the_usage_of_its_command(
    line: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(line.split())
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.startswith(f"usage: chatframes {line.split()[0]}")


def test_an_older_file_is_not_replaced_by_one_without_messages(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "apollo.parquet"
    line = ["fetch", "webex:Project Apollo", "--config", config, "--quiet", "--output", str(file)]
    assert main(line) == 0
    written = file.read_bytes()
    assert main([*line, "--until", "2020-01-01"]) == 0
    assert f"there is no message to write, so {file} stays as it was" in capsys.readouterr().err
    assert file.read_bytes() == written
    file.unlink()
    assert main([*line, "--until", "2020-01-01"]) == 0
    assert len(cf.read_parquet(file)) == 0, "a new file says with its columns that nothing was there"


@pytest.mark.parametrize("line", ["--config c.json fetch webex:x", "--config=c.json fetch"])
def test_an_option_before_the_command_is_answered_under_the_usage_of_all(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(line.split())
    assert end.value.code == 2
    assert "there is no option '--config' here: chatframes --help lists what there is" in capsys.readouterr().err
