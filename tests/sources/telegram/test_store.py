"""Telegram logins on disk: nobody else reads them, no two processes lock or lose them, and a bad file is a sentence."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from telethon.crypto import AuthKey
from telethon.sessions import SQLiteSession, StringSession
from telethon.tl import types
from telethon.tl.types import contacts

from chatframes.errors import ConfigError
from chatframes.settings.merge import load_config
from chatframes.sources.telegram.store import StoredSession, open_session, session_file, session_name
from chatframes.world.mtproto.server import PUBLIC_KEY

APP = {"api_id": 12345, "api_hash": "0123456789abcdef0123456789abcdef"}
SERVER = {"dc_id": 2, "address": "127.0.0.1", "port": 4433, "public_key": PUBLIC_KEY}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def key(number: int) -> AuthKey:
    return AuthKey(bytes([number]) * 256)


def logged_in(name: str = "default", number: int = 1) -> StoredSession:
    session = StoredSession(name)
    session.set_dc(2, "127.0.0.1", 443)
    session.auth_key = key(number)
    session.keep_login()
    return session


def channel(id_: int, username: str | None = None, title: str = "A channel") -> contacts.ResolvedPeer:
    chat = types.Channel(id_, title, types.ChatPhotoEmpty(), None, access_hash=id_ * 10, username=username)
    return contacts.ResolvedPeer(types.PeerChannel(id_), [chat], [])


def person(id_: int, username: str | None = None, phone: str | None = None) -> types.User:
    return types.User(id_, access_hash=id_ * 10, first_name=f"Person {id_}", username=username, phone=phone)


def people(*users: types.User) -> contacts.ResolvedPeer:
    return contacts.ResolvedPeer(None, [], list(users))


def config(**telegram: object):
    return load_config({"telegram": {**APP, **telegram}}).telegram


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


# --- what is kept, and where ------------------------------------------------------------------------------------------


def test_nothing_is_written_before_somebody_has_logged_in(home):
    session = StoredSession("default")
    session.set_dc(2, "127.0.0.1", 443)
    session.auth_key = key(1)  # a key that Telethon has made, and that opens nothing
    session.process_entities(channel(5, "apollo"))
    session.save()
    session.close()
    assert list(home.iterdir()) == []


def test_a_login_is_found_again_by_its_name(home):
    logged_in("work", 7)
    again = open_session(config(session="work"))
    assert (again.dc_id, again.server_address, again.port) == (2, "127.0.0.1", 443)
    assert again.auth_key.key == key(7).key
    assert open_session(config()).auth_key is None
    assert session_file("work") == home / ".chatframes" / "telegram" / "work.session"


@pytest.mark.posix
def test_only_its_owner_can_read_it_whatever_the_umask(home):
    before = os.umask(0)
    try:
        session = logged_in()
        session.process_entities(channel(5))
        session.save()
    finally:
        os.umask(before)
    folder = home / ".chatframes" / "telegram"
    assert (mode(folder.parent), mode(folder)) == (0o700, 0o700)
    assert {path.name: mode(path) for path in folder.iterdir()} == {"default.session": 0o600, "default.names": 0o600}


@pytest.mark.posix
def test_it_was_never_readable_by_others_not_even_empty(home, monkeypatch):
    seen = []
    really = os.open

    def watching(path, flags, mode=0o777, **more):
        descriptor = really(path, flags, mode, **more)
        opened = os.fstat(descriptor)
        if not stat.S_ISDIR(opened.st_mode):
            seen.append((opened.st_mode & 0o777, opened.st_size))
        return descriptor

    monkeypatch.setattr(os, "open", watching)
    before = os.umask(0)
    try:
        logged_in()
    finally:
        os.umask(before)
    assert seen == [(0o600, 0)]


@pytest.mark.posix
def test_a_file_that_others_could_read_is_mended_and_said(home):
    logged_in()
    session_file("default").chmod(0o644)
    with pytest.warns(UserWarning, match="opens a Telegram account, and others could read it: its mode is 600 now"):
        assert StoredSession("default").auth_key is not None
    assert mode(session_file("default")) == 0o600
    StoredSession("default")  # no warning any more: warnings are errors here


def test_a_session_string_is_used_as_it_is_and_nothing_is_written(home):
    given = StringSession()
    given.set_dc(4, "127.0.0.1", 443)
    given.auth_key = key(3)
    session = open_session(config(session=given.save()))
    assert type(session) is StringSession
    assert session.auth_key.key == key(3).key
    session.process_entities(channel(5))
    session.save()
    session.close()
    assert list(home.iterdir()) == []


def test_a_session_is_named_without_telling_anything_of_it():
    given = StringSession()
    given.set_dc(4, "127.0.0.1", 443)
    given.auth_key = key(3)
    text = given.save()
    name = session_name(config(session=text))
    assert name.startswith("session string ")
    assert name.split()[-1] not in text
    assert session_name(config()) == "default"
    assert repr(logged_in("work")) == "StoredSession('work')"


def test_an_emulators_login_never_takes_the_place_of_the_real_one():
    logged_in("default", 1)
    emulator = open_session(config(server=SERVER))
    assert emulator.auth_key is None
    emulator.set_dc(2, "127.0.0.1", 4433)
    emulator.auth_key = key(2)
    emulator.keep_login()
    assert open_session(config()).auth_key.key == key(1).key
    assert open_session(config(server=SERVER)).auth_key.key == key(2).key
    assert open_session(config(server={**SERVER, "port": 5544})).auth_key is None
    assert session_name(config(server={**SERVER, "address": "::1"})) == "default@--1-4433"


# --- names ------------------------------------------------------------------------------------------------------------


def test_a_name_that_was_resolved_is_known_in_the_next_process():
    session = logged_in()
    session.process_entities(channel(1234, "Apollo"))
    session.process_entities(people(person(42, "ada")))
    session.save()
    again = StoredSession("default")
    assert again.get_input_entity("@apollo") == types.InputPeerChannel(1234, 12340)
    assert again.get_input_entity(-1000000001234) == types.InputPeerChannel(1234, 12340)
    assert again.get_input_entity("ada") == types.InputPeerUser(42, 420)
    with pytest.raises(ValueError, match="Could not find"):
        again.get_input_entity("somebody")


def test_who_has_left_or_changed_a_name_is_known_as_met_last():
    session = logged_in()
    session.process_entities(people(person(1, "ada"), person(2, "grace")))
    session.process_entities(people(person(1, "lovelace"), person(2, "ada")))
    assert session.get_entity_rows_by_username("ada") == (2, 20)
    assert session.get_entity_rows_by_username("lovelace") == (1, 10)
    assert session.get_entity_rows_by_username("grace") is None
    session.process_entities(people(person(3, "lovelace")))
    assert session.get_entity_rows_by_username("lovelace") == (3, 30)
    assert session.get_entity_rows_by_id(1) == (1, 10)


def test_no_phone_number_is_kept(home):
    session = logged_in()
    session.process_entities(people(person(42, "ada", phone="9996621234")))
    session.save()
    kept = "".join(path.read_text() for path in (home / ".chatframes" / "telegram").iterdir())
    assert "ada" in kept
    assert "9996621234" not in kept
    assert session.get_entity_rows_by_phone("9996621234") is None


def test_saving_writes_only_what_is_new():
    session = logged_in()
    names = session_file("default").with_name("default.names")
    session.save()
    assert not names.exists()
    session.process_entities(channel(5, "apollo"))
    session.save()
    before = names.stat()
    session.process_entities(channel(5, "apollo"))
    session.save()
    session.close()
    assert names.stat().st_ino == before.st_ino
    session.process_entities(channel(5, "artemis"))
    session.close()  # as Telethon does when it hangs up
    assert names.stat().st_ino != before.st_ino
    assert StoredSession("default").get_entity_rows_by_username("artemis") is not None


def test_of_very_many_people_those_met_last_are_kept_and_every_chat():
    session = logged_in()
    session.process_entities(channel(77, "first"))
    session.process_entities(people(*(person(id_) for id_ in range(1, 6001))))
    session.save()
    again = StoredSession("default")
    assert again.get_entity_rows_by_username("first") is not None
    assert again.get_entity_rows_by_id(1000) is None
    assert again.get_entity_rows_by_id(1001) is not None
    assert again.get_entity_rows_by_id(6000) is not None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"version": 1}', "null", '{"version": 1, "login": 5, "entities": [[1]]}', "[" * 100_000]
)
def test_what_was_learnt_may_be_lost_without_harm(text):
    session = logged_in()
    names = session_file("default").with_name("default.names")
    names.write_text(text)
    again = StoredSession("default")
    assert again.auth_key.key == key(1).key
    again.process_entities(channel(5, "apollo"))
    again.save()
    assert StoredSession("default").get_entity_rows_by_username("apollo") is not None
    session.close()


def test_what_one_account_learnt_is_of_no_use_to_another():
    session = logged_in("default", 1)
    session.process_entities(channel(5, "apollo"))
    session.save()
    logged_in("default", 2)
    assert StoredSession("default").get_entity_rows_by_username("apollo") is None
    session.process_entities(channel(6, "artemis"))
    session.save()  # by a process that still uses the login before
    again = StoredSession("default")
    assert again.get_entity_rows_by_username("artemis") is None
    assert again.auth_key.key == key(2).key


def test_saving_what_was_learnt_fails_silently_for_it_is_only_a_help(home):
    session = logged_in()
    session.process_entities(channel(5, "apollo"))
    session_file("default").write_text("damaged meanwhile")
    session.save()
    assert session_file("default").read_text() == "damaged meanwhile"


# --- several processes ------------------------------------------------------------------------------------------------


def test_a_key_that_opens_nothing_never_takes_a_logins_place():
    stale = StoredSession("default")  # opened before anybody had logged in
    stale.set_dc(2, "127.0.0.1", 443)
    logged_in("default", 1)
    stale.auth_key = key(9)
    stale.process_entities(channel(5))
    stale.save()
    stale.close()
    assert StoredSession("default").auth_key.key == key(1).key
    user = StoredSession("default")
    for lost in (None, key(8)):  # the server forgot the key, and Telethon made another
        user.auth_key = lost
        user.process_entities(channel(6))
        user.save()
        user.close()
        assert StoredSession("default").auth_key.key == key(1).key


def test_who_logged_out_stays_so_though_another_process_goes_on_saving():
    here, elsewhere = logged_in(), StoredSession("default")
    elsewhere.process_entities(channel(5))
    here.delete()
    elsewhere.save()
    elsewhere.close()
    assert list(session_file("default").parent.iterdir()) == []


def test_logging_out_of_an_old_login_leaves_the_new_one():
    old = logged_in("default", 1)
    logged_in("default", 2)
    old.delete()
    assert StoredSession("default").auth_key.key == key(2).key


WRITER = """
import sys
from telethon.crypto import AuthKey
from telethon.tl import types
from telethon.tl.types import contacts
from chatframes.sources.telegram.store import StoredSession

me, first = sys.argv[1], int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
session = StoredSession("default")
for round in range(60):
    if me == "login":
        session.set_dc(2, "127.0.0.1", 443)
        session.auth_key = AuthKey(bytes([100 + round]) * 256)
        session.keep_login()
    user = types.User(first + round, access_hash=5, first_name="P", username=f"user{first + round}")
    session.process_entities(contacts.ResolvedPeer(None, [], [user]))
    session.save()
    StoredSession("default")
"""


def together(home: Path, *processes: tuple[str, int]) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", WRITER, who, str(first)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for who, first in processes
    ]  # fmt: skip
    for process in running:
        assert process.stdout.readline() == "ready\n"
    for process in running:
        process.stdin.write("\n")
        process.stdin.flush()
    for process in running:
        _, complaints = process.communicate(timeout=60)
        assert (process.returncode, complaints) == (0, "")
    assert {path.name for path in session_file("default").parent.iterdir()} == {"default.session", "default.names"}


@pytest.mark.long
def test_processes_that_write_at_once_lock_nothing_and_leave_whole_files(home):
    logged_in("default", 1)
    together(home, ("reader", 1000), ("reader", 2000), ("reader", 3000))
    again = StoredSession("default")
    assert again.auth_key.key == key(1).key
    known = [again.get_entity_rows_by_id(first + 59) is not None for first in (1000, 2000, 3000)]
    assert any(known)  # the last to write has all of its own


@pytest.mark.long
def test_a_login_is_never_lost_to_processes_that_write_at_once(home):
    logged_in("default", 1)
    together(home, ("login", 1000), ("reader", 2000), ("reader", 3000))
    assert StoredSession("default").auth_key.key == key(159).key


# --- files that are no sessions ---------------------------------------------------------------------------------------


def broken(path: Path, content: bytes) -> ConfigError:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigError) as caught:
        StoredSession("default")
    error = caught.value
    assert "\n" not in str(error)
    assert str(path) in str(error)
    assert "log in again with `chatframes login telegram`" in str(error)
    assert error.__context__ is None
    assert path.read_bytes() == content  # looked at, and left
    return error


def test_a_session_of_telethons_own_kind_is_a_sentence():
    path = session_file("default")
    path.parent.mkdir(parents=True)
    session = SQLiteSession(str(path))
    session.close()
    sqlite3.connect(path).close()
    assert "is a session of Telethon's own kind (SQLite)" in str(broken(path, path.read_bytes()))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is no session that chatframes wrote"),
        (b"{", "is no session that chatframes wrote"),
        (b"[]", "is no session that chatframes wrote"),
        (b"\xff\xfe", "is no session that chatframes wrote"),
        (b'{"version": 1}', "is no session that chatframes wrote"),
        (b'{"version": 2, "session": ""}', "was written by another version of chatframes"),
        (b'{"version": 1, "session": ""}', "is damaged"),
        (b'{"version": 1, "session": 5}', "is damaged"),
        (b'{"version": 1, "session": "default"}', "is damaged"),
    ],
)
def test_a_foreign_or_broken_file_is_a_sentence(content, says):
    assert says in str(broken(session_file("default"), content))


def test_no_error_about_a_broken_file_shows_the_login():
    text = json.loads((logged_in(), session_file("default").read_text())[1])["session"]
    secret = text[20:60]
    error = broken(session_file("default"), json.dumps({"version": 1, "session": text[:-9]}).encode())
    assert secret not in "".join(traceback.format_exception(error)) + repr(error)
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)][2:]
    assert frames == [] or all(secret not in repr(frame.f_locals) for frame in frames)


def test_a_login_that_cannot_be_written_is_a_sentence_that_shows_nothing(home):
    (home / ".chatframes").write_text("in the way")
    with pytest.raises(ConfigError, match="cannot be written") as caught:
        logged_in()
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)][2:]
    secret = StringSession.encode(key(1).key)[40:80]
    assert len(frames) >= 2
    assert all(secret not in repr(frame.f_locals) for frame in frames)
    assert caught.value.__context__ is None


def test_a_copy_for_another_connection_holds_no_login():
    clone = logged_in().clone()
    assert type(clone) is StringSession
    assert clone.auth_key is None
