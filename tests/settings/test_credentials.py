"""What each service's credentials may look like, and how they are tidied."""

from __future__ import annotations

import pytest
from help.settings import (
    APP,
    CANARY,
    REDDIT_APP,
    REDDIT_LOGIN,
    SERVER,
    TRIO,
    app,
    complaint,
    reddit,
    session_string,
    token,
    write,
)

from chatframes.errors import ConfigError
from chatframes.settings.merge import load_config, with_credentials
from chatframes.world.mtproto.server import PUBLIC_KEY


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        (f"Bearer {CANARY}", "begins with 'Bearer': give the token alone"),
        (f"{CANARY}\nX-Evil: 1", "holds a space, a line break"),
        (f"{CANARY} {CANARY}", "holds a space"),
        (f"„{CANARY}“", "holds a space, a line break or a character that no credential has"),
        ("abc…", "holds a space, a line break or a character that no credential has"),
    ],
)
def test_a_token_that_could_not_be_sent_is_refused_here(value, says, monkeypatch):
    said = complaint({"webex": {"access_token": value}})
    assert f"config=: webex.access_token {says}" in said
    assert CANARY not in said
    if value:
        monkeypatch.setenv("WEBEX_ACCESS_TOKEN", value)
        said = complaint(None)
        assert said.startswith("The environment: ")
        assert CANARY not in said


def test_a_line_break_after_a_pasted_token_does_no_harm():
    assert token(load_config({"webex": {"access_token": " pasted\n"}})) == "pasted"


@pytest.mark.parametrize("api_id", [12345, "12345", " 12345\n", "0012345"])
def test_an_api_id_may_be_written_with_quotes_or_without(api_id, quiet_place):
    given_ = {"telegram": {**APP, "api_id": api_id}}
    assert app(load_config(given_)) == {**APP, "api_id": "12345"}
    assert app(load_config(write(quiet_place, given_))) == {**APP, "api_id": "12345"}


@pytest.mark.parametrize("session", ["work", "my_2.session-a", "7", session_string(), session_string(ipv6=True)])
def test_a_session_is_a_name_or_a_whole_session_string(session):
    assert app(load_config({"telegram": {**APP, "session": session}}))["session"] == session


def test_a_server_is_null_or_a_whole_section():
    assert load_config({"telegram": {"server": None}}).telegram.server is None
    server = load_config({"telegram": {"server": {**SERVER, "address": " ::1"}}}).telegram.server
    assert (server.dc_id, server.address, server.port, server.public_key) == (2, "::1", 4433, PUBLIC_KEY)
    assert "BEGIN" not in repr(server)


def test_credentials_from_the_command_line_are_checked_and_the_rest_stays():
    config = load_config({"max_concurrent_fetches": 3, "telegram": {**APP, "server": SERVER}, "webex": TRIO})
    other = with_credentials(config, "telegram", "--session", session="work")
    assert app(other) == {**app(config), "session": "work"}
    assert other.telegram.server == config.telegram.server
    assert (other.telegram.max_concurrent_fetches, other.webex) == (3, config.webex)
    with pytest.raises(ConfigError, match=r"^--session: telegram\.session is neither a name"):
        with_credentials(config, "telegram", "--session", session="../x")


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


def test_reddits_credentials_from_another_place_are_checked_and_the_rest_stays():
    config = load_config({"reddit": {**REDDIT_APP, "user_agent": "my-notebooks", "max_connections": 90}})
    other = with_credentials(config, "reddit", "Your answer", refresh_token="Rrefresh")
    assert reddit(other) == {**reddit(config), "refresh_token": "Rrefresh"}
    assert other.reddit.max_connections == 90
    with pytest.raises(ConfigError, match=r"^Your answer: reddit\.refresh_token holds a space"):
        with_credentials(config, "reddit", "Your answer", refresh_token="a b")
