"""One key of `details` as a table, for whoever does not want to read JSON."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from help.truth import undocumented
from pandas.testing import assert_frame_equal

import chatframes as cf
from chatframes.errors import ConfigError
from chatframes.model import ACTIONS, Message
from chatframes.table.batches import to_batch
from chatframes.table.detail_keys import DETAIL_KEYS
from chatframes.table.frame import build

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DOCS = Path(__file__).parents[2] / "docs" / "table.md"
OPTIONS = [{"text": "Yes", "votes": 3}, {"text": "No", "votes": 0}]


def chat(*details: dict[str, Any]) -> pd.DataFrame:
    messages = [Message("toy", "c", "C", f"{at}", NOW, NOW, details=one) for at, one in enumerate(details)]
    return build([to_batch([(message, []) for message in messages])], {"status": "complete"})


POLLS = chat(
    {},
    {"poll": {"question": "Launch?", "options": OPTIONS, "total": 3, "closed": True}},
    {"place": {"latitude": 53, "longitude": 9.9}},
    {"poll": {"question": "When?", "options": [], "kind": "quiz"}, "dice": {"value": 6}},
    {"poll": None},
)


def test_each_message_that_has_the_key_is_a_row() -> None:
    polls = cf.details(POLLS, "poll")
    assert polls["uid"].tolist() == ["toy:c:1", "toy:c:3", "toy:c:4"]
    assert list(polls.columns) == ["uid", "question", "options", "total", "closed", "closes_at", "kind"]
    assert polls["options"].tolist() == [OPTIONS, [], None]
    assert polls.dtypes.astype(str).to_dict() == {
        "uid": "str", "question": "str", "options": "object", "total": "Int64", "closed": "boolean",
        "closes_at": "datetime64[us, UTC]", "kind": "str",
    }  # fmt: skip
    assert polls["total"].fillna(-1).tolist() == [3, -1, -1]
    assert polls.merge(POLLS, on="uid").shape[0] == 3
    votes = polls.explode("options").dropna(subset="options")
    assert [option["votes"] for option in votes["options"]] == [3, 0]
    assert polls.attrs == POLLS.attrs


@pytest.mark.parametrize("key", DETAIL_KEYS)
def test_where_nobody_has_a_documented_key_the_table_is_empty_and_typed(key: str) -> None:
    for frame in (build([]), chat({"a": 1})):
        tidy = cf.details(frame, key)
        assert len(tidy) == 0
        assert tidy.dtypes.astype(str).to_dict() == {"uid": "str", **DETAIL_KEYS[key]}


def test_the_types_do_not_depend_on_the_rows() -> None:
    place = cf.details(POLLS, "place")
    assert place.dtypes.astype(str).to_dict() == {"uid": "str", **DETAIL_KEYS["place"]}
    assert place.loc[0, ["latitude", "longitude"]].tolist() == [53.0, 9.9]
    assert_frame_equal(pd.concat([place, cf.details(build([]), "place")]), place)


def test_a_value_without_fields_is_a_column_of_its_own_name() -> None:
    frame = chat({"original_author": "Ann"}, {"buttons": [{"text": "Go", "url": "https://example.com"}]})
    assert cf.details(frame, "original_author").values.tolist() == [["toy:c:0", "Ann"]]
    assert cf.details(frame, "buttons")["buttons"][0] == [{"text": "Go", "url": "https://example.com"}]


def test_a_key_of_another_service_is_taken_and_its_types_are_found() -> None:
    rows = [
        {"n": 1, "x": 1.5, "yes": True, "word": "a", "mixed": 1, "large": 2**70, "list": [1]},
        {"n": None, "x": 2, "yes": None, "word": None, "mixed": "b", "large": 1, "list": None},
        {},
    ]
    tidy = cf.details(chat(*[{"toy": row} for row in rows]), "toy")
    assert tidy.dtypes.astype(str).to_dict() == {
        "uid": "str", "large": "object", "list": "object", "mixed": "object", "n": "Int64", "word": "str",
        "x": "float64", "yes": "boolean",
    }  # fmt: skip
    assert tidy["mixed"].tolist() == [1, "b", None], "nothing is made into something else"
    assert tidy["large"].tolist() == [2**70, 1, None]


def test_a_time_is_one() -> None:
    times = ["2026-11-01T00:00:00+00:00", None, "2026-11-01T02:30:00.5+02:00", "2026-11-02T00:00:00Z"]
    closes_at = cf.details(chat(*[{"poll": {"closes_at": at}} for at in times]), "poll")["closes_at"]
    assert closes_at.isna().tolist() == [False, True, False, False]
    assert closes_at[2] == datetime(2026, 11, 1, 0, 30, 0, 500_000, UTC)
    odd = cf.details(chat(*[{"poll": {"closes_at": at}} for at in (*times, "never")]), "poll")["closes_at"]
    assert odd.tolist() == [*times, "never"]


def test_a_field_called_uid_takes_no_place_of_ours() -> None:
    tidy = cf.details(chat({"toy": {"uid": "u"}}, {"toy": {"toy_uid": "v"}}), "toy")
    assert tidy.fillna("-").values.tolist() == [["toy:c:0", "u", "-"], ["toy:c:1", "-", "v"]]
    assert list(tidy.columns) == ["uid", "toy_uid", "toy_toy_uid"]


@pytest.mark.parametrize(
    ("value", "fields"),
    [("words", {"poll": "words"}), ([1], {"poll": [1]}), ({"total": "many"}, {"total": "many"}), ({"": 1}, {"": 1})],
)
def test_a_value_of_another_form_than_the_documented_one_is_shown_as_it_is(value: Any, fields: dict[str, Any]) -> None:
    row = cf.details(chat({"poll": value}), "poll").iloc[0]
    assert row["uid"] == "toy:c:0"
    for name, cell in fields.items():
        assert row[name] == cell


def test_frames_that_went_through_other_hands_are_taken(tmp_path: Path) -> None:
    cf.write_parquet(POLLS, tmp_path / "a.parquet")
    polls = cf.details(POLLS, "poll")
    assert_frame_equal(cf.details(pd.read_parquet(tmp_path / "a.parquet"), "poll"), polls)
    assert_frame_equal(cf.details(POLLS.assign(details=POLLS["details"].map(json.loads, "ignore")), "poll"), polls)
    asked = duckdb.sql(f"select details->>'$.poll.question' from '{tmp_path}/a.parquet' where details like '%poll%'")
    assert asked.fetchall() == [("Launch?",), ("When?",), (None,)]
    filtered = POLLS[POLLS["message_id"] == "3"]
    assert cf.details(filtered, "poll")["question"].tolist() == ["When?"]


@pytest.mark.parametrize(
    ("frame", "key", "says"),
    [
        (POLLS, "polls", r"No message of this frame has 'polls' in its details: did you mean 'poll'\?"),
        (chat({"toy": 1}), "tov", r"did you mean 'toy'\?"),
        (chat({"toy": 1}), "xyzzy", r"docs/table\.md lists the keys, and this frame has: toy\."),
        (chat({f"toy{n}": n for n in range(14)}), "xyzzy", r"toy\d and 2 more\."),
        (POLLS, 5, "needs the name of a key, such as 'poll', not a value of type int"),
        (POLLS["details"], "poll", r"takes a frame of fetch\(\) or read_parquet\(\), not a value of type Series"),
        (POLLS.drop(columns="details"), "poll", "the column 'details' is not there"),
        (POLLS.assign(details="{'poll': 1}"), "poll", "The details of message toy:c:0 are no JSON"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(frame: Any, key: Any, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        cf.details(frame, key)


def test_the_documented_keys_are_those_of_the_code() -> None:
    text = DOCS.read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\| [^|]+ \| ([^|]+) \|$", text, re.MULTILINE)
    documented = {key: re.findall(r"`(\w+)`", fields) for key, fields, _ in rows}
    ours = {key: [name for name in fields if name != key] for key, fields in DETAIL_KEYS.items()}
    assert documented == ours
    assert list(documented) == sorted(documented)
    assert re.search(r"the keys on \d{4}-\d\d-\d\d:", text)


def test_the_documented_actions_are_those_of_the_code() -> None:
    (listed,) = re.findall(r"^`action` is one of: ([^.]+)\.$", DOCS.read_text("utf-8"), re.MULTILINE)
    words = re.findall(r"`(\w+)`", listed)
    assert (len(words), set(words)) == (len(ACTIONS), ACTIONS)


def test_what_a_service_adds_without_saying_so_is_found() -> None:
    # `help.truth.check` asks this of every chat of the sandbox.
    assert undocumented(POLLS) == []
    odd = chat({"poll": {"total": "many"}, "new": 1})
    assert undocumented(odd) == ["new", "poll.total: object"]
