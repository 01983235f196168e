"""The report: one screen that says what was asked, got and missed, and why."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from help.sampling import tried
from hypothesis import given
from hypothesis import strategies as st

from chatframes.errors import ConfigError
from chatframes.model import FAILED, SKIPPED
from chatframes.table.files import read_parquet, write_parquet
from chatframes.table.frame import build
from chatframes.table.report import (
    Gap,
    Report,
    SourceReport,
    Span,
    report,
)
from chatframes.table.report_text import ADVICE, REASONS

OCTOBER = Span("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z")
PARTIAL = SourceReport(
    source="webex",
    chat_id="room-1",
    chat_name="Project Apollo",
    requested=OCTOBER,
    covered=(Span(OCTOBER.since, "2026-10-12T00:00:00Z"), Span("2026-10-18T00:00:00Z", OCTOBER.until)),
    gaps=(Gap("2026-10-12T00:00:00Z", "2026-10-18T00:00:00Z", "the service answered 502 six times"),),
    status="partial",
    messages=2_500,
    duplicates=3,
    pages=9,
    retries=4,
    notes=("A bot sees only messages that mention it.",),
)
FULL = Report(
    created_at="2026-11-23T18:40:00Z",
    status="partial",
    sources=(PARTIAL,),
    images_ok=475,
    image_bytes=46_300_000,
    skipped={"too_large": 18, "not_an_image": 2},
    failed={"gone": 5, "timeout": 7},
    seconds=12.34,
    symptoms=("pool_timeout",),
)


def test_the_screen_says_what_was_asked_covered_missed_and_why() -> None:
    assert str(FULL).splitlines() == [
        "chatframes: partial, 2,500 messages in 12 s, 12 attachments failed",
        "Project Apollo (webex): 2,500 messages, partial, 3 seen twice, 4 requests repeated",
        "  asked     2026-10-01 00:00 to 2026-11-01 00:00 UTC",
        "  covered   2026-10-01 00:00 to 2026-10-12 00:00; 2026-10-18 00:00 to 2026-11-01 00:00",
        "  missing   2026-10-12 00:00 to 2026-10-18 00:00: the service answered 502 six times",
        "  note      A bot sees only messages that mention it.",
        "  images    475 ok (46.3 MB), 18 skipped, 12 failed",
        "  skipped   18 too_large: larger than max_size_bytes",
        "  failed    7 timeout: no answer in time (worth another try)",
        "  failed    5 gone: deleted, or moved away",
        "  others    2 not_an_image: not pictures: documents, videos, archives",
        "  advice    downloads ran out of connections: lower max_concurrent_image_downloads (20 -> 10)",
    ]


def test_a_complete_chat_needs_two_lines() -> None:
    complete = replace(PARTIAL, status="complete", covered=(OCTOBER,), gaps=(), notes=(), duplicates=0, retries=0)
    lines = str(Report(sources=(complete,))).splitlines()
    assert lines[1:-1] == [
        "Project Apollo (webex): 2,500 messages, complete",
        "  asked     2026-10-01 00:00 to 2026-11-01 00:00 UTC",
    ]


def test_open_ends_and_failures_are_said_in_words() -> None:
    failed = SourceReport("webex", None, None, Span(None, OCTOBER.until), status="failed", error="401: token expired")
    text = str(Report(status="failed", sources=(failed,)))
    assert "asked     the beginning to 2026-11-01 00:00" in text
    assert "covered   nothing" in text
    assert "error     401: token expired" in text


def test_every_reason_is_explained_in_plain_words_that_fit_their_line() -> None:
    assert set(REASONS) == SKIPPED | FAILED
    for reason in REASONS:
        assert "…" not in str(Report(failed={reason: 1_000_000}))
    assert "…" not in str(Report(symptoms=tuple(ADVICE)))


def test_an_error_longer_than_a_line_is_not_cut() -> None:
    error = "Webex refused the token (401). " * 4 + "Get a new one at the developer site."
    text = str(Report(sources=(SourceReport("webex", error=error),)))
    assert "Get a new one at the developer site." in " ".join(text.split())


@pytest.mark.parametrize(
    ("symptom", "key"),
    [
        ("pool_timeout", "lower max_concurrent_image_downloads"),
        ("slow", "raise max_concurrent_image_downloads"),
        ("memory", "smaller date ranges"),
        ("rate_limits", "lower max_concurrent_fetches (5 -> 3), parallel_fetch_chunk_days (7 -> 5)"),
    ],
)
def test_each_symptom_of_the_troubleshooting_list_names_what_to_change(symptom: str, key: str) -> None:
    assert key in str(Report(symptoms=(symptom,)))
    assert set(ADVICE) == {"pool_timeout", "slow", "memory", "rate_limits"}


words = st.text(max_size=400)
counts = st.dictionaries(st.sampled_from(sorted(REASONS)) | words, st.integers(0, 10**9), max_size=40)
spans = st.builds(Span, st.none() | words, st.none() | words)
gaps = st.builds(Gap, st.none() | words, st.none() | words, words)
sources = st.builds(
    SourceReport,
    source=words,
    chat_id=st.none() | words,
    chat_name=st.none() | words,
    requested=spans,
    covered=st.lists(spans, max_size=9).map(tuple),
    gaps=st.lists(gaps, max_size=9).map(tuple),
    error=st.none() | words,
    notes=st.lists(words, max_size=9).map(tuple),
)
reports = st.builds(
    Report,
    status=words.filter(bool),
    sources=st.lists(sources, max_size=30).map(tuple),
    skipped=counts,
    failed=counts,
    symptoms=st.lists(st.sampled_from(sorted(ADVICE)) | words, max_size=9).map(tuple),
)


@tried(given(reports), few=30)
def test_any_report_fits_one_screen_and_cannot_move_the_cursor(any_report: Report) -> None:
    lines = str(any_report).split("\n")
    assert len(lines) < 25
    assert all(len(line) < 100 and line.isprintable() for line in lines)


def test_what_is_missing_is_not_what_a_long_list_cuts_off() -> None:
    fine = SourceReport("webex", chat_name="fine", requested=OCTOBER, covered=(OCTOBER,))
    text = str(Report(sources=(*[fine] * 30, PARTIAL)))
    assert "missing   2026-10-12" in text
    assert "more lines" in text


@tried(given(reports), few=30)
def test_a_report_is_the_same_after_json(any_report: Report) -> None:
    data = any_report.to_dict()
    assert json.loads(json.dumps(data)) == data
    assert Report.from_dict(data) == any_report


def test_the_json_has_the_agreed_keys() -> None:
    data = FULL.to_dict()
    assert set(data) == {"version", "created_at", "status", "sources", "images", "seconds", "symptoms"}
    assert data["images"] == {
        "ok": 475,
        "bytes": 46_300_000,
        "skipped": {"too_large": 18, "not_an_image": 2},
        "failed": {"gone": 5, "timeout": 7},
    }
    assert data["sources"][0] == {
        "source": "webex",
        "chat_id": "room-1",
        "chat_name": "Project Apollo",
        "requested": {"since": "2026-10-01T00:00:00Z", "until": "2026-11-01T00:00:00Z"},
        "covered": [
            {"since": "2026-10-01T00:00:00Z", "until": "2026-10-12T00:00:00Z"},
            {"since": "2026-10-18T00:00:00Z", "until": "2026-11-01T00:00:00Z"},
        ],
        "gaps": [
            {
                "since": "2026-10-12T00:00:00Z",
                "until": "2026-10-18T00:00:00Z",
                "reason": "the service answered 502 six times",
            }
        ],
        "missing": {"count": 0, "ids": []},
        "status": "partial",
        "messages": 2_500,
        "duplicates": 3,
        "pages": 9,
        "retries": 4,
        "error": None,
        "notes": ["A bot sees only messages that mention it."],
    }


def test_the_report_travels_with_the_frame_into_the_file_and_back(tmp_path: Path) -> None:
    frame = build([], FULL.to_dict())
    assert report(frame) == FULL
    write_parquet(frame, tmp_path / "chat.parquet")
    assert report(read_parquet(tmp_path / "chat.parquet")) == FULL
    assert report(frame.attrs["chatframes"]) == report(FULL) == FULL


@pytest.mark.parametrize("other", [None, 5, ["apollo"]])
def test_what_can_have_no_report_is_said(other: Any) -> None:
    with pytest.raises(ConfigError, match=r"takes a frame of fetch\(\) or read_parquet\(\), or the name of an export"):
        report(other)


def test_a_frame_without_a_report_says_how_to_get_one() -> None:
    with pytest.raises(ConfigError, match="carries no report"):
        report(build([]))


@pytest.mark.parametrize(
    "data", [{"sources": 3}, {"images": {"ok": "many"}}, {"sources": ["x"]}, {"images": [1]}, {"seconds": [1]}]
)
def test_a_strange_report_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="not a report of chatframes"):
        report(data)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("payload", ["<script>x()</script>", "<img src=x onerror=x()>", "</td></table><b onclick=x()>"])
def test_a_notebook_shows_names_as_text_never_as_markup(payload: str) -> None:
    hostile = replace(
        FULL,
        status=payload,
        sources=(replace(PARTIAL, chat_name=payload, source=payload, error=payload, notes=(payload,)),),
        failed={payload: 1},
        symptoms=(payload,),
    )
    page = Tags()
    page.feed(hostile._repr_html_())
    assert page.seen == {"table", "tr", "th", "td", "b", "div", "span"}
    assert page.text.count(payload) >= 6


def test_a_notebook_shows_the_same_as_a_terminal() -> None:
    page = Tags()
    page.feed(FULL._repr_html_())
    for line in str(FULL).splitlines():
        assert line.strip()[12:] in page.text


def test_the_pictures_of_several_chats_are_not_under_the_last_one() -> None:
    one = FULL.sources[0]
    assert "All chats together\n  images" in str(replace(FULL, sources=(one, one)))
    assert "All chats together" not in str(replace(FULL, sources=(one,)))


def test_a_chat_that_was_read_from_its_beginning_looks_like_no_hole() -> None:
    whole = Span("2026-09-29T21:00:00Z", "2026-11-01T00:00:00Z")
    asked = replace(FULL.sources[0], requested=Span(None, whole.until), covered=(whole,), gaps=(), status="complete")
    assert "it begins at" not in str(replace(FULL, sources=(asked,))), "perhaps as many as were asked for have come"
    asked = replace(asked, begins=whole.since)
    said = str(replace(FULL, sources=(asked,)))
    assert "  covered   all of that: it begins at 2026-09-29 21:00\n" in said
    assert "covered   2026-09-29 21:00 to" in str(replace(FULL, sources=(replace(asked, status="partial"),)))
