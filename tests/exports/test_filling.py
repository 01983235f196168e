"""Pictures are filled into a frame afterwards: the same rows, nothing asked for twice, no credentials on the way."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from help.exports import PLATFORMS, content, pictures_asked, source

import chatframes as cf
from chatframes.sources.telegram.chat import TelegramChat


@pytest.fixture(scope="module")
def world() -> Iterator[Any]:
    with cf.sandbox(messages=80, images=16) as world:
        yield world


@pytest.fixture(scope="module")
def config(world: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "config.json"
    path.write_text(json.dumps(world.config), encoding="utf-8")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_a_frame_lacks_is_filled_in_and_nothing_else_changes(world: Any, config: Path, platform: str) -> None:
    whole = cf.fetch(source(platform), images=True, config=config, progress=False)
    texts = cf.fetch(source(platform), config=config, progress=False)
    mixed = texts.sample(frac=1, random_state=1).set_axis([f"row {n}" for n in range(len(texts))])
    before = content(mixed)
    filled = cf.fill_images(mixed, config=config, progress=False)
    assert content(filled) == content(whole)
    assert list(filled.index) == list(mixed.index)
    assert list(filled["uid"]) == list(mixed["uid"])
    assert dict(filled.dtypes) == dict(whole.dtypes)
    assert content(mixed) == before
    asked = pictures_asked(world, platform)
    again = cf.fill_images(filled, config=config, progress=False)
    assert pictures_asked(world, platform) == asked
    assert content(again) == content(whole)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_pictures_are_filled_in_and_fetched_in_the_order_asked_for(world: Any, config: Path, platform: str) -> None:
    one_at_once = config.with_name("one.json")
    one_at_once.write_text(json.dumps(_with_one_download(world.config)), encoding="utf-8")
    one_at_once.chmod(0o600)
    texts = cf.fetch(source(platform), config=config, progress=False).sample(frac=1, random_state=1)
    of_each = cf.attachments(texts).groupby("source_id")["created_at"]
    first, last = of_each.min(), of_each.max()  # one picture may be in several messages

    def asked(order: Any, times: pd.Series) -> list[Any]:
        world.reset_stats()
        filled = cf.fill_images(texts, images=cf.ImageSettings(True, order=order), config=one_at_once, progress=False)
        assert content(filled) == content(whole)
        return [times[id_] for id_ in pictures_asked(world, platform) if id_ in times.index]

    whole = cf.fill_images(texts, config=config, progress=False)
    newest, oldest = asked("newest", last), asked("oldest", first)
    assert len(newest) > 10
    assert newest == sorted(newest, reverse=True)
    assert oldest == sorted(oldest)
    assert asked(lambda message, attachment: message.created_at, first) == oldest
    as_found = asked(None, first)  # the negative control
    assert as_found != sorted(as_found)


def _with_one_download(config: Any) -> Any:
    one = {"webex": "max_concurrent_image_downloads", "reddit": "max_concurrent_image_downloads"}
    one["telegram"] = "max_concurrent_media_downloads"
    return {name: {**section, **({one[name]: 1} if name in one else {})} for name, section in config.items()}


def test_a_function_that_cannot_be_compared_costs_no_picture(world: Any, config: Path) -> None:
    texts = cf.fetch(source("webex"), config=config, progress=False)
    settings = cf.ImageSettings(True, order=lambda message, attachment: message)
    with pytest.warns(UserWarning, match=r"^images: order= failed \(TypeError: '<' not supported") as warned:
        filled = cf.fill_images(texts, images=settings, config=config, progress=False)
    assert len(warned) == 1
    assert content(filled) == content(cf.fill_images(texts, config=config, progress=False))


@pytest.mark.parametrize(
    ("damage", "images"),
    [
        ({"images": "many"}, "many"),  # which cannot be read, and stays as it is
        ({"sources": 5, "images": None}, None),
        (
            {"images": {"ok": -99, "bytes": -(10**9)}},
            {"ok": 0, "bytes": 0, "skipped": {"not_an_image": 5}, "failed": {}},
        ),
    ],
)
def test_a_report_that_is_none_and_cells_of_other_tools_cost_no_picture(
    world: Any, config: Path, damage: dict[str, Any], images: object
) -> None:
    texts = cf.fetch(source("webex"), config=config, progress=False)
    whole = cf.fill_images(texts, config=config, progress=False)
    texts["images"] = float("nan")  # as `pd.concat` leaves them where a frame had no such column
    texts["media"] = [[{k: v for k, v in entry.items() if v is not None} for entry in cell] for cell in texts["media"]]
    texts.attrs["chatframes"] |= damage
    filled = cf.fill_images(texts, config=config, progress=False)
    assert [cell for cell in filled["images"] if isinstance(cell, list) and cell] == [c for c in whole["images"] if c]
    assert filled.attrs["chatframes"]["images"] == images


def test_a_defect_before_a_download_costs_that_picture_and_holds_nobody_up(
    world: Any, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = cf.fetch(source("webex"), config=config, progress=False)

    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("chatframes.road.ranking.Ranking.of", broken)
    frame = cf.fetch(source("webex"), images=True, config=config, progress=False)
    assert list(frame["uid"]) == list(texts["uid"])
    told = {(entry["reason"], entry["error"]) for cell in frame["media"] for entry in cell}
    assert told == {("internal", "unexpected RuntimeError")}


def test_credentials_do_not_travel_and_text_is_no_list(world: Any, config: Path) -> None:
    assert pickle.loads(pickle.dumps(cf.fill_images)) is cf.fill_images
    texts = cf.fetch(source("webex"), config=config, progress=False)
    with pytest.raises(cf.ConfigError, match="holds credentials, which would be pickled"):
        cf.fill_images(texts, config=world.config, progress=False)
    with pytest.raises(cf.ConfigError, match=r"have become text on the way, as Dask does it"):
        cf.fill_images(texts.assign(media=texts["media"].astype("str")), config=config, progress=False)
    with pytest.raises(cf.ConfigError, match="the column 'media' is not there"):
        cf.fill_images(texts.drop(columns="media"), config=config, progress=False)


def config_file(config: dict[str, Any], folder: Path) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    path.chmod(0o600)
    return path


CHATS = {"webex": cf.Webex("Everything"), "telegram": cf.Telegram("@everything"), "reddit": cf.Reddit("r/everything")}


def test_every_kind_of_picture_is_filled_in(tmp_path: Path) -> None:
    """Pictures that stand in a card itself, copies of pictures that are gone elsewhere, stickers, previews."""
    with cf.sandbox(messages=1, images=0, content=True) as world:
        config = config_file(world.config, tmp_path)
        for chat in CHATS.values():
            whole = cf.fetch(chat, images=True, config=config, progress=False)
            texts = cf.fetch(chat, config=config, progress=False)
            filled = cf.fill_images(texts, config=config, progress=False)
            assert content(filled) == content(whole)
            assert counts(filled) == counts(whole) != counts(texts)
            some = counts(cf.fill_images(texts[::2], config=config, progress=False))
            assert 0 < some[0] < counts(whole)[0], "counts are of the whole fetch, of which half was filled in"


def counts(frame: pd.DataFrame) -> tuple[Any, ...]:
    report = cf.report(frame)
    return report.images_ok, report.image_bytes, report.skipped, report.failed


def test_a_message_that_is_gone_says_so_and_references_that_expired_are_renewed(tmp_path: Path) -> None:
    with cf.sandbox(messages=60, images=12, faults=["expired_references"]) as world:
        config = config_file(world.config, tmp_path)
        texts = cf.fetch(source("telegram"), config=config, progress=False)
        gone = next(row for row in texts.to_dict("records") if any(cell["kind"] == "photo" for cell in row["media"]))
        world._telegram.stock().delete(int(gone["message_id"]))
        filled = cf.fill_images(texts, config=config, progress=False).set_index("message_id")
        assert {(cell["status"], cell["reason"]) for cell in filled["media"][gone["message_id"]]} == {
            ("failed", "gone")
        }
        rest = filled.drop(index=gone["message_id"])
        assert int(rest["n_images"].sum()) >= 10
        assert not [cell for cells in rest["media"] for cell in cells if cell["reason"] == "disabled"]
        asked = world.stats()["telegram"]["calls"]
        cf.fill_images(filled.reset_index(), config=config, progress=False)
        assert world.stats()["telegram"]["calls"] == asked


def test_a_message_that_an_answer_merely_lacks_is_not_called_gone(
    world: Any, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = cf.fetch(source("telegram"), config=config, progress=False)
    lacking = next(row for row in texts.to_dict("records") if any(cell["kind"] == "photo" for cell in row["media"]))
    whole = TelegramChat.attachments_again

    async def short(chat: TelegramChat, message_ids: Any) -> dict[str, Any]:
        found = await whole(chat, message_ids)
        return {id_: each for id_, each in found.items() if id_ != lacking["message_id"]}

    monkeypatch.setattr(TelegramChat, "attachments_again", short)
    filled = cf.fill_images(texts, config=config, progress=False).set_index("message_id")
    assert {cell["reason"] for cell in filled["media"][lacking["message_id"]]} == {"disabled"}, "as it was"
    monkeypatch.undo()
    again = cf.fill_images(filled.reset_index(), config=config, progress=False).set_index("message_id")
    assert {cell["status"] for cell in again["media"][lacking["message_id"]]} == {"ok"}


def test_a_token_that_was_renewed_since_is_the_one_that_counts(world: Any, config: Path, tmp_path: Path) -> None:
    wrong = copy.deepcopy(world.config)
    wrong["webex"]["access_token"] = "of-yesterday"
    texts = cf.fetch(source("webex"), config=config, progress=False)
    with pytest.raises(cf.AuthError, match="refused the access token"):
        cf.fill_images(texts, config=config_file(wrong, tmp_path), progress=False)
    both = cf.fetch([source("webex"), source("reddit")], config=config, progress=False)
    with pytest.warns(cf.IncompleteWarning, match=r"failed \(Webex refused") as warned:
        filled = cf.fill_images(both, config=tmp_path / "config.json", progress=False)
    assert warned[0].filename == __file__
    counts = filled.groupby("platform")["n_images"].sum()
    assert counts["webex"] == 0
    assert counts["reddit"] > 0
    again = cf.fill_images(filled, config=config, progress=False)
    assert (again.groupby("platform")["n_images"].sum() > 0).all()


def test_rows_that_are_there_twice_frames_without_rows_and_what_a_widget_says(world: Any, config: Path) -> None:
    texts = cf.fetch(source("webex"), config=config, progress=False)
    twice = pd.concat([texts, texts])
    with_widget = SimpleNamespace(settings=cf.ImageSettings(enabled=True))
    filled = cf.fill_images(twice, images=with_widget, config=config, progress=False)
    assert list(filled.index) == list(twice.index)
    assert list(filled["uid"]) == list(twice["uid"])
    assert filled["n_images"].sum() == 2 * cf.fill_images(texts, config=config, progress=False)["n_images"].sum() > 0
    assert len(cf.fill_images(texts.head(0), config=config, progress=False)) == 0
    assert cf.fill_images(texts, images=False, config=config, progress=False)["n_images"].sum() == 0


@pytest.mark.long
def test_it_goes_to_another_process_and_reads_the_credentials_there(world: Any, config: Path, tmp_path: Path) -> None:
    """As Dask, Ray and the like send it: pickled, without a credential among the bytes."""
    texts = cf.fetch(source("telegram"), config=config, progress=False)
    work = pickle.dumps((cf.fill_images, texts, str(config)))
    assert world.config["telegram"]["session"].encode() not in work
    (tmp_path / "work").write_bytes(work)
    child = """
import pickle, sys
fill, frame, config = pickle.load(open("work", "rb"))
pickle.dump(fill(frame, config=config, progress=False), open("done", "wb"))
"""
    subprocess.run([sys.executable, "-c", child], check=True, cwd=tmp_path)
    filled = pickle.loads((tmp_path / "done").read_bytes())
    assert content(filled) == content(cf.fetch(source("telegram"), images=True, config=config, progress=False))
