"""A misspelt keyword is answered with the one that was meant, and signatures stay what they are."""

from __future__ import annotations

import asyncio
import inspect
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import chatframes as cf
from chatframes.table.frame import build

MISSPELT = [
    (lambda: cf.fetch(cf.Webex("x"), image=True), "fetch() has no keyword 'image': did you mean 'images'?"),
    (lambda: asyncio.run(cf.fetch_async(cf.Webex("x"), progres=1)), "did you mean 'progress'?"),
    (lambda: cf.stream(cf.Webex("x"), imagse=True), "did you mean 'images'?"),
    (lambda: cf.chats("webex", konfig={}), "did you mean 'config'?"),
    (lambda: cf.Webex("x", untill="2026-10-31"), "Webex() has no keyword 'untill': did you mean 'until'?"),
    (lambda: cf.Telegram("@x", limits=5), "did you mean 'limit'?"),
    (lambda: cf.Reddit("r/x", comment=5), "did you mean 'comments'?"),
    (lambda: cf.ImageSettings(enable=True), "did you mean 'enabled'?"),
    (lambda: cf.ImageControls(max_size=5), "did you mean 'max_size_bytes'?"),
    (lambda: cf.FetchPanel(image=True), "did you mean 'images'?"),
    (lambda: cf.gallery(build([]), pagesize=5), "did you mean 'page_size'?"),
    (lambda: cf.read_parquet("x", column=["text"]), "did you mean 'columns'?"),
    (lambda: cf.sandbox(message=5), "did you mean 'messages'?"),
    (lambda: cf.Webex("x", qqq=1), "it takes room, since, until, tz."),
]


@pytest.mark.parametrize(("call", "says"), MISSPELT, ids=[says[:50] for _, says in MISSPELT])
def test_a_misspelt_keyword_gets_the_nearest(call: Any, says: str) -> None:
    with pytest.raises(TypeError) as caught:
        call()
    assert isinstance(caught.value, cf.ConfigError)
    assert says in str(caught.value)


def test_a_missing_argument_is_still_what_python_says() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        cf.fetch()  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: cf.Webex(), "Webex() is missing 1 required positional argument: write 'room' (help(chatframes.Webex)"),
        (lambda: cf.chats(), "chats() is missing 1 required positional argument: write 'service'"),
        (lambda: cf.export(cf.Webex("x")), "export() is missing 1 required positional argument: write 'folder'"),
        (lambda: cf.concat(build([]), build([])), "concat() takes 1 positional argument but 2 were given: put several"),
        (lambda: cf.fetch(cf.Webex("x"), cf.Webex("y")), "fetch() takes 1 positional argument but 2 were given"),
        (lambda: cf.details(build([])), "details() needs the name of a key: this frame has none"),
    ],
)
def test_a_wrong_number_of_arguments_is_said_in_a_sentence(call: Any, says: str) -> None:
    with pytest.raises(cf.ConfigError) as caught:
        call()
    assert str(caught.value).startswith(says)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("https://t.me/apollo", "write cf.Telegram('https://t.me/apollo')."),
        ("@apollo", "write cf.Telegram('@apollo')."),
        ("r/apollo", "write cf.Reddit('r/apollo')."),
        ("Project Apollo", "write cf.Webex('Project Apollo') or cf.Telegram('Project Apollo')."),
    ],
)
def test_a_text_in_the_place_of_a_source_is_answered_by_the_service_it_is_of(text: str, says: str) -> None:
    with pytest.raises(cf.ConfigError) as caught:
        cf.fetch(text)
    assert str(caught.value) == f"{text!r} is not a source: {says}"


@pytest.mark.parametrize("slip", ["#python", "t/python", "r\\python", "r python"])
def test_a_slip_in_the_name_of_a_subreddit_gets_the_right_one(slip: str) -> None:
    with pytest.raises(cf.ConfigError, match=r"did you mean 'r/python'\?$"):
        cf.Reddit(slip)


@pytest.mark.parametrize("begins", ["https://t.me/+", "t.me/+", "telegram.me/joinchat/", "www.t.me/joinchat/"])
def test_an_invitation_is_never_shown_whoever_is_given_it(begins: str) -> None:
    for call in (cf.fetch, cf.Webex, cf.Telegram, cf.Reddit):
        with pytest.raises(cf.ConfigError) as caught:
            call(f"{begins}AbCdEf0123456789")
        assert "AbCdEf" not in str(caught.value)


def test_a_source_that_is_named_twice_is_read_once_and_that_is_said() -> None:
    said = r"Webex\('Project Apollo'\) is named twice: it is read once\."
    with cf.sandbox(messages=20, images=0) as world, pytest.warns(UserWarning, match=said):
        frame = cf.fetch([cf.Webex("Project Apollo")] * 2, config=world.config, progress=False)
    (source,) = cf.report(frame).sources
    assert (source.messages, source.duplicates) == (20, 0)


def test_coroutine_functions_are_still_seen_as_such() -> None:
    assert inspect.iscoroutinefunction(cf.fetch_async)
    assert inspect.iscoroutinefunction(cf.chats_async)
    assert not inspect.iscoroutinefunction(cf.fetch)


def test_a_warning_points_at_the_line_that_called() -> None:
    with cf.sandbox(messages=20, images=0, faults=["html_page"]) as world, warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        sources = [cf.Webex("Project Apollo"), cf.Webex("no such room")]
        cf.fetch(sources, config=world.config, progress=False)

        async def call() -> None:
            await cf.fetch_async(sources, config=world.config, progress=False)

        asyncio.run(call())
    told = [warning for warning in seen if warning.category is cf.IncompleteWarning]
    assert [warning.filename for warning in told] == [__file__, __file__]


def test_the_warning_about_a_source_named_twice_points_at_the_line_that_called(tmp_path: Path) -> None:
    twice = [cf.Webex("Project Apollo")] * 2
    wrong = {"nonsense": 1}  # so that nothing is asked for

    async def call_async() -> None:
        await cf.fetch_async(twice, config=wrong)

    calls: list[Callable[[], Any]] = [
        lambda: cf.fetch(twice, config=wrong),
        lambda: asyncio.run(call_async()),
        lambda: cf.stream(twice, config=wrong),
        lambda: cf.export(twice, tmp_path / "apollo", config=wrong),
    ]
    for call in calls:
        with pytest.warns(UserWarning, match="is named twice") as seen, pytest.raises(cf.ConfigError):
            call()
        assert seen[0].filename == __file__
