"""Credentials come as one set from one place: the call, the environment, or the file."""

from __future__ import annotations

import pytest
from help.settings import APP, CANARY, REDDIT_APP, REDDIT_LOGIN, SERVER, TRIO, app, complaint, reddit, token, write

from chatframes.settings.merge import load_config


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
        "webex.client_id and webex.refresh_token are of no use without webex.client_secret: add it, or give "
        "webex.access_token alone." in complaint({"webex": {"client_id": "a", "refresh_token": "b"}})
    )
    assert "without webex.client_secret and webex.refresh_token: add them" in complaint({"webex": {"client_id": "a"}})
    assert load_config({"webex": {"access_token": "t", "client_id": "a"}}).webex.client_id is not None
    monkeypatch.setenv("WEBEX_CLIENT_ID", "a")
    said = complaint(None)
    assert said.startswith("The environment: WEBEX_CLIENT_ID is of no use without WEBEX_CLIENT_SECRET and")


def test_telegrams_credentials_come_as_one_set_from_one_place(quiet_place, monkeypatch):
    path = write(quiet_place, {"telegram": {**APP, "session": "found", "max_concurrent_fetches": 3}})
    assert app(load_config())["session"] == "found"
    monkeypatch.setenv("TELEGRAM_API_ID", "777")
    monkeypatch.setenv("TELEGRAM_API_HASH", "b" * 32)
    assert app(load_config()) == {"api_id": "777", "api_hash": "b" * 32}
    assert load_config().telegram.max_concurrent_fetches == 3
    assert app(load_config(path))["session"] == "found"
    monkeypatch.delenv("TELEGRAM_API_HASH")
    assert complaint(None) == "The environment: TELEGRAM_API_ID is of no use without TELEGRAM_API_HASH: add it."


def test_a_sentence_about_the_environment_repeats_nothing_of_it(monkeypatch):
    monkeypatch.setenv("TELEGRAM_API_ID", "5")
    monkeypatch.setenv("TELEGRAM_API_HASH", CANARY)
    said = complaint(None)
    assert said.startswith("The environment: telegram.api_hash must be 32 letters")
    assert CANARY not in said


def test_a_file_that_was_found_cannot_quietly_send_telegrams_credentials_elsewhere(quiet_place, monkeypatch):
    for name, value in APP.items():
        monkeypatch.setenv(f"TELEGRAM_{name.upper()}", str(value))
    path = write(quiet_place, {"telegram": {"server": SERVER}})
    with pytest.warns(
        UserWarning, match=r"sends the Telegram credentials of the environment to 127.0.0.1 \(port 4433\)"
    ):
        load_config()
    assert load_config(path).telegram.server is not None  # named, and so meant: no warning


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
    assert complaint(None) == "The environment: REDDIT_USERNAME is of no use without REDDIT_PASSWORD: add it."
    monkeypatch.setenv("REDDIT_REFRESH_TOKEN", "Erefresh")
    assert complaint(None) == (
        "The environment: REDDIT_REFRESH_TOKEN is one way to log in and REDDIT_USERNAME another: choose one, take the "
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
    assert said.startswith(f"The environment: {variable.lower().replace('_', '.', 1)} ")


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
