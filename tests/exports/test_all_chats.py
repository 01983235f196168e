"""All chats of an account in one call: the list is given as it is, and one chat that fails ends no other."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import chatframes as cf
from chatframes.errors import ServiceError
from chatframes.sources.webex.chat import Room


def test_the_chats_that_were_listed_are_fetched_and_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Room._list

    async def sometimes(room: Room, url: str) -> object:
        if room.name == broken:
            raise ServiceError("Webex is having lunch.")
        return await real(room, url)

    with cf.sandbox(messages=60, images=6) as world:
        listed = cf.chats("webex", config=world.config)
        some = listed[listed["title"] != "Project Apollo"].head(12)
        frame = cf.fetch(some, config=world.config, progress=False)
        assert {source.chat_id for source in cf.report(frame).sources} == set(some["id"])
        whole = cf.export(some, tmp_path / "whole", config=world.config, progress=False)
        assert sorted(cf.read_parquet(tmp_path / "whole")["uid"]) == sorted(frame["uid"])
        assert whole.status == "complete"

        broken = str(frame["chat_name"].iloc[0])
        monkeypatch.setattr(Room, "_list", sometimes)
        with pytest.warns(cf.IncompleteWarning, match="lunch"):
            told = cf.export(some, tmp_path / "broken", config=world.config, progress=False)
        assert [source.chat_name for source in told.sources if source.status == "failed"] == [broken]
        rest = frame[frame["chat_name"] != broken]
        assert sorted(cf.read_parquet(tmp_path / "broken")["uid"]) == sorted(rest["uid"])
        with pytest.warns(cf.IncompleteWarning, match="lunch"):
            assert set(cf.fetch(some, config=world.config, progress=False)["uid"]) == set(rest["uid"])


def test_a_frame_that_lists_no_chats_says_what_to_give() -> None:
    with pytest.raises(cf.ConfigError, match=r"does not say which service its chats are of: give the frame of chats"):
        cf.fetch(pd.DataFrame({"id": ["a"]}), config={}, progress=False)
