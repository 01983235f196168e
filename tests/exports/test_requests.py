"""What an earlier request left behind never stands for more than it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from help.sampling import sampled

import chatframes as cf

WHOLE = cf.Reddit("r/apollo")
CALLS = [
    (cf.Reddit("r/apollo", posts=5), WHOLE),
    (cf.Reddit("r/apollo", posts=5), cf.Reddit("r/apollo", posts=20)),
    (cf.Reddit("r/apollo", posts=5), cf.Reddit("r/apollo", posts=5, until="2026-10-15")),
    (cf.Telegram("@apollo", limit=20), cf.Telegram("@apollo", limit=20, until="2026-10-10")),
    (cf.Telegram("@apollo", limit=20), cf.Telegram("@apollo")),
]


@pytest.mark.filterwarnings("ignore::chatframes.IncompleteWarning")
@pytest.mark.parametrize(("first", "second"), sampled(CALLS, 3), ids=lambda source: repr(source))
def test_a_second_request_has_what_a_fetch_of_it_has(first: cf.Reddit, second: cf.Reddit, tmp_path: Path) -> None:
    with cf.sandbox(messages=300, images=0) as world:
        for source in (first, second):
            cf.export(source, tmp_path / "x", config=world.config, progress=False)
        fetched = cf.fetch(second, config=world.config, progress=False)
    assert len(fetched)
    assert set(fetched["uid"]) <= set(cf.read_parquet(tmp_path / "x")["uid"])


@pytest.mark.parametrize(("name", "other"), [("@apollo", "-1002111267418"), ("@apollo", "@Apollo")])
def test_a_part_that_is_gone_is_read_again_though_the_chat_was_exported_by_two_names(
    name: str, other: str, tmp_path: Path
) -> None:
    with cf.sandbox(messages=300, images=0) as world:
        for chat in (name, other):
            cf.export(cf.Telegram(chat), tmp_path / "x", config=world.config, progress=False)
        (tmp_path / "x" / "data" / "part-00000.parquet").unlink()
        cf.export(cf.Telegram(other), tmp_path / "x", config=world.config, progress=False)
    assert len(cf.read_parquet(tmp_path / "x")) == 300


class Died(BaseException):
    pass


def test_messages_that_are_missing_stay_missing_when_the_call_ends_before_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chatframes.exports.run import _Export

    def dies(self: _Export, run: object) -> None:
        raise Died

    source = cf.Webex("Project Apollo", since="2026-10-01", until="2026-11-01")
    with cf.sandbox(messages=150, images=0, faults=["odd_items"]) as world:
        with monkeypatch.context() as patched:
            patched.setattr(_Export, "_finish", dies)
            with pytest.raises(Died):
                cf.export(source, tmp_path / "x", config=world.config, progress=False)
        assert cf.report(tmp_path / "x").status == "partial"
        with pytest.warns(cf.IncompleteWarning):
            told = cf.export(source, tmp_path / "x", config=world.config, progress=False)
        with pytest.warns(cf.IncompleteWarning):
            fetched = cf.report(cf.fetch(source, config=world.config, progress=False))
    assert told.status == "partial"
    assert told.sources[0].missing.count == fetched.sources[0].missing.count > 0
