"""What users write stays: the public names, their signatures and examples, and the files and reports of version 0.1."""

from __future__ import annotations

import doctest
import inspect
import json
from pathlib import Path
from typing import Any

import pytest

import chatframes as cf
from chatframes.settings.merge import Config

FIXTURES = Path(__file__).parents[1] / "fixtures"
BEFORE: dict[str, dict[str, Any]] = json.loads((FIXTURES / "public_surface.json").read_text(encoding="utf-8"))
REPORTS = sorted(FIXTURES.glob("report-*.json"))


def examples(value: Any) -> list[str]:
    return [example.source for example in doctest.DocTestParser().get_examples(inspect.getdoc(value) or "")]


def without_annotations(signature: str) -> str:
    """A signature as text, its annotations left out: ``str`` may come where three names stood."""

    def function(text: str) -> inspect.Signature:
        namespace: dict[str, Any] = {}
        plain = text.replace("<factory>", "'<factory>'")
        exec(f"from __future__ import annotations\ndef made{plain}: ...", namespace)
        return inspect.signature(namespace["made"])

    parameters = [one.replace(annotation=one.empty) for one in function(signature).parameters.values()]
    return str(inspect.Signature(parameters))


@pytest.mark.parametrize("name", BEFORE)
def test_a_public_name_takes_what_it_took_and_shows_the_same_examples(name: str) -> None:
    value, before = getattr(cf, name), BEFORE[name]
    if before["signature"] is not None:
        assert without_annotations(str(inspect.signature(value))) == without_annotations(before["signature"])
    for member, signature in before.get("members", {}).items():
        found = inspect.getattr_static(value, member)
        found = found.__func__ if isinstance(found, classmethod | staticmethod) else found
        if signature.startswith("("):
            assert without_annotations(str(inspect.signature(found))) == without_annotations(signature), member
    assert [example for example in before["examples"] if example not in examples(value)] == []


def test_no_public_name_is_gone() -> None:
    assert set(BEFORE) <= set(cf.__all__)


def test_a_file_written_by_version_0_1_opens_as_it_did() -> None:
    frame = cf.read_parquet(FIXTURES / "version-0.1.parquet")
    kept = json.loads((FIXTURES / "report-complete.json").read_text(encoding="utf-8"))
    assert frame.attrs["chatframes"] == kept
    assert cf.report(frame).status == "complete"
    assert len(frame) == sum(source["messages"] for source in kept["sources"])
    assert int(frame["n_images"].sum()) == kept["images"]["ok"]
    assert len(cf.attachments(frame)) == int(frame["n_media"].sum())


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.stem)
def test_a_report_written_by_version_0_1_is_read_whole_and_printed(path: Path) -> None:
    kept = json.loads(path.read_text(encoding="utf-8"))
    told = cf.report(kept)
    for source in kept["sources"]:
        source["missing"] = {"count": 0, "ids": []}  # was not told then
    assert told.to_dict() == kept
    assert kept["status"] in str(told)


def test_there_are_reports_of_every_status() -> None:
    statuses = {json.loads(path.read_text(encoding="utf-8"))["status"] for path in REPORTS}
    assert statuses == {"complete", "partial", "failed"}


def test_the_config_has_a_section_for_each_service() -> None:
    assert list(inspect.signature(Config).parameters)[:3] == ["webex", "telegram", "reddit"]
