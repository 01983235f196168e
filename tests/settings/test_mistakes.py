"""A mistake in the settings is one sentence that says what to write instead."""

from __future__ import annotations

import warnings

import pytest
from help.key_table import describe_keys
from help.settings import APP, REDDIT_APP, REDDIT_LOGIN, SERVER, complaint

from chatframes.settings.merge import load_config


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
        ({"downloads": {"priority": True}}, "the keys there are: max_retry_wait_seconds, allowed_private_hosts, tr"),
        ({"telegram": {"app_id": 5}}, 'unknown key "app_id" in "telegram": did you mean "api_id"?'),
        (
            {"telegram": {"server": {**SERVER, "adress": "x"}}},
            'unknown key "adress" in "telegram.server": did you mean',
        ),
        ({"reddit": {"useragent": "me"}}, 'unknown key "useragent" in "reddit": did you mean "user_agent"?'),
        ({"oauth_ur": "x"}, 'did you mean "oauth_url", in "reddit"?'),
        (
            {"webex": {"image_quality": 5}},
            'unknown key "image_quality" in "webex" (number 1 there): the keys there are: ',
        ),
        ({"webex": {5: 5}}, 'unknown key in "webex" (number 1 there): the keys there are: max_concurrent'),
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
        (
            {"downloads": {"cache_dir": "pictures"}},
            "downloads.cache_dir must be one that is a whole path, such as ~/.ca",
        ),
        ({"downloads": {"cache_dir": "/a\0b"}}, "downloads.cache_dir must be one that is a whole path"),
        ({"downloads": {"cache_dir": True}}, "downloads.cache_dir is true, but must be a string, in quotes"),
        ({"downloads": {"max_cache_bytes": 0}}, "downloads.max_cache_bytes is 0, but may be 1 to 1000000000000000"),
        ({"downloads": {"trust_env": "true"}}, "downloads.trust_env is a string, but must be true or false"),
        (
            {"downloads": {"allowed_private_hosts": "10.0.0.5:80"}},
            'downloads.allowed_private_hosts is a string, but must be a list, in brackets: ["10.0.0.5:8080"].',
        ),
        ({"downloads": {"allowed_private_hosts": None}}, "allowed_private_hosts is null, but must be a list"),
        ({"webex": 5}, "webex is a number, but must be a section: { ... }."),
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
            "reddit.username and reddit.password are of no use without reddit.client_id and reddit.client_secret: add",
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
            "reddit.client_id holds a space, a line break or a character",
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
            "reddit.password holds a character that UTF-8 cannot",
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
