"""Who came and who left, per day."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import chatframes as cf


def frame(*rows: tuple[str | None, str | None, Any]) -> pd.DataFrame:
    table = pd.DataFrame(list(rows), columns=["created_at", "action", "subjects"])
    return table.assign(created_at=pd.to_datetime(table["created_at"], utc=True))


FRAME = frame(
    ("2026-10-01T08:00", "member_added", ["1", "2", "3"]),
    ("2026-10-01T09:00", None, []),
    ("2026-10-02T08:00", "member_joined", []),
    ("2026-10-04T08:00", "member_removed", ["2"]),
    ("2026-10-04T23:59", "member_left", None),
    ("2026-11-20T08:00", "renamed", ["9"]),
)


def counts(plot: Any) -> dict[str, dict[str, int]]:
    return {name: {day: number for day, number in activity.counts if number} for name, activity in plot.rows}


def test_each_person_counts_on_the_day_of_coming_or_leaving() -> None:
    plot = cf.members(FRAME)
    assert counts(plot) == {"joined": {"2026-10-01": 3, "2026-10-02": 1}, "left": {"2026-10-04": 2}}
    days = [[day for day, _ in activity.counts] for _, activity in plot.rows]
    assert days[0] == days[1] == ["2026-10-01", "2026-10-02", "2026-10-03", "2026-10-04"]
    assert "<b>joined</b>: 4 people" in plot._repr_html_()
    assert "people per day" in plot._repr_html_()
    assert repr(plot).splitlines()[0].startswith("joined ")


def test_a_part_of_a_table_and_one_without_members_are_counted_too() -> None:
    assert counts(cf.members(FRAME[FRAME["action"] == "member_left"])) == {"joined": {}, "left": {"2026-10-04": 1}}
    assert "<b>left</b>: 1 person<" in cf.members(FRAME[FRAME["action"] == "member_left"])._repr_html_()
    assert counts(cf.members(FRAME.head(0))) == {"joined": {}, "left": {}}
    assert counts(cf.members(frame((None, "member_added", ["1"])))) == {"joined": {}, "left": {}}
    assert "1 without a time" in cf.members(frame((None, "member_added", ["1"])))._repr_html_()


@pytest.mark.parametrize("missing", ["created_at", "action", "subjects"])
def test_a_table_without_the_columns_is_refused_by_name(missing: str) -> None:
    with pytest.raises(cf.ConfigError, match=f"members.. takes a frame .* column '{missing}'"):
        cf.members(FRAME.drop(columns=missing))


def test_a_fetched_table_and_an_empty_one_are_taken() -> None:
    with cf.sandbox(messages=60, images=0) as world:
        fetched = cf.fetch(cf.Webex("Project Apollo"), config=world.config, progress=False)
    nobody = cf.members(fetched)
    assert counts(nobody) == {"joined": {}, "left": {}}
    for shown in (repr(nobody), nobody._repr_html_()):
        assert "No message here says that somebody came or left" in shown
        assert "joined" not in shown, "and no empty chart"


def test_in_a_terminal_the_charts_say_of_which_days_they_are() -> None:
    times = pd.to_datetime(["2026-10-01", "2026-10-03"], utc=True)
    frame = pd.DataFrame({"created_at": times, "action": ["member_added", "member_left"], "subjects": [["1"], []]})
    assert repr(cf.members(frame)).splitlines()[-1].strip() == "people per day, 2026-10-01 to 2026-10-03 (UTC)"
    assert "per day" not in repr(cf.members(frame.head(0)))
