"""A refusal is read to its end: what it says, whom it comes from and where it leads, each in its own sentence."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from help.tiny_reddit import Answer, Tiny, comment, listing, page, post, posts, tiny_reddit

import chatframes as cf

WALL = b"<!doctype html><title>Blocked</title><body>whoa there, pardner! blocked due to a network policy</body>"
SITE = "https://www.reddit.com"


@pytest.fixture(autouse=True)
def _afresh() -> Any:
    yield
    cf.shutdown()


def fetch(tiny: Tiny, what: str = "tiny", **options: Any) -> Any:
    return cf.fetch(cf.Reddit(what, **options), config=tiny.config, progress=False)


def said(answer: Answer, what: str = "tiny") -> cf.ChatframesError:
    """The error of a fetch whose every request for posts is answered so."""

    def script(path: str, query: dict[str, str]) -> Any:
        return None if "token" in path else answer

    with tiny_reddit(script) as tiny, pytest.raises(cf.ChatframesError) as caught:
        fetch(tiny, what)
    return caught.value


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        (403, "private", "only its members can read it"),
        (403, "quarantined", "opted in"),
        (403, "gated", "accepted"),
        (403, "gold_only", "Premium"),
        (403, "employees_only", "work at Reddit"),
        (404, "banned", "was banned by Reddit"),
        (403, "community_of_tomorrow", "gives the reason 'community_of_tomorrow'"),
        (404, "gone_fishing", "gives the reason 'gone_fishing'"),
        (403, "", "may not be read with this login"),
        (404, "", "is not there"),
        (451, "", "legal reasons"),
    ],
)
def test_every_reason_of_reddits_has_its_own_sentence(status: int, reason: str, words: str) -> None:
    body = {"message": "Forbidden", "error": status} | ({"reason": reason} if reason else {})
    error = said(Answer(status, body))
    assert isinstance(error, cf.ChatNotFound)
    assert str(error).startswith("r/tiny ")
    assert words in str(error)
    assert str(error).endswith(".")


@pytest.mark.parametrize("what", ["tiny", "u/somebody", "t3_abc"])
def test_a_web_page_that_refuses_comes_from_the_wall_before_reddit(what: str) -> None:
    error = said(Answer(403, WALL), what)
    assert "blocks this network or this user agent" in str(error)
    assert "login" not in str(error)


def test_the_wall_before_the_login_is_not_a_refused_key() -> None:
    def script(path: str, query: dict[str, str]) -> Any:
        return Answer(403, WALL) if "token" in path else None

    with tiny_reddit(script) as tiny, pytest.raises(cf.ServiceError, match="blocks this network") as caught:
        fetch(tiny)
    assert not isinstance(caught.value, cf.AuthError)


def test_the_wall_before_the_comments_is_named_and_leaves_a_gap() -> None:
    def script(path: str, query: dict[str, str]) -> Any:
        return Answer(403, WALL) if path.startswith("/comments/") else page(posts(20), query)

    with tiny_reddit(script) as tiny, pytest.warns(cf.IncompleteWarning, match="blocks this network"):
        frame = fetch(tiny)
    assert cf.report(frame).status == "partial"


@pytest.mark.parametrize(
    ("location", "words"),
    [
        (f"{SITE}/login/?dest=x", "only to those who have logged in"),
        ("/login", "only to those who have logged in"),
        (f"{SITE}/account/login?dest=x", "only to those who have logged in"),
        (f"{SITE}/over18?dest=x", "is for adults"),
        ("/over18/", "is for adults"),
        (f"{SITE}/quarantine?dest=x", "is quarantined"),
        (f"{SITE}/r/Other_Sub/new", "leads to r/Other_Sub"),
        ("/r/other", "leads to r/other"),
        (f"{SITE}/user/somebody/submitted", "leads to u/somebody"),
        ("/subreddits/search?q=tiny", "Reddit has no subreddit r/tiny: check the spelling"),
        ("/search?q=tiny", "check the spelling"),
        ("", "check the spelling"),
        ("https://portal.example/welcome", "another site (portal.example)"),
        ("/premium", "leads to '/premium'"),
    ],
)
def test_every_redirect_says_where_it_leads(location: str, words: str) -> None:
    error = said(Answer(302, b"", Location=location))
    assert words in str(error)
    assert ("spelling" in str(error)) == ("spelling" in words)
    assert str(error).endswith(".")


def test_a_refusal_in_the_middle_of_a_list_is_explained_as_well() -> None:
    def script(path: str, query: dict[str, str]) -> Any:
        if "after" in query:
            return Answer(403, {"reason": "private", "error": 403})
        return page(posts(150), query) if path.startswith("/r/") else None

    with tiny_reddit(script) as tiny, pytest.warns(cf.IncompleteWarning, match="is private: only its members"):
        frame = fetch(tiny, posts="all", comments=0)
    assert (len(frame), cf.report(frame).status) == (100, "partial")


def test_a_post_that_does_not_come_at_once_is_asked_for_again() -> None:
    with (
        tiny_reddit(lambda path, query: listing([None])) as tiny,
        pytest.raises(cf.ChatNotFound, match="Reddit has no post t3_abc"),
    ):
        fetch(tiny, "t3_abc")
    once = iter([listing([])])

    def script(path: str, query: dict[str, str]) -> Any:
        return None if "token" in path else next(once, listing([post("abc")]))

    with tiny_reddit(script) as tiny:
        assert len(fetch(tiny, "t3_abc", comments=0)) == 1


# --- warnings -------------------------------------------------------------------------------------------------------


def script(path: str, query: dict[str, str]) -> Any:
    if path.startswith("/comments/"):
        return [listing([post("p0000")]), listing([comment("c1", "t3_p0000", "p0000")])]
    return page(posts(1), query)


@pytest.mark.parametrize("login", [{}, {"username": "somebody", "password": "secret"}, {"refresh_token": "token"}])
def test_with_warnings_as_errors_reddit_works_with_every_login(login: dict[str, str]) -> None:
    with tiny_reddit(script) as tiny, warnings.catch_warnings():
        warnings.resetwarnings()
        warnings.simplefilter("error")
        tiny.config["reddit"] |= login
        assert len(fetch(tiny)) == 2
        assert len(fetch(tiny, "t3_p0000")) == 2


def test_a_program_that_makes_warnings_errors_from_its_start_on_works(tmp_path: Path) -> None:
    program = (
        "import sys, json, chatframes as cf\n"
        "frame = cf.fetch(cf.Reddit('tiny'), config=json.loads(sys.argv[1]), progress=False)\n"
        "print(len(frame))\n"
    )
    import json

    with tiny_reddit(script) as tiny:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", program, json.dumps(tiny.config)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=120,
        )
    assert (done.stdout.strip(), done.stderr) == ("2", "")


def test_the_app_logs_in_with_the_header_that_aiohttp_would_make() -> None:
    from aiohttp import BasicAuth

    from chatframes.sources.reddit.account import _BasicAuth

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = BasicAuth("an id", "s:ecret/+ü").encode()
    assert _BasicAuth("an id", "s:ecret/+ü").encode() == theirs
