"""The plot of metrics says what is known, in words for a screen reader too, and survives whatever a file may hold."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import chatframes as cf
from chatframes.model import Outcome
from chatframes.page.metrics_plot import NO_METRICS, MetricsPlot
from chatframes.road.metrics import Levels, Meter
from chatframes.table.report import Report


@pytest.fixture(scope="module")
def metrics() -> dict[str, Any]:
    """Ten pictures in two seconds, by a gate that becomes narrower, and a wait of four seconds."""
    seconds = [0.0]
    meter = Meter(lambda: seconds[0])
    for number in range(10):
        meter.begun(3)
        meter.look(Levels(3, 20, 10 if number < 5 else 4, 5, 7, 100), pending=True)
        seconds[0] += 0.2
        meter.settled(Outcome("ok", data=b"12345", attempts=1, elapsed_ms=200))
    meter.settled(Outcome("failed", "gone", attempts=1))
    meter.waits("reddit", 4.0)
    meter.look(Levels(0, 20, 4, 0, 7, 100), pending=True)
    seconds[0] += 6.0
    meter.api_budget("reddit", 12, 600, 60.0)
    meter.end()
    return meter.told(("reddit",), pages=3, received_bytes=50)


def test_the_figures_are_said_in_words(metrics: dict[str, Any]) -> None:
    said = repr(MetricsPlot(metrics))
    for words in (
        "10 ok, 91 % of those tried, 5.0 per second, 1 failed (gone)",
        "median 200 ms, mean 200 ms, p95 200 ms, longest 200 ms",
        "downloads   at most 3 of 20 at once; 0.8 on average, 4 % in use",
        "gate        4 wide at the end, 4 at its narrowest",
        "connections at most 7 of 100 at once",
        "waits       1 for reddit, 4.0 s in all",
        "reddit leaves 12 of 600 requests, 12 at the lowest",
    ):
        assert words in said
    assert "downloads under way, over 8.0 s: at most 3; the line is the gate, 4 to 10 wide" in said


def test_each_chart_is_a_picture_with_words_in_its_place(metrics: dict[str, Any]) -> None:
    page = MetricsPlot(metrics)._repr_html_()
    labels = re.findall(r'role="img" aria-label="([^"]+)"', page)
    assert [label.partition(",")[0] for label in labels] == [
        "pictures per second",
        "bytes per second",
        "downloads under way",
        "connections in use",
        "failures per second",
    ]
    assert all(f">{label}</div>" in page for label in labels), "and those who see read the same"


def test_what_is_not_known_is_not_drawn_as_nothing(metrics: dict[str, Any]) -> None:
    over_time = {**metrics["over_time"], "connections": [None] * len(metrics["over_time"]["images"])}
    unknown = {"mean": None, "peak": None, "most": None, "utilisation": None}
    plot = MetricsPlot({**metrics, "connections": unknown, "over_time": over_time})
    assert "connections not known" in repr(plot)
    assert "connections in use" not in plot._repr_html_()


@pytest.mark.parametrize("odd", [None, "text", -1, float("nan"), 10**400, True, [], [[]], {"ok": {}}, {"": None}])
def test_whatever_a_file_holds_in_the_place_of_a_number_is_survived(odd: Any, metrics: dict[str, Any]) -> None:
    for name, part in metrics.items():
        for changed in (odd, dict.fromkeys(part, odd) if isinstance(part, dict) else odd):
            plot = MetricsPlot({**metrics, name: changed})
            assert isinstance(repr(plot), str)
            assert plot._repr_html_().startswith("<div")
    lists = {name: [odd] * 5000 for name in metrics["over_time"]}
    assert len(MetricsPlot({**metrics, "over_time": {**lists, "stretch_seconds": 1}})._repr_html_()) < 200_000


def test_it_is_shown_of_a_report_of_the_file_of_a_command_and_of_an_event(
    metrics: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "metrics.json").write_text(json.dumps({"status": "stopped", "metrics": metrics}), encoding="utf-8")
    report = Report(metrics=metrics)
    for source in (report, report.to_dict(), metrics, tmp_path / "metrics.json", str(tmp_path / "metrics.json")):
        assert cf.plot_metrics(source).metrics == metrics
    assert repr(cf.plot_metrics(Report())) == NO_METRICS
    assert NO_METRICS in cf.plot_metrics({"status": "complete"})._repr_html_()


@pytest.mark.parametrize("held", [None, "{", "[1]", "\x00", '{"webex": {}}'])
def test_a_file_that_is_none_is_said(held: str | None, tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    if held is not None:
        path.write_text(held, encoding="utf-8")
    with pytest.raises(cf.ConfigError, match=r"There is no file|holds no metrics"):
        cf.plot_metrics(path)
    with pytest.raises(cf.ConfigError):
        cf.plot_metrics(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (5, "plot_metrics() takes a frame of fetch() or read_parquet(), a report,"),
        ("nowhere", "plot_metrics() found no export in"),
        ("a.parquet", "write cf.plot_metrics(cf.read_parquet('a.parquet'))"),
        ("nothing-asked.json", "nothing was asked for in that call, which failed with ConfigError."),
    ],
)
def test_what_has_no_metrics_is_said_by_its_own_name(
    source: Any, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.parquet").touch()
    Path("nothing-asked.json").write_text('{"error": "ConfigError", "metrics": null}', encoding="utf-8")
    with pytest.raises(cf.ConfigError, match=re.escape(words)):
        cf.plot_metrics(source)
