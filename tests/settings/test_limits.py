"""Which limits hold where nobody said one, for each service, and when they are too much at once."""

from __future__ import annotations

import dataclasses

import pytest

from chatframes.settings.merge import Config, load_config, merge


def test_without_a_file_every_setting_has_its_default():
    config = load_config()
    assert config == Config()
    assert config.path is None
    webex = config.webex
    assert (webex.max_concurrent_image_downloads, webex.max_concurrent_fetches) == (20, 5)
    assert (webex.parallel_fetch_chunk_days, webex.base_url) == (7, "https://webexapis.com/v1")
    assert (webex.max_connections, webex.max_keepalive_connections) == (100, 20)
    assert webex.allow_unscannable is False
    assert webex.access_token is None
    assert config.telegram.max_concurrent_media_downloads == 20
    assert config.reddit.max_connections == 100
    assert (config.reddit.reddit_url, config.reddit.oauth_url) == ("https://www.reddit.com", "https://oauth.reddit.com")
    assert config.reddit.user_agent is None
    assert config.downloads.max_retry_wait_seconds == 300
    assert (config.downloads.allowed_private_hosts, config.downloads.trust_env) == ((), False)


def test_each_service_gets_the_limits_that_mean_something_there():
    settings = merge({"webex": {"max_concurrent_fetches": 8}, "telegram": {"max_concurrent_media_downloads": 4}})
    assert dataclasses.astuple(settings.limits("webex")) == (
        "webex", 20, 8, 7, 100, 20, "max_concurrent_image_downloads",
    )  # fmt: skip
    assert dataclasses.astuple(settings.limits("telegram")) == (
        "telegram", 4, 5, 7, None, None, "max_concurrent_media_downloads",
    )  # fmt: skip
    assert dataclasses.astuple(settings.limits("reddit")) == (
        "reddit", 20, 1, None, 100, 20, "max_concurrent_image_downloads",
    )  # fmt: skip
    assert dataclasses.astuple(settings.limits("slack")) == (
        "slack", 20, 1, None, None, None, "max_concurrent_image_downloads",
    ), "a source that keeps the protocol needs no section"  # fmt: skip


def test_settings_are_frozen():
    settings = merge({}, images=True)
    for thing, name in (
        (settings, "raw"),
        (settings.config, "webex"),
        (settings.images, "enabled"),
        (settings.limits("webex"), "max_concurrent_downloads"),
    ):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(thing, name, True)
    with pytest.raises(ValueError, match="frozen"):
        settings.config.webex.max_connections = 1


def test_downloads_and_fetches_that_take_most_of_the_connections_are_warned_about():
    with pytest.warns(UserWarning, match="connections") as caught:
        load_config({"webex": {"max_concurrent_image_downloads": 80}})
    assert [str(w.message) for w in caught] == [
        "webex: 80 downloads and 5 fetches at once take more than 80 % of 100 connections: lower "
        "max_concurrent_image_downloads, or raise max_connections to 107 or more."
    ]
    assert load_config({"webex": {"max_concurrent_image_downloads": 80, "max_connections": 107}})
    assert load_config({"webex": {"max_concurrent_image_downloads": 75}})  # exactly 80 %: no warning


def test_the_warning_names_every_service_it_is_about():
    with pytest.warns(UserWarning, match="connections") as caught:
        load_config({"max_concurrent_image_downloads": 150})
    assert [str(w.message).split(":")[0] for w in caught] == ["webex", "reddit"]  # Telegram has no such pool
