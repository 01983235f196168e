"""No credential is ever shown: not in a repr, an error, a local variable or a pickle."""

from __future__ import annotations

import copy
import dataclasses
import io
import json
import os
import pickle
import traceback
from pathlib import Path

import pytest
from help.settings import APP, CANARY, REDDIT_APP, REDDIT_LOGIN, ROOT, SERVER, TRIO, complaint, reddit, token, write

from chatframes.errors import ConfigError
from chatframes.settings.checks import Secret
from chatframes.settings.merge import Config, ImageSettings, Settings, image_settings, load_config, merge
from chatframes.sources.reddit.settings import CREDENTIALS as REDDIT


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


SECRETS_OF_REDDIT = [name for name in REDDIT.names if name != "user_agent"]


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


@pytest.mark.parametrize("name", REDDIT.names)
def test_no_error_about_the_environment_shows_a_credential_of_reddits(name, monkeypatch):
    for each in (*REDDIT_APP, *REDDIT_LOGIN):
        monkeypatch.setenv(f"REDDIT_{each.upper()}", CANARY)
    monkeypatch.setenv(f"REDDIT_{name.upper()}", os.fsdecode(f"{CANARY}\n{CANARY}/".encode() + b"\xff"))
    with pytest.raises(ConfigError, match=r"^The environment: ") as caught:
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


SECRETS = [CANARY, "0123456789abcdef0123456789abcdef", "Zm9v", "-".join(["a1B2"] * 8)]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "shape",
    [
        lambda secret: {secret: "x"},
        lambda secret: {secret: {"access_token": secret}},
        lambda secret: {"webex": secret},
        lambda secret: {"webex": [secret]},
        lambda secret: {"webex": {secret: 5}},
        lambda secret: {"webex": {f"access_token={secret}": None}},
        lambda secret: {"telegram": {"server": {secret: 1}}},
        lambda secret: {"telegram": {"server": secret}},
        lambda secret: {"downloads": {secret: True}},
        lambda secret: {"downloads": {"allowed_private_hosts": [secret]}},
        lambda secret: secret,
    ],
)
def test_a_credential_in_any_wrong_place_is_named_by_its_place_and_never_shown(shape, secret, quiet_place):
    with pytest.raises(ConfigError) as caught:
        load_config(shape(secret))
    assert secret not in str(caught.value)
    assert str(caught.value).endswith((".", "}."))


def test_a_key_that_stands_twice_is_not_shown_when_it_may_be_a_credential(quiet_place):
    write(quiet_place, f'{{"webex": {{"{CANARY}": 1, "{CANARY}": 2}}}}')
    with pytest.raises(ConfigError, match="a key stands twice in one section") as caught:
        load_config()
    assert CANARY not in str(caught.value)


def test_an_unknown_key_of_images_may_be_a_credential_too():
    with pytest.raises(ConfigError) as caught:
        merge({}, images={"enabled": True, CANARY: 1})
    assert CANARY not in str(caught.value)
