"""Settings: who may set what, what a mistake says, and that no credential is ever shown."""

from __future__ import annotations

import copy
import dataclasses
import doctest
import io
import json
import os
import pickle
import re
import traceback
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon.crypto import AuthKey
from telethon.sessions import StringSession

from chatframes.errors import ConfigError
from chatframes.settings import keys as limits_module
from chatframes.settings import merge as config_module
from chatframes.settings.checks import Secret, text_of
from chatframes.settings.file import strip_comments
from chatframes.settings.keys import RedditConfig, describe_keys, markdown_table
from chatframes.settings.merge import (
    Config,
    ImageSettings,
    Settings,
    image_settings,
    load_config,
    merge,
    with_credentials,
)
from chatframes.world.mtproto.server import PUBLIC_KEY

ROOT = Path(__file__).parents[2]
CANARY = "canary-Zm9vYmFy-4711"
APP = {"api_id": 12345, "api_hash": "0123456789abcdef0123456789ABCDEF"}
SERVER = {"dc_id": 2, "address": "127.0.0.1", "port": 4433, "public_key": PUBLIC_KEY}
REDDIT_APP = {"client_id": "Rid", "client_secret": "Rsecret"}
REDDIT_LOGIN = {"username": "Rname", "password": "R pässword: 1"}
TRIO = {"client_id": "Cid", "client_secret": "Csecret", "refresh_token": "Crefresh"}


@pytest.fixture(autouse=True)
def quiet_place(tmp_path, monkeypatch):
    """An empty working folder and an environment without any of ours."""
    for name in os.environ:
        if name.upper().startswith(("WEBEX_", "TELEGRAM_", "REDDIT_", "CHATFRAMES_CONFIG")):
            monkeypatch.delenv(name)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def write(folder: Path, text: str | dict, name: str = "config.json") -> Path:
    path = folder / name
    path.write_text(text if isinstance(text, str) else json.dumps(text), "utf-8")
    path.chmod(0o600)
    return path


def complaint(data: object) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(config_module).failed == 0
    assert doctest.testmod(limits_module).failed == 0


def test_the_table_in_the_readme_is_the_one_the_settings_give():
    assert markdown_table() in (ROOT / "README.md").read_text("utf-8")


# --- what is there without anything -----------------------------------------------------------------------------------


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
    with pytest.raises(ConfigError, match="no service is called 'slack'"):
        settings.limits("slack")


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


# --- the seed document's blocks ---------------------------------------------------------------------------------------

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


# --- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "says"),
    [
        # nobody's keys
        (
            {"webex": {"max_concurent_image_downloads": 20}},
            'unknown key "max_concurent_image_downloads" in "webex": did you mean "max_concurrent_image_downloads"?',
        ),
        ({"webx": {}}, 'unknown key "webx" in the top level: did you mean "webex"?'),
        ({"Webex": {}}, 'did you mean "webex"?'),
        ({"acces_token": "x"}, 'unknown key "acces_token" in the top level: did you mean "access_token", in "webex"?'),
        ({"downloads": {"adaptive": True}}, "the keys there are: max_retry_wait_seconds, allowed_private_hosts, tr"),
        ({"telegram": {"app_id": 5}}, 'unknown key "app_id" in "telegram": did you mean "api_id"?'),
        (
            {"telegram": {"server": {**SERVER, "adress": "x"}}},
            'unknown key "adress" in "telegram.server": did you mean',
        ),
        ({"reddit": {"useragent": "me"}}, 'unknown key "useragent" in "reddit": did you mean "user_agent"?'),
        ({"oauth_ur": "x"}, 'did you mean "oauth_url", in "reddit"?'),
        ({"webex": {5: 5}}, 'unknown key "5" in "webex"'),
        # right key, wrong place
        ({"telegram": {"max_connections": 50}}, 'no meaning in "telegram": it belongs in "webex" or "reddit" or at'),
        ({"reddit": {"max_concurrent_fetches": 2}}, 'it belongs in "webex" or "telegram" or at the top level'),
        (
            {"telegram": {"client_id": "x"}},
            '"client_id" has no meaning in "telegram": it belongs in "webex" or "reddit".',
        ),
        ({"reddit": {"access_token": "x"}}, '"access_token" has no meaning in "reddit": it belongs in "webex".'),
        ({"reddit": {"base_url": "x"}}, '"base_url" has no meaning in "reddit": it belongs in "webex".'),
        ({"allowed_private_hosts": []}, 'has no meaning in the top level: it belongs in "downloads".'),
        ({"reddit": {"trust_env": True}}, '"trust_env" has no meaning in "reddit": it belongs in "downloads".'),
        ({"access_token": "x"}, '"access_token" has no meaning in the top level: it belongs in "webex".'),
        ({"max_retry_wait_seconds": 5}, 'it belongs in "downloads".'),
        ({"max_concurrent_media_downloads": 5}, 'it belongs in "telegram".'),
        ({"api_id": 5}, '"api_id" has no meaning in the top level: it belongs in "telegram".'),
        ({"webex": {"session": "x"}}, 'it belongs in "telegram".'),
        ({"downloads": {"max_concurrent_image_downloads": 5}}, 'it belongs in "webex" or "reddit" or at the top'),
        # the seed's other names
        ({"webex": {"max_concurrent_downloads": 5}}, 'is called "max_concurrent_image_downloads"'),
        ({"telegram": {"max_concurrent_downloads": 5}}, 'is called "max_concurrent_media_downloads"'),
        ({"max_concurrent_downloads": 5}, 'is called "max_concurrent_image_downloads"'),
        # the user's keys
        ({"webex": {"enabled": True}}, '"enabled" in "webex" belongs to the user, not to the admin'),
        ({"enabled": True}, "images=ImageSettings(enabled=True"),
        ({"reddit": {"max_size_bytes": 5}}, "belongs to the user"),
        ({"image_processing": {"enabled": True}}, '"image_processing" in the top level belongs to the user'),
        ({"webex": {"imageProcessing": {}}}, "belongs to the user"),
        # out of range
        (
            {"webex": {"max_concurrent_image_downloads": 0}},
            "webex.max_concurrent_image_downloads is 0, but may be 1 to 200 (default 20).",
        ),
        ({"webex": {"max_concurrent_fetches": 51}}, "may be 1 to 50 (default 5)"),
        ({"webex": {"parallel_fetch_chunk_days": 3651}}, "may be 1 to 3650 (default 7)"),
        ({"reddit": {"max_connections": 1001}}, "may be 1 to 1000 (default 100)"),
        ({"reddit": {"max_keepalive_connections": -1}}, "may be 0 to 1000 (default 20)"),
        ({"downloads": {"max_retry_wait_seconds": 86401}}, "may be 0 to 86400 (default 300)"),
        (
            {"max_concurrent_image_downloads": 500},
            "config=: max_concurrent_image_downloads is 500, but may be 1 to 200",
        ),
        ({"telegram": {"max_concurrent_image_downloads": 500}}, "is 500, but may be 1 to 200"),
        ({"telegram": {"server": {**SERVER, "port": 0}}}, "telegram.server.port is 0, but may be 1 to 65535."),
        ({"telegram": {"server": {**SERVER, "dc_id": 0}}}, "telegram.server.dc_id is 0, but may be 1 to 1000."),
        # wrong type
        ({"webex": {"max_connections": "100"}}, "webex.max_connections is a string, but must be a whole number"),
        ({"webex": {"max_connections": True}}, "is true, but must be a whole number, without quotes: 1 to 1000"),
        ({"webex": {"max_connections": 100.0}}, "is 100.0, but must be a whole number"),
        ({"webex": {"max_connections": None}}, "is null, but must be a whole number"),
        ({"webex": {"max_connections": [1]}}, "is a list, but must be a whole number"),
        ({"max_connections": "100"}, "max_connections is a string, but must be a whole number, without quotes: 1 to"),
        ({"webex": {"allow_unscannable": 1}}, "is 1, but must be true or false"),
        ({"webex": {"allow_unscannable": "true"}}, "is a string, but must be true or false"),
        ({"webex": {"access_token": 12345678}}, "webex.access_token is no string, but must be a string"),
        ({"webex": {"base_url": 5}}, "webex.base_url is 5, but must be a string"),
        ({"reddit": {"oauth_url": None}}, "reddit.oauth_url is null, but must be a string"),
        ({"reddit": {"reddit_url": "http://reddit.com"}}, "reddit.reddit_url must be one that begins with https://"),
        ({"reddit": {"user_agent": 1234567}}, "reddit.user_agent is no string, but must be a string"),
        ({"downloads": {"trust_env": "true"}}, "downloads.trust_env is a string, but must be true or false"),
        (
            {"downloads": {"allowed_private_hosts": "10.0.0.5:80"}},
            'downloads.allowed_private_hosts is a string, but must be a list, in brackets: ["10.0.0.5:8080"].',
        ),
        ({"downloads": {"allowed_private_hosts": None}}, "allowed_private_hosts is null, but must be a list"),
        ({"webex": 5}, "webex is 5, but must be a section: { ... }."),
        ({"webex": None}, "webex is null, but must be a section"),
        ({"telegram": ["x"]}, "telegram is a list, but must be a section"),
        ({"telegram": {"server": "127.0.0.1"}}, "telegram.server is a string, but must be a section"),
        ({"telegram": {"server": {**SERVER, "port": "4"}}}, "telegram.server.port is a string, but must be a whole"),
        ({"telegram": {"server": {**SERVER, "address": 5}}}, "telegram.server.address is 5, but must be a string"),
        (
            {"telegram": {"server": {**SERVER, "address": "localhost"}}},
            "telegram.server.address must be one that is an IP address, such as 127.0.0.1.",
        ),
        (
            {"telegram": {"server": {**SERVER, "public_key": "-----BEGIN PUBLIC KEY-----"}}},
            "telegram.server.public_key must be one that is a public RSA key in PEM",
        ),
        (
            {"telegram": {"server": {"dc_id": 2}}},
            "telegram.server has no address: it needs dc_id, address, port, public_key.",
        ),
        # Telegram's credentials
        ({"telegram": {**APP, "api_id": True}}, "telegram.api_id is no string, but must be a string"),
        (
            {"telegram": {**APP, "api_id": "12a"}},
            "telegram.api_id is no number such as 123456: copy it from https://my",
        ),
        ({"telegram": {**APP, "api_id": 0}}, "telegram.api_id is no number such as 123456"),
        ({"telegram": {**APP, "api_id": 2**31}}, "telegram.api_id is no number such as 123456"),
        ({"telegram": {**APP, "api_id": "²"}}, "telegram.api_id is no number such as 123456"),
        ({"telegram": {**APP, "api_id": " "}}, "telegram.api_id is empty"),
        ({"telegram": {**APP, "api_hash": "0123"}}, "telegram.api_hash must be 32 letters and digits"),
        ({"telegram": {**APP, "api_hash": 5}}, "telegram.api_hash is no string, but must be a string"),
        ({"telegram": {**APP, "session": ""}}, "telegram.session is empty"),
        ({"telegram": {**APP, "session": "/home/me/me"}}, "telegram.session is neither a name (letters, digits"),
        ({"telegram": {**APP, "session": ".."}}, "telegram.session is neither a name"),
        ({"telegram": {**APP, "session": "x" * 65}}, "telegram.session is neither a name"),
        ({"telegram": {**APP, "session": "1" + "A" * 300}}, "nor a whole session string of Telethon's"),
        (
            {"telegram": {**APP, "session": "123456:AAaa-bb_cc"}},
            "telegram.session is a bot's token, and Telegram shows bots no history: take it out, and log in with an",
        ),
        ({"telegram": {"api_id": 5}}, "telegram.api_id is of no use without telegram.api_hash: add it."),
        ({"telegram": {"api_hash": "a" * 32}}, "telegram.api_hash is of no use without telegram.api_id: add it."),
        (
            {"telegram": {"session": "work"}},
            "telegram.session is of no use without telegram.api_id and telegram.api_hash: add them.",
        ),
        # Reddit's credentials
        (
            {"reddit": {"client_id": "a"}},
            "config=: reddit.client_id is of no use without reddit.client_secret: add it.",
        ),
        ({"reddit": {"client_secret": "a"}}, "reddit.client_secret is of no use without reddit.client_id: add it."),
        (
            {"reddit": {"refresh_token": "a", "user_agent": "my-notebooks"}},
            "reddit.refresh_token is of no use without reddit.client_id and reddit.client_secret: add them.",
        ),
        (
            {"reddit": {**REDDIT_APP, "username": "a"}},
            "config=: reddit.username is of no use without reddit.password: add it.",
        ),
        ({"reddit": {**REDDIT_APP, "password": "a"}}, "reddit.password is of no use without reddit.username: add it."),
        (
            {"reddit": REDDIT_LOGIN},
            "reddit.username and reddit.password is of no use without reddit.client_id and reddit.client_secret: add",
        ),
        (
            {"reddit": {**REDDIT_APP, **REDDIT_LOGIN, "refresh_token": "a"}},
            "reddit.refresh_token is one way to log in and reddit.username and reddit.password another: choose one",
        ),
        (
            {"reddit": {**REDDIT_APP, "username": "a", "refresh_token": "a"}},
            "reddit.refresh_token is one way to log in and reddit.username another: choose one, take the other out.",
        ),
        ({"reddit": {**REDDIT_APP, "client_id": "a:b"}}, "reddit.client_id holds a colon, which no id of an app has"),
        (
            {"reddit": {**REDDIT_APP, "client_id": "a\nX"}},
            "reddit.client_id holds a space, a line break or a letter",
        ),
        ({"reddit": {**REDDIT_APP, "client_secret": "„a“"}}, "reddit.client_secret holds a space, a line break or"),
        ({"reddit": {**REDDIT_APP, "client_secret": " "}}, "reddit.client_secret is empty"),
        ({"reddit": {**REDDIT_APP, "refresh_token": "a b"}}, "reddit.refresh_token holds a space, a line break or"),
        ({"reddit": {**REDDIT_APP, **REDDIT_LOGIN, "username": ""}}, "reddit.username is empty"),
        ({"reddit": {**REDDIT_APP, **REDDIT_LOGIN, "username": "u/"}}, "reddit.username is no name of an account: giv"),
        ({"reddit": {**REDDIT_APP, **REDDIT_LOGIN, "username": "a\nb"}}, "reddit.username is no name of an account"),
        ({"reddit": {**REDDIT_APP, **REDDIT_LOGIN, "username": "a/b"}}, "give what stands after u/."),
        ({"reddit": {**REDDIT_APP, **REDDIT_LOGIN, "password": ""}}, "reddit.password is empty"),
        (
            {"reddit": {**REDDIT_APP, **REDDIT_LOGIN, "password": "\ud800"}},
            "reddit.password holds what is no letter in",
        ),
        ({"reddit": {**REDDIT_APP, **REDDIT_LOGIN, "password": 12345}}, "reddit.password is no string, but must be"),
        ({"reddit": {"user_agent": "python"}}, "reddit.user_agent must be 7 to 200 plain ASCII characters in one line"),
        ({"reddit": {"user_agent": "x" * 201}}, "reddit.user_agent must be 7 to 200 plain ASCII"),
        ({"reddit": {"user_agent": "my-notebooks\r\nX-Evil: 1"}}, "reddit.user_agent must be 7 to 200 plain ASCII"),
        ({"reddit": {"user_agent": "Jörgs Notizbücher"}}, "such as linux:my-notebooks:1.0 (by /u/name)."),
    ],
)
def test_a_mistake_is_one_sentence_that_says_what_to_write(data, says):
    assert says in complaint(data)


def test_no_key_of_the_admin_can_be_bent_out_of_range():
    for key in describe_keys():
        for section in key.sections:
            if " to " in key.allowed:
                low, high = (int(edge) for edge in key.allowed.split(" to "))
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    for fine in (low, high):
                        assert getattr(getattr(load_config({section: {key.name: fine}}), section), key.name) == fine
                for wrong in (low - 1, high + 1, 10**40):
                    assert key.allowed in complaint({section: {key.name: wrong}})


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://webexapis.com/v1/", "https://webexapis.com/v1"),
        ("HTTPS://Gateway.Example:8443/Webex//", "https://gateway.example:8443/Webex"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.9.9.9:1/v1", "http://127.9.9.9:1/v1"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
        ("http://localhost:8080/v1", "http://localhost:8080/v1"),
    ],
)
def test_base_url_is_https_or_on_this_machine(url, kept):
    assert load_config({"webex": {"base_url": url}}).webex.base_url == kept


@pytest.mark.parametrize(
    "url",
    [
        "http://webexapis.com/v1",
        "http://localhost.example.com/v1",
        "http://127.0.0.1.example.com/",
        "http://192.168.0.1/v1",
        "http://2130706433/v1",
        "ftp://127.0.0.1/v1",
        "//webexapis.com/v1",
        "webexapis.com/v1",
        "https://",
        "https:///v1",
        "https://host:99999/v1",
        "https://host:/v1",
        "https://[::1/v1",
        "https://host/v1?x=1",
        "https://host/v1#x",
        "https://host/v1?",
        "https://ho st/v1",
        "https://host\n/v1",
        "https://host\\@evil.example/v1",
        "https://hóst/v1",
        f"https://user:{CANARY}@host/v1",
        f"https://{CANARY}@host/v1",
        "",
    ],
)
def test_any_other_base_url_is_refused_without_being_repeated(url):
    said = complaint({"webex": {"base_url": url}})
    assert "webex.base_url must be one that" in said
    assert CANARY not in said


@pytest.mark.parametrize(
    ("host", "kept"),
    [
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        (" 10.0.0.5:443\n", "10.0.0.5:443"),
        ("Media.Local:08080", "media.local:8080"),
        ("localhost:1", "localhost:1"),
        ("my_nas:65535", "my_nas:65535"),
        ("xn--bcher-kva.example:80", "xn--bcher-kva.example:80"),
        ("[::1]:8080", "[::1]:8080"),
        ("[FD00:0:0::5]:80", "[fd00::5]:80"),
    ],
)
def test_a_private_address_is_allowed_with_its_port_and_tidied(host, kept):
    config = load_config({"downloads": {"allowed_private_hosts": ["a:1", host, "a:1", kept]}})
    assert config.downloads.allowed_private_hosts == ("a:1", kept)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "10.0.0.5",
        "10.0.0.5:",
        "10.0.0.5:0",
        "10.0.0.5:65536",
        "10.0.0.5:+80",
        "10.0.0.5:８０",
        "10.0.0.0/8:80",
        "10.0.0.*:80",
        "*:80",
        "*.local:80",
        "*",
        "media.local:*",
        "http://10.0.0.5:80",
        "//10.0.0.5:80",
        "10.0.0.5:80/path",
        "10.0.0.5:80?x",
        f"me:{CANARY}@10.0.0.5:80",
        ":80",
        "a b:80",
        "a\nb:80",
        "bücher.example:80",
        "\u212a:80",  # in lower case a plain k
        "media.local.:80",
        "a..b:80",
        "-a:80",
        "::1:80",
        "[::1]",
        "[::1:80",
        "[fe80::1%eth0]:80",
        "[10.0.0.5]:80",
        "[media.local]:80",
        # not the addresses they look like, or another one to every program
        "127.1:80",
        "2130706433:80",
        "0x7f000001:80",
        "0177.0.0.1:80",
        "256.0.0.1:80",
        "1.2.3.4.5:80",
        5,
        None,
        ["10.0.0.5:80"],
    ],
)
def test_any_other_private_address_is_refused_without_being_repeated(host):
    said = complaint({"downloads": {"allowed_private_hosts": ["a:1", host]}})
    assert "downloads.allowed_private_hosts must be one that lists exact addresses with their ports" in said
    assert said.endswith("and item 2 is none.")
    assert CANARY not in said


def test_the_files_list_of_private_addresses_is_read(quiet_place):
    path = write(quiet_place, '{"downloads": {"allowed_private_hosts": ["127.0.0.1:80"], "trust_env": true}}')
    downloads = load_config(path).downloads
    assert (downloads.allowed_private_hosts, downloads.trust_env) == (("127.0.0.1:80",), True)
    assert pickle.loads(pickle.dumps(downloads)) == downloads


# --- the file ---------------------------------------------------------------------------------------------------------


def test_the_nearest_file_upward_is_found(quiet_place, monkeypatch):
    deep = quiet_place / "a" / "b"
    deep.mkdir(parents=True)
    write(quiet_place.parent, {"max_concurrent_fetches": 1})
    middle = write(quiet_place / "a", {"max_concurrent_fetches": 2})
    monkeypatch.chdir(deep)
    assert load_config().webex.max_concurrent_fetches == 2
    assert load_config().path == middle
    middle.unlink()
    assert load_config().webex.max_concurrent_fetches == 1


def test_a_folder_called_config_json_is_no_file(quiet_place):
    (quiet_place / "config.json").mkdir()
    assert load_config().path is None


def test_the_environment_can_name_the_file(quiet_place, monkeypatch):
    write(quiet_place, {"max_concurrent_fetches": 1})
    other = write(quiet_place, {"max_concurrent_fetches": 2}, "other.json")
    monkeypatch.setenv("CHATFRAMES_CONFIG", str(other))
    assert load_config().webex.max_concurrent_fetches == 2
    assert load_config({}).webex.max_concurrent_fetches == 5
    monkeypatch.setenv("CHATFRAMES_CONFIG", "")
    assert load_config().webex.max_concurrent_fetches == 1


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_may_be_given(kind, quiet_place):
    path = write(quiet_place, {"max_concurrent_fetches": 2}, "mine.json")
    config = load_config(kind(path))
    assert config.webex.max_concurrent_fetches == 2
    assert config.path == path
    assert load_config(config) is config


def test_a_file_that_is_not_there_is_an_error(quiet_place, monkeypatch):
    assert "there is no such file" in complaint(quiet_place / "nowhere.json")
    assert "there is no such file" in complaint(quiet_place)
    monkeypatch.setenv("CHATFRAMES_CONFIG", "nowhere.json")
    assert "CHATFRAMES_CONFIG names nowhere.json" in complaint(None)


@pytest.mark.parametrize("thing", [5, True, ["webex"], object()])
def test_anything_else_is_not_a_configuration(thing):
    assert "give a path, a dict or a Config" in complaint(thing)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{\n  "webex": {\n    "max_connections": 50,\n  }\n}', "line 4, column 3: this is not JSON"),
        ('{"webex": {} // a comment\n  "reddit": {}}', "line 2, column 3: this is not JSON"),
        ("{ /* no */ }", "line 1, column 3: this is not JSON"),
        ("", "line 1, column 1: this is not JSON"),
        ("[]", "this is not a section"),
        ('"x"', "this is not a section"),
        ('{"reddit": {}, "webex": {"max_connections": 50, "max_connections": 60}}', '"max_connections" stands twice'),
        ("[" * 100_000, "nests too deep"),
        ('{"webex": {"max_connections": 1' + "0" * 5000 + "}}", "a number is too long"),
        ('{"webex": {"max_connections": NaN}}', "is nan, but must be a whole number"),
    ],
)
def test_a_file_that_is_no_json_says_where(text, says, quiet_place):
    path = write(quiet_place, text)
    said = complaint(None)
    assert says in said
    assert said.startswith(f"{path}: ")


def test_a_file_that_is_not_utf8_says_so(quiet_place):
    (quiet_place / "config.json").write_bytes(b'{"webex": {}} // \xff')
    assert "UTF-8" in complaint(None)


def test_a_file_written_by_windows_notepad_loads(quiet_place):
    (quiet_place / "config.json").write_bytes(b'\xef\xbb\xbf{"max_connections": 90} // ours\r\n')
    assert load_config().webex.max_connections == 90


def test_another_programs_file_is_said_to_be_one(quiet_place):
    path = write(quiet_place, {"compilerOptions": {}})
    assert "CHATFRAMES_CONFIG" in complaint(None)
    assert "CHATFRAMES_CONFIG" not in complaint(path)


def test_a_comment_ends_with_its_line_and_an_address_is_no_comment():
    text = '{"a": "https://x//y", // "b": "\n "c\\"//": 1 // }\n} // end'
    assert json.loads(strip_comments(text)) == {"a": "https://x//y", 'c"//': 1}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["//", '"//', "https://x", "\\", '\\"']),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(
    value=json_values,
    comments=st.lists(st.text(st.characters(exclude_characters="\r\n")), min_size=1),
    raw=st.booleans(),
)
def test_comments_at_line_ends_change_nothing_whatever_they_hold(value, comments, raw):
    lines = json.dumps(value, indent=1, ensure_ascii=not raw).split("\n")
    commented = "\n".join(f"{line} //{comments[n % len(comments)]}" for n, line in enumerate(lines))
    stripped = strip_comments(commented)
    assert json.loads(stripped) == value
    assert len(stripped) == len(commented)
    assert [len(line) for line in stripped.split("\n")] == [len(line) for line in commented.split("\n")]


@given(value=json_values)
def test_json_without_comments_is_left_as_it_is(value):
    assert strip_comments(json.dumps(value)) == json.dumps(value)


# --- credentials ------------------------------------------------------------------------------------------------------


def token(config: Config) -> str | None:
    return config.webex.access_token and config.webex.access_token.get_secret_value()


def test_what_the_caller_gives_wins_over_the_environment_and_that_over_a_file_that_was_found(quiet_place, monkeypatch):
    write(quiet_place, {"webex": {"access_token": "found"}})
    assert token(load_config()) == "found"
    monkeypatch.setenv("WEBEX_ACCESS_TOKEN", "environment")
    assert token(load_config()) == "environment"
    assert token(load_config({})) == "environment"
    assert token(load_config({"webex": {"access_token": "dict"}})) == "dict"
    assert token(load_config(write(quiet_place, {"webex": {"access_token": "path"}}, "mine.json"))) == "path"
    assert token(load_config(write(quiet_place, {"max_connections": 90}, "mine.json"))) == "environment"


def test_a_file_that_was_found_cannot_quietly_redirect_the_environments_token(quiet_place, monkeypatch):
    monkeypatch.setenv("WEBEX_ACCESS_TOKEN", "from-the-environment")
    (quiet_place / "config.json").write_text('{"webex": {"base_url": "https://elsewhere.example/v1"}}')
    with pytest.warns(UserWarning, match="elsewhere"):
        load_config()


def test_a_file_named_by_the_environment_yields_to_a_token_in_the_environment(quiet_place, monkeypatch):
    monkeypatch.setenv("CHATFRAMES_CONFIG", str(write(quiet_place, {"webex": {"access_token": "file"}}, "x.json")))
    monkeypatch.setenv("WEBEX_ACCESS_TOKEN", "environment")
    assert token(load_config()) == "environment"


def test_credentials_are_never_mixed_from_two_places(quiet_place, monkeypatch):
    write(quiet_place, {"webex": {**TRIO, "max_connections": 90}})
    monkeypatch.setenv("WEBEX_ACCESS_TOKEN", "environment")
    webex = load_config().webex
    assert token(load_config()) == "environment"
    assert (webex.client_id, webex.client_secret, webex.refresh_token, webex.max_connections) == (None, None, None, 90)

    for name, value in TRIO.items():
        monkeypatch.setenv(f"WEBEX_{name.upper()}", value)
    webex = load_config({"webex": {"access_token": "dict"}}).webex
    assert (webex.client_id, webex.client_secret, webex.refresh_token) == (None, None, None)


def test_the_environment_can_hold_an_integration(monkeypatch):
    for name, value in TRIO.items():
        monkeypatch.setenv(f"WEBEX_{name.upper()}", value)
    webex = load_config().webex
    assert {name: getattr(webex, name).get_secret_value() for name in TRIO} == TRIO


def test_an_empty_variable_is_none(monkeypatch):
    monkeypatch.setenv("WEBEX_ACCESS_TOKEN", "")
    assert load_config().webex.access_token is None


def test_half_an_integration_names_what_is_missing(monkeypatch):
    assert (
        "webex.client_id and webex.refresh_token is of no use without webex.client_secret: add it, or give "
        "webex.access_token alone." in complaint({"webex": {"client_id": "a", "refresh_token": "b"}})
    )
    assert "without webex.client_secret and webex.refresh_token: add them" in complaint({"webex": {"client_id": "a"}})
    assert load_config({"webex": {"access_token": "t", "client_id": "a"}}).webex.client_id is not None
    monkeypatch.setenv("WEBEX_CLIENT_ID", "a")
    said = complaint(None)
    assert said.startswith("the environment: WEBEX_CLIENT_ID is of no use without WEBEX_CLIENT_SECRET and")


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        (f"Bearer {CANARY}", "begins with 'Bearer': give the token alone"),
        (f"{CANARY}\nX-Evil: 1", "holds a space, a line break"),
        (f"{CANARY} {CANARY}", "holds a space"),
        (f"„{CANARY}“", "holds a space, a line break or a letter that no credential has"),
        ("abc…", "holds a space, a line break or a letter that no credential has"),
    ],
)
def test_a_token_that_could_not_be_sent_is_refused_here(value, says, monkeypatch):
    said = complaint({"webex": {"access_token": value}})
    assert f"config=: webex.access_token {says}" in said
    assert CANARY not in said
    if value:
        monkeypatch.setenv("WEBEX_ACCESS_TOKEN", value)
        said = complaint(None)
        assert said.startswith("the environment: ")
        assert CANARY not in said


def test_a_line_break_after_a_pasted_token_does_no_harm():
    assert token(load_config({"webex": {"access_token": " pasted\n"}})) == "pasted"


@pytest.mark.posix
def test_a_file_with_credentials_that_others_can_read_is_warned_about(quiet_place):
    path = write(quiet_place, {"webex": {"access_token": CANARY}})
    path.chmod(0o644)
    for given_ in (None, path):
        with pytest.warns(UserWarning, match="others can read it") as caught:
            load_config(given_)
        assert CANARY not in str(caught[0].message)
    path.chmod(0o600)
    assert token(load_config()) == CANARY  # no warning: warnings are errors here
    write(quiet_place, {"webex": {}}).chmod(0o644)
    assert load_config().path == path


# --- Telegram's credentials --------------------------------------------------------------------------------------------


def app(config: Config) -> dict[str, str]:
    values = {name: getattr(config.telegram, name) for name in ("api_id", "api_hash", "session")}
    return {name: value.get_secret_value() for name, value in values.items() if value is not None}


def session_string(ipv6: bool = False) -> str:
    session = StringSession()
    session.set_dc(2, "::1" if ipv6 else "127.0.0.1", 443)
    session.auth_key = AuthKey(bytes(range(256)))
    return session.save()


@pytest.mark.parametrize("api_id", [12345, "12345", " 12345\n", "0012345"])
def test_an_api_id_may_be_written_with_quotes_or_without(api_id, quiet_place):
    given_ = {"telegram": {**APP, "api_id": api_id}}
    assert app(load_config(given_)) == {**APP, "api_id": "12345"}
    assert app(load_config(write(quiet_place, given_))) == {**APP, "api_id": "12345"}


@pytest.mark.parametrize("session", ["work", "my_2.session-a", "7", session_string(), session_string(ipv6=True)])
def test_a_session_is_a_name_or_a_whole_session_string(session):
    assert app(load_config({"telegram": {**APP, "session": session}}))["session"] == session


def test_telegrams_credentials_come_as_one_set_from_one_place(quiet_place, monkeypatch):
    path = write(quiet_place, {"telegram": {**APP, "session": "found", "max_concurrent_fetches": 3}})
    assert app(load_config())["session"] == "found"
    monkeypatch.setenv("TELEGRAM_API_ID", "777")
    monkeypatch.setenv("TELEGRAM_API_HASH", "b" * 32)
    assert app(load_config()) == {"api_id": "777", "api_hash": "b" * 32}
    assert load_config().telegram.max_concurrent_fetches == 3
    assert app(load_config(path))["session"] == "found"
    monkeypatch.delenv("TELEGRAM_API_HASH")
    assert complaint(None) == "the environment: TELEGRAM_API_ID is of no use without TELEGRAM_API_HASH: add it."


def test_a_sentence_about_the_environment_repeats_nothing_of_it(monkeypatch):
    monkeypatch.setenv("TELEGRAM_API_ID", "5")
    monkeypatch.setenv("TELEGRAM_API_HASH", CANARY)
    said = complaint(None)
    assert said.startswith("the environment: telegram.api_hash must be 32 letters")
    assert CANARY not in said


def test_a_server_is_null_or_a_whole_section():
    assert load_config({"telegram": {"server": None}}).telegram.server is None
    server = load_config({"telegram": {"server": {**SERVER, "address": " ::1"}}}).telegram.server
    assert (server.dc_id, server.address, server.port, server.public_key) == (2, "::1", 4433, PUBLIC_KEY)
    assert "BEGIN" not in repr(server)


def test_a_file_that_was_found_cannot_quietly_send_telegrams_credentials_elsewhere(quiet_place, monkeypatch):
    for name, value in APP.items():
        monkeypatch.setenv(f"TELEGRAM_{name.upper()}", str(value))
    path = write(quiet_place, {"telegram": {"server": SERVER}})
    with pytest.warns(
        UserWarning, match=r"sends the Telegram credentials of the environment to 127.0.0.1 \(port 4433\)"
    ):
        load_config()
    assert load_config(path).telegram.server is not None  # named, and so meant: no warning


def test_credentials_from_the_command_line_are_checked_and_the_rest_stays():
    config = load_config({"max_concurrent_fetches": 3, "telegram": {**APP, "server": SERVER}, "webex": TRIO})
    other = with_credentials(config, "telegram", "--session", session="work")
    assert app(other) == {**app(config), "session": "work"}
    assert other.telegram.server == config.telegram.server
    assert (other.telegram.max_concurrent_fetches, other.webex) == (3, config.webex)
    with pytest.raises(ConfigError, match=r"^--session: telegram\.session is neither a name"):
        with_credentials(config, "telegram", "--session", session="../x")


@pytest.mark.parametrize(
    "telegram",
    [
        {"api_id": CANARY},
        {**APP, "api_hash": CANARY},
        {**APP, "session": f"/{CANARY}"},
        {**APP, "session": f"1234:{CANARY}"},
        {**APP, "session": "1" + CANARY * 20},
        {**APP, "session": [CANARY]},
        {"session": CANARY},
        {"server": CANARY},
        {"server": {**SERVER, "address": CANARY}},
        {"server": {**SERVER, "public_key": CANARY}},
        {"server": [CANARY]},
    ],
)
def test_no_error_shows_a_credential_of_telegrams(telegram):
    with pytest.raises(ConfigError) as caught:
        load_config({"telegram": telegram})
    error = caught.value
    assert error.__context__ is None
    assert CANARY not in str(error) + repr(error) + "".join(traceback.format_exception(error))
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)][1:]
    assert [frame.f_code.co_name for frame in frames if CANARY in repr(frame.f_locals)] == []


def test_telegrams_credentials_are_masked_wherever_settings_are_shown():
    config = load_config({"telegram": {"api_id": 4711_0815, "api_hash": "c" * 32, "session": CANARY, "server": SERVER}})
    shown = [
        repr(config), str(config.telegram), repr(config.telegram.model_dump()), config.telegram.model_dump_json(),
        repr(dataclasses.asdict(config)), repr(copy.deepcopy(config)), repr(Secret(CANARY)),
    ]  # fmt: skip
    assert [text for text in shown if CANARY in text or "c" * 32 in text or "47110815" in text] == []
    assert repr(config).count("\n") == 4
    with pytest.raises(ConfigError, match="never pickled"):
        pickle.dumps(config)


# --- Reddit's credentials ----------------------------------------------------------------------------------------------


def reddit(config: Config) -> dict[str, str]:
    values = {name: text_of(getattr(config.reddit, name)) for name in type(config.reddit).credentials}
    return {name: value for name, value in values.items() if value is not None}


@pytest.mark.parametrize("login", [{}, {"refresh_token": "Rrefresh"}, REDDIT_LOGIN])
@pytest.mark.parametrize("agent", [{}, {"user_agent": "linux:my-notebooks:1.0 (by /u/me)"}])
@pytest.mark.parametrize("place", ["dict", "file", "environment"])
def test_each_way_into_reddit_can_stand_in_each_place(login, agent, place, quiet_place, monkeypatch):
    given_ = REDDIT_APP | login | agent
    if place == "environment":
        for name, value in given_.items():
            monkeypatch.setenv(f"REDDIT_{name.upper()}", value)
    elif place == "file":
        write(quiet_place, {"reddit": given_})
    assert reddit(load_config({"reddit": given_} if place == "dict" else None)) == given_


def test_an_account_may_be_written_with_u_and_a_password_is_kept_to_the_letter():
    given_ = {**REDDIT_APP, "username": " /u/me_2-x\n", "password": " ünï“💚\t:x "}
    assert reddit(load_config({"reddit": given_})) == {**given_, "username": "me_2-x"}
    assert reddit(load_config({"reddit": {**given_, "username": "u/me"}}))["username"] == "me"
    assert reddit(load_config({"reddit": {**given_, "username": "umbra"}}))["username"] == "umbra"


def test_reddits_credentials_come_as_one_set_from_one_place(quiet_place, monkeypatch):
    found = {**REDDIT_APP, **REDDIT_LOGIN, "user_agent": "the one of the file"}
    path = write(quiet_place, {"reddit": {**found, "max_connections": 90}})
    assert reddit(load_config()) == found
    monkeypatch.setenv("REDDIT_CLIENT_ID", "Eid")
    monkeypatch.setenv("REDDIT_CLIENT_SECRET", "Esecret")
    assert reddit(load_config()) == {"client_id": "Eid", "client_secret": "Esecret"}
    assert load_config().reddit.max_connections == 90
    assert reddit(load_config(path)) == found
    assert reddit(load_config({"reddit": {**REDDIT_APP, "refresh_token": "d"}})) == {**REDDIT_APP, "refresh_token": "d"}
    monkeypatch.setenv("REDDIT_USERNAME", "Ename")
    assert complaint(None) == "the environment: REDDIT_USERNAME is of no use without REDDIT_PASSWORD: add it."
    monkeypatch.setenv("REDDIT_REFRESH_TOKEN", "Erefresh")
    assert complaint(None) == (
        "the environment: REDDIT_REFRESH_TOKEN is one way to log in and REDDIT_USERNAME another: choose one, take the "
        "other out."
    )


def test_what_a_program_calls_itself_stands_alone_and_goes_with_credentials_from_elsewhere(quiet_place, monkeypatch):
    mine, theirs = {"user_agent": "the one that is given"}, "the one of the environment"
    assert reddit(load_config({"reddit": mine})) == mine
    monkeypatch.setenv("REDDIT_USER_AGENT", theirs)
    assert reddit(load_config()) == {"user_agent": theirs}
    assert reddit(load_config({"reddit": mine})) == mine
    assert reddit(load_config({"reddit": REDDIT_APP})) == {**REDDIT_APP, "user_agent": theirs}
    assert reddit(load_config({"reddit": {**REDDIT_APP, **mine}})) == {**REDDIT_APP, **mine}
    write(quiet_place, {"reddit": {**REDDIT_APP, **mine}})
    assert reddit(load_config()) == {**REDDIT_APP, "user_agent": theirs}  # the environment goes before what was found

    monkeypatch.delenv("REDDIT_USER_AGENT")
    for name, value in REDDIT_APP.items():
        monkeypatch.setenv(f"REDDIT_{name.upper()}", value)
    assert reddit(load_config({"reddit": mine})) == {**REDDIT_APP, **mine}
    assert reddit(load_config(write(quiet_place, {"reddit": mine}, "mine.json"))) == {**REDDIT_APP, **mine}


@pytest.mark.parametrize(
    ("variable", "section"),
    [
        ("TELEGRAM_SESSION", {"telegram": APP}),
        ("REDDIT_USER_AGENT", {"reddit": REDDIT_APP}),
        ("REDDIT_USER_AGENT", {}),
    ],
)
def test_a_wrong_name_in_the_environment_is_said_to_stand_there(variable, section, monkeypatch):
    monkeypatch.setenv(variable, "../x")
    said = complaint(section)
    assert said.startswith(f"the environment: {variable.lower().replace('_', '.', 1)} ")


@pytest.mark.parametrize("key", ["reddit_url", "oauth_url"])
def test_a_file_that_was_found_cannot_quietly_send_reddits_credentials_elsewhere(key, quiet_place, monkeypatch):
    path = write(quiet_place, {"reddit": {key: "https://elsewhere.example"}})
    monkeypatch.setenv("REDDIT_USER_AGENT", "no secret at all")
    assert load_config().path == path  # no warning: warnings are errors here
    for name, value in REDDIT_APP.items():
        monkeypatch.setenv(f"REDDIT_{name.upper()}", value)
    with pytest.warns(
        UserWarning, match="sends the Reddit credentials of the environment to https://elsewhere"
    ) as said:
        load_config()
    assert [f"take {key} out" in str(warning.message) for warning in said] == [True]
    assert load_config(path).path == path  # named, and so meant


def test_reddits_credentials_from_another_place_are_checked_and_the_rest_stays():
    config = load_config({"reddit": {**REDDIT_APP, "user_agent": "my-notebooks", "max_connections": 90}})
    other = with_credentials(config, "reddit", "your answer", refresh_token="Rrefresh")
    assert reddit(other) == {**reddit(config), "refresh_token": "Rrefresh"}
    assert other.reddit.max_connections == 90
    with pytest.raises(ConfigError, match=r"^your answer: reddit\.refresh_token holds a space"):
        with_credentials(config, "reddit", "your answer", refresh_token="a b")


@pytest.mark.posix
def test_a_user_agent_alone_makes_no_secret_of_a_file(quiet_place):
    write(quiet_place, {"reddit": {"user_agent": "my-notebooks"}}).chmod(0o644)
    assert load_config().reddit.user_agent == "my-notebooks"  # no warning: warnings are errors here
    write(quiet_place, {"reddit": REDDIT_APP}).chmod(0o644)
    with pytest.warns(UserWarning, match="others can read it"):
        load_config()


SECRETS_OF_REDDIT = [name for name in RedditConfig.credentials if name != "user_agent"]


def check_shows_nothing(error: ConfigError) -> None:
    assert error.__cause__ is None
    assert error.__context__ is None
    assert CANARY not in str(error) + repr(error) + repr(vars(error))
    assert CANARY.encode() not in pickle.dumps(error)
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)][1:]  # the first is the test
    assert frames
    assert [frame.f_code.co_name for frame in frames if CANARY in repr(frame.f_locals)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {name: value}
        for name in SECRETS_OF_REDDIT
        for value in (f"{CANARY}\n{CANARY}\ud800/", [CANARY], {"value": CANARY})
    ]
    + [
        {"user_agent": f"{CANARY}\nX: 1"},
        {"reddit_url": f"https://me:{CANARY}@host"},
        {"oauth_url": CANARY},
        {"max_connections": CANARY},
        {"clientsecret": CANARY},
        {"client_id": None},
        {"username": CANARY, "password": CANARY},
    ],
)
@pytest.mark.parametrize("way", ["dict", "file"])
def test_no_error_shows_a_credential_of_reddits(wrong, way, quiet_place):
    section = {"client_id": CANARY, "client_secret": CANARY, "refresh_token": CANARY, **wrong}
    write(quiet_place, {"reddit": section})
    with pytest.raises(ConfigError) as caught:
        load_config({"reddit": section} if way == "dict" else None)
    check_shows_nothing(caught.value)


@pytest.mark.parametrize("name", RedditConfig.credentials)
def test_no_error_about_the_environment_shows_a_credential_of_reddits(name, monkeypatch):
    for each in (*REDDIT_APP, *REDDIT_LOGIN):
        monkeypatch.setenv(f"REDDIT_{each.upper()}", CANARY)
    monkeypatch.setenv(f"REDDIT_{name.upper()}", os.fsdecode(f"{CANARY}\n{CANARY}/".encode() + b"\xff"))
    with pytest.raises(ConfigError, match=r"^the environment: ") as caught:
        load_config()
    check_shows_nothing(caught.value)


def test_reddits_credentials_are_masked_wherever_settings_are_shown():
    config = load_config({"reddit": {**dict.fromkeys(REDDIT_APP, CANARY), **dict.fromkeys(REDDIT_LOGIN, CANARY)}})
    settings = Settings(config, ImageSettings(True))
    shown = [
        repr(config), str(config.reddit), repr(settings), repr(config.reddit.model_dump()),
        config.reddit.model_dump_json(), repr(dataclasses.asdict(config)), repr(copy.deepcopy(config)),
        f"{config.reddit.password}", repr(vars(config)), config.reddit.model_copy().model_dump_json(),
    ]  # fmt: skip
    assert [text for text in shown if CANARY in text] == []
    assert repr(config).count("\n") == 4
    for thing in (config, config.reddit, config.reddit.password, settings):
        with pytest.raises(ConfigError, match="never pickled"):
            pickle.dumps(thing)
    assert reddit(copy.deepcopy(config)) == reddit(config)


# --- nothing secret is shown ------------------------------------------------------------------------------------------


def secretive() -> Config:
    return load_config({"webex": {"access_token": CANARY, **dict.fromkeys(TRIO, CANARY)}})


def test_credentials_are_masked_wherever_settings_are_shown():
    config = secretive()
    settings = Settings(config, ImageSettings(True))
    shown = [
        repr(config), str(config), repr(settings), str(settings), repr(config.webex), str(config.webex),
        repr(config.webex.access_token), str(config.webex.access_token), f"{config.webex.access_token}",
        repr(config.webex.model_dump()), config.webex.model_dump_json(), repr(dataclasses.asdict(settings)),
        repr(vars(config)), json.dumps(dataclasses.asdict(config), default=str), repr(copy.deepcopy(config)),
        repr(load_config(config)), config.webex.model_copy().model_dump_json(),
    ]  # fmt: skip
    assert [text for text in shown if CANARY in text] == []
    assert "'********'" in repr(config)
    assert repr(config).count("\n") == 4  # one line per section
    with pytest.raises(TypeError):
        json.dumps(config)


def test_settings_that_hold_a_credential_are_not_pickled_and_others_are():
    config = secretive()
    for thing in (config, config.webex, config.webex.access_token, Settings(config, ImageSettings(True))):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            out = io.BytesIO()
            with pytest.raises(ConfigError, match="never pickled"):
                pickle.Pickler(out, protocol).dump(thing)
            assert CANARY.encode() not in out.getvalue()
    plain = load_config({"max_concurrent_fetches": 3})
    assert pickle.loads(pickle.dumps(plain)) == plain


def test_a_copy_of_a_configuration_still_knows_its_credentials():
    for copied in (copy.copy(secretive()), copy.deepcopy(secretive())):
        assert token(copied) == CANARY
        assert copied == secretive()


@pytest.mark.parametrize(
    "webex",
    [
        {"access_token": CANARY, "max_connections": 0},
        {"access_token": CANARY, "max_conections": 5},
        {"acces_token": CANARY},
        {"base_url": CANARY},
        {"max_connections": CANARY},
        {"allow_unscannable": CANARY},
        {"access_token": CANARY + " " + CANARY},
        {"access_token": [CANARY]},
        {"client_secret": CANARY},
        {"access_token": {"value": CANARY}},
        CANARY,
        [CANARY],
    ],
)
@pytest.mark.parametrize("way", ["dict", "file", "broken file"])
def test_no_error_shows_a_credential_even_with_its_local_variables(webex, way, quiet_place):
    text = json.dumps({"webex": webex})
    write(quiet_place, text if way == "file" else text[:-1])
    with pytest.raises(ConfigError) as caught:
        load_config({"webex": webex} if way == "dict" else None)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    shown = [str(error), repr(error), repr(error.args), repr(vars(error)), "".join(traceback.format_exception(error))]
    assert [text for text in shown if CANARY in text] == []
    assert CANARY.encode() not in pickle.dumps(error)

    # What %xmode Verbose and pytest --showlocals print: every local variable of every frame of ours.
    frames = traceback.walk_tb(error.__traceback__)
    ours = [frame for frame, _ in frames if Path(frame.f_code.co_filename).is_relative_to(ROOT / "chatframes")]
    assert ours
    assert [frame.f_code.co_name for frame in ours if CANARY in repr(frame.f_locals)] == []


def test_a_token_that_stands_where_a_key_belongs_is_not_printed():
    assert CANARY not in complaint({"webex": {CANARY * 3: "access_token"}})
    assert CANARY not in complaint({CANARY * 3: {}})
    assert CANARY not in complaint({"telegram": {"server": {**SERVER, CANARY * 3: 1}}})
    with pytest.raises(ConfigError) as caught:
        image_settings({CANARY * 3: True})
    assert CANARY not in str(caught.value)


def test_no_error_about_the_environment_shows_a_credential(monkeypatch):
    monkeypatch.setenv("WEBEX_ACCESS_TOKEN", f"{CANARY} {CANARY}")
    with pytest.raises(ConfigError) as caught:
        load_config()
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)][1:]  # the first is this test
    assert len(frames) > 1
    assert [frame.f_code.co_name for frame in frames if CANARY in repr(frame.f_locals)] == []
    assert CANARY not in str(caught.value)


# --- too much at once -------------------------------------------------------------------------------------------------


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


# --- the user's side --------------------------------------------------------------------------------------------------


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
        ({"enabled": True, 5: 5}, 'unknown key "5": the keys there are: enabled, max_size_bytes.'),
        ({"max_size_bytes": 5}, 'the key "enabled" is missing'),
        ({}, 'the key "enabled" is missing'),
        ({"enabled": 1}, "enabled is 1: write True or False"),
        ({"enabled": "yes"}, "enabled is a value of type str: write True or False"),
        ({"enabled": True, "max_size_bytes": True}, "max_size_bytes is True: write a whole number"),
        ({"enabled": True, "max_size_bytes": 1e6}, "max_size_bytes is 1000000.0: write a whole number"),
        ({"enabled": True, "max_size_bytes": "5"}, "write a whole number"),
        ({"enabled": True, "max_size_bytes": 0}, "is 0, but may be 1 to 2147483647 (default 10485760)"),
        ({"enabled": True, "max_size_bytes": 2**31}, "but may be 1 to"),
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


def test_raw_is_yes_or_no():
    assert merge({}, raw=True).raw is True
    with pytest.raises(ConfigError, match="raw= is 1"):
        merge({}, raw=1)


def test_the_user_has_no_way_to_an_admins_limit():
    mine = {field.name for field in dataclasses.fields(ImageSettings)}
    assert mine.isdisjoint(key.name for key in describe_keys())


# --- models, example and README in step -------------------------------------------------------------------------------


def test_the_example_file_holds_every_key_at_its_default_and_explains_it():
    text = (ROOT / "example-config.json").read_text("utf-8")
    assert load_config(ROOT / "example-config.json") == dataclasses.replace(Config(), path=ROOT / "example-config.json")
    data = json.loads(strip_comments(text))
    open_keys = [key for key in describe_keys() if not key.secret]
    assert {(section, name) for section in data for name in data[section]} == {
        (section, key.name) for key in open_keys for section in key.sections
    }
    for key in open_keys:
        for section in key.sections:
            assert json.dumps(data[section][key.name]) == json.dumps(key.default)
    for key in describe_keys():
        lines = [line for line in text.splitlines() if f'"{key.name}"' in line]
        assert any("//" in line for line in lines), f"{key.name} is not explained"
        assert not key.secret or all(line.strip().startswith("//") for line in lines)


def test_the_table_of_settings_has_a_row_for_every_key():
    rows = markdown_table().splitlines()[2:]
    assert len(rows) == len(describe_keys())
    assert all(row.count("|") == 6 for row in rows)
    assert all(key.meaning for key in describe_keys())


@pytest.mark.parametrize("key", describe_keys(), ids=lambda key: f"{key.sections[0]}.{key.name}")
def test_the_readme_explains_every_key_with_its_default(key):
    rows = [line for line in (ROOT / "README.md").read_text("utf-8").splitlines() if line.startswith("|")]
    about = [row for row in rows if f"`{key.name}`" in row.split("|")[1]]
    assert about, f"README.md has no row for {key.name}; chatframes.settings.merge.markdown_table() writes the table"
    default = key.default if isinstance(key.default, str) else json.dumps(key.default)
    assert any(key.secret or f"`{default}`" in row for row in about)
    assert any(key.allowed in row for row in about)


@pytest.mark.parametrize("place", ["config", "environment"])
def test_the_name_of_a_login_goes_with_credentials_from_elsewhere(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    ids = {"api_id": "12345", "api_hash": "0123456789abcdef0123456789abcdef"}
    if place == "config":
        for name, value in ids.items():
            monkeypatch.setenv(f"TELEGRAM_{name.upper()}", value)
        telegram = load_config({"telegram": {"session": "work"}}).telegram
    else:
        monkeypatch.setenv("TELEGRAM_SESSION", "work")
        telegram = load_config({"telegram": ids}).telegram
    assert telegram.session is not None
    assert telegram.session.get_secret_value() == "work"
    assert telegram.api_id is not None
    assert telegram.api_hash is not None
