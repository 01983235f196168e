"""config.json: how it is found and read, and what is said about a file that is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from help.settings import CANARY, REDDIT_APP, complaint, token, write
from hypothesis import given
from hypothesis import strategies as st

from chatframes.settings.file import strip_comments
from chatframes.settings.merge import load_config


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
    assert complaint(quiet_place) == "config= names a folder: name the config.json in it."
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
        ('{"webex": {"max_connections": 1,\n}}', "line 2, column 1: this is not JSON"),
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


@pytest.mark.posix
def test_a_user_agent_alone_makes_no_secret_of_a_file(quiet_place):
    write(quiet_place, {"reddit": {"user_agent": "my-notebooks"}}).chmod(0o644)
    assert load_config().reddit.user_agent == "my-notebooks"  # no warning: warnings are errors here
    write(quiet_place, {"reddit": REDDIT_APP}).chmod(0o644)
    with pytest.warns(UserWarning, match="others can read it"):
        load_config()
