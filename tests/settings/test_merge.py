"""The blocks of config.json that the seed document prints, and which of two places wins."""

from __future__ import annotations

import copy
import json
import re

import pytest
from help.settings import complaint, write

from chatframes.errors import ConfigError
from chatframes.settings.file import strip_comments
from chatframes.settings.merge import ImageSettings, image_settings, load_config

SEED_BLOCKS = [
    """
{
  "webex": {
    "max_concurrent_image_downloads": 20,
    "max_concurrent_fetches": 5,
    "parallel_fetch_chunk_days": 7
  }
}
""",
    """
{
  "telegram": {
    "max_concurrent_media_downloads": 20,
    "max_concurrent_fetches": 5,
    "parallel_fetch_chunk_days": 7
  }
}
""",
    """
{
  "reddit": {
    "max_concurrent_image_downloads": 20
  }
}
""",
    """
{
  "webex": {
    "max_concurrent_image_downloads": 20  // Server-side performance limit
  }
}
""",
    """
{
  "max_concurrent_image_downloads": 20,  // Good balance
  "max_concurrent_fetches": 5,           // Date range parallelism
  "parallel_fetch_chunk_days": 7         // Chunk size for parallel fetching
}
""",
    """
{
  "max_concurrent_image_downloads": 10  // Reduce concurrent load
}
""",
    """
{
  "max_concurrent_image_downloads": 30,  // Increase throughput
  "max_connections": 150                  // Larger pool
}
""",
    """
{
  "parallel_fetch_chunk_days": 14,       // Larger chunks
  "max_concurrent_fetches": 10           // More parallel date ranges
}
""",
    """
{"max_concurrent_image_downloads": 10}  // Lower from 20 to 10
""",
    """
{"max_concurrent_image_downloads": 30}  // Increase from 20 to 30
""",
    """
{
  "max_concurrent_fetches": 3,  // Lower from 5 to 3
  "parallel_fetch_chunk_days": 5  // Smaller chunks
}
""",
]


@pytest.mark.parametrize("block", SEED_BLOCKS)
def test_every_block_of_the_seed_document_loads_and_is_obeyed(block, quiet_place):
    config = load_config(write(quiet_place, block))
    said = {name: int(value) for name, value in re.findall(r'"(\w+)": (\d+)', block)}
    named = re.search(r"webex|telegram|reddit", block)
    sections = [named[0]] if named else ["webex", "telegram", "reddit"]
    for name, value in said.items():
        for section in sections:
            own = "max_concurrent_media_downloads" if section == "telegram" and "image" in name else name
            assert getattr(config, section).model_dump().get(own, value) == value
    assert any(getattr(config, section).model_fields_set for section in sections)


def test_the_seeds_block_for_the_user_is_what_images_takes():
    block = '{"imageProcessing": {"enabled": true, // toggle\n "max_size_bytes": 10485760 // limit\n}}'
    outer = json.loads(strip_comments(block))
    assert image_settings(outer["imageProcessing"]) == ImageSettings(True, 10_485_760)
    with pytest.raises(ConfigError, match="imageProcessing"):
        image_settings(outer)


def test_a_services_own_key_wins_over_the_one_for_all():
    config = load_config({"max_concurrent_image_downloads": 10, "reddit": {"max_concurrent_image_downloads": 3}})
    assert config.webex.max_concurrent_image_downloads == 10
    assert config.telegram.max_concurrent_media_downloads == 10
    assert config.reddit.max_concurrent_image_downloads == 3


def test_telegram_understands_the_other_services_name():
    config = load_config({"telegram": {"max_concurrent_image_downloads": 7}})
    assert config.telegram.max_concurrent_media_downloads == 7
    both = {"max_concurrent_image_downloads": 7, "max_concurrent_media_downloads": 8}
    assert "holds both" in complaint({"telegram": both})


def test_the_dict_a_caller_gives_is_left_as_it_was(monkeypatch):
    monkeypatch.setenv("WEBEX_ACCESS_TOKEN", "fromtheenvironment")
    given_ = {"max_connections": 90, "telegram": {"max_concurrent_image_downloads": 7}, "webex": {}}
    before = copy.deepcopy(given_)
    load_config(given_)
    assert given_ == before
