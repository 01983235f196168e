"""Pictures are filled into a frame afterwards: the same rows, nothing asked for twice, no credentials on the way."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from help.exports import PLATFORMS, content, pictures_asked, source

import chatframes as cf


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


def test_credentials_do_not_travel_and_text_is_no_list(world: Any, config: Path) -> None:
    assert pickle.loads(pickle.dumps(cf.fill_images)) is cf.fill_images
    texts = cf.fetch(source("webex"), config=config, progress=False)
    with pytest.raises(cf.ConfigError, match="holds credentials, which would be pickled"):
        cf.fill_images(texts, config=world.config, progress=False)
    with pytest.raises(cf.ConfigError, match=r"have become text on the way, as Dask does it"):
        cf.fill_images(texts.assign(media=texts["media"].astype("str")), config=config, progress=False)
    with pytest.raises(cf.ConfigError, match="the column 'media' is not there"):
        cf.fill_images(texts.drop(columns="media"), config=config, progress=False)
