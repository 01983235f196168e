"""The user's side: images= in all its ways, and no way to an admin's limit."""

from __future__ import annotations

import dataclasses

import pytest
from help.key_table import describe_keys

import chatframes as cf
from chatframes.errors import ConfigError
from chatframes.settings.merge import ImageSettings, merge


class Widget:
    def __init__(self, settings: object) -> None:
        self.kept, self.reads = settings, 0

    @property
    def settings(self) -> object:
        self.reads += 1
        return self.kept


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (None, ImageSettings(False)),
        (False, ImageSettings(False)),
        (True, ImageSettings(True, 10_485_760)),
        (ImageSettings(True, 5), ImageSettings(True, 5)),
        ({"enabled": True}, ImageSettings(True)),
        ({"enabled": False, "max_size_bytes": 7}, ImageSettings(False, 7)),
        ({"enabled": True, "order": "newest"}, ImageSettings(True, order="newest")),
        (Widget(ImageSettings(True, 9)), ImageSettings(True, 9)),
        (Widget({"enabled": True, "max_size_bytes": 2**31 - 1}), ImageSettings(True, 2**31 - 1)),
    ],
)
def test_images_may_be_said_in_several_ways(images, expected):
    assert merge({}, images=images).images == expected


def test_a_widget_is_read_once_so_a_later_click_changes_nothing():
    widget = Widget({"enabled": True, "max_size_bytes": 5})
    settings = merge({}, images=widget)
    widget.kept = {"enabled": False}
    assert (settings.images, widget.reads) == (ImageSettings(True, 5), 1)


async def _asleep(message: object, attachment: object) -> int:
    return 0


@pytest.mark.parametrize(
    ("images", "says"),
    [
        ({"enabled": True, "max_concurrent_image_downloads": 99}, "is the admin's and not part of a call"),
        ({"enabled": True, "max_concurrent_downloads": 99}, "it belongs in config.json"),
        ({"enabled": True, "max_connections": 99}, "is the admin's"),
        ({"enabled": True, "access_token": "x"}, "is the admin's"),
        (
            {"enabled": True, "allowed_private_hosts": ["10.0.0.5:80"]},
            '"allowed_private_hosts" is the admin\'s and not',
        ),
        ({"enabled": True, "trust_env": True}, '"trust_env" is the admin\'s and not part of a call'),
        (Widget({"enabled": True, "max_concurrent_fetches": 9}), "is the admin's"),
        ({"enable": True}, 'unknown key "enable": did you mean "enabled"?'),
        ({"enabled": True, "max_size": 5}, 'did you mean "max_size_bytes"?'),
        (
            {"enabled": True, 5: 5},
            "unknown key: the keys there are: enabled, max_size_bytes, keep_undecodable, total_bytes, bytes_per_second, order.",
        ),
        ({"max_size_bytes": 5}, 'the key "enabled" is missing'),
        ({}, 'the key "enabled" is missing'),
        ({"enabled": 1}, "enabled is 1: write True or False"),
        ({"enabled": "yes"}, "enabled is a value of type str: write True or False"),
        ({"enabled": True, "max_size_bytes": True}, "max_size_bytes is True: write a whole number"),
        ({"enabled": True, "max_size_bytes": 1e6}, "max_size_bytes is 1000000.0: write a whole number"),
        ({"enabled": True, "max_size_bytes": "5"}, "write a whole number"),
        ({"enabled": True, "max_size_bytes": 0}, "is 0, but may be 1 to 2147483647 (default 10485760)"),
        ({"enabled": True, "max_size_bytes": 2**31}, "but may be 1 to"),
        ({"enabled": True, "keep_undecodable": 1}, "keep_undecodable is 1: write True or False"),
        ({"enabled": True, "keep_undecodeable": True}, 'did you mean "keep_undecodable"?'),
        ({"enabled": True, "total_bytes": 0}, "total_bytes is 0, but may be 1 or more, or None (the default)."),
        ({"enabled": True, "bytes_per_second": "5"}, "write a whole number of bytes, or None"),
        ({"enabled": True, "max_total_bytes": 5}, '"max_total_bytes" is the admin\'s'),
        ({"enabled": True, "order": "newst"}, 'order is a text that names no order: did you mean "newest"?'),
        ({"enabled": True, "order": "x"}, 'names no order: write "newest", "oldest", "smallest", or a function of a'),
        ({"enabled": True, "order": 5}, 'order is 5: write "newest"'),
        (
            {"enabled": True, "order": lambda attachment: 0},
            "order is called with a message and one of its attachments, and does",
        ),
        ({"enabled": True, "order": _asleep}, "order is an async function: write a plain one"),
        (1, "images= is 1: give True, False, ImageSettings"),
        ("yes", "images= is a value of type str"),
        (Widget(True), "images= is True"),
        (object(), "images= is a value of type object"),
    ],
)
def test_a_wrong_images_is_one_sentence_that_says_what_to_write(images, says):
    with pytest.raises(ConfigError) as caught:
        merge({}, images=images)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_image_settings_check_themselves():
    with pytest.raises(ConfigError, match="enabled is 1"):
        ImageSettings(1)
    with pytest.raises(ConfigError, match="max_size_bytes is -1"):
        ImageSettings(True, -1)


@pytest.mark.parametrize(
    ("admin", "user", "holds"), [(None, None, None), (100, None, 100), (None, 100, 100), (100, 50, 50), (100, 500, 100)]
)
def test_the_lower_total_holds_and_a_user_cannot_raise_the_admins(admin, user, holds):
    config = {} if admin is None else {"downloads": {"max_total_bytes": admin}}
    assert merge(config, images=ImageSettings(True, total_bytes=user)).max_total_bytes == holds


def test_an_order_is_shown_and_refused_where_the_order_of_time_is_kept():
    settings = ImageSettings(True, order=max)
    assert repr(settings) == "ImageSettings(enabled=True, max_size_bytes=10485760, order=max)"
    for verb in (cf.stream, lambda source, images: cf.export(source, "never-made", images=images)):
        with pytest.raises(ConfigError, match=r"^images: order= is for fetch and fill_images; \w+ keeps the order"):
            verb(cf.Webex("Project Apollo"), images=ImageSettings(True, order="newest"))


def test_raw_is_yes_or_no():
    assert merge({}, raw=True).raw is True
    with pytest.raises(ConfigError, match="raw= is 1"):
        merge({}, raw=1)


def test_the_user_has_no_way_to_an_admins_limit():
    mine = {field.name for field in dataclasses.fields(ImageSettings)}
    assert mine.isdisjoint(key.name for key in describe_keys())
