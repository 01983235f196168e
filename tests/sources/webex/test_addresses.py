"""All forms in which people name a Webex space or a message: what each means, or why it is refused.

From https://developer.webex.com, and from what the apps and web.webex.com put on the clipboard and into the address bar.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from help.odd_webex import BASE, CONFIG, ROOM, Odd

import chatframes as cf
from chatframes.sources.webex.addresses import parse, room_id
from chatframes.world.sandbox import World

pytestmark = pytest.mark.quick

UUID = "078b4340-bb02-11ee-9ae2-81c7c613996c"
OTHER = "c590efb0-cee8-11f0-88a1-05c9cb3973f5"
WEB = "https://web.webex.com/spaces"
APP = "webexteams://im"


def made(kind: str, cluster: str = "us", key: str = UUID) -> str:
    return base64.b64encode(f"ciscospark://{cluster}/{kind}/{key}".encode()).decode().rstrip("=")


ROOM_ID, MESSAGE_ID, PERSON_ID = made("ROOM"), made("MESSAGE", key=OTHER), made("PEOPLE")
AFAR = made("ROOM", "urn:TEAM:eu-central-1_k")

UNDERSTOOD: dict[str, tuple[str, str, str]] = {
    # titles
    "Project Apollo": ("title", "Project Apollo", ""),
    " Project Apollo\u200b ": ("title", "Project Apollo", ""),
    "Incident: https://example.com/1": ("title", "Incident: https://example.com/1", ""),
    "Q1/Q2": ("title", "Q1/Q2", ""),
    "Ada Lovelace": ("title", "Ada Lovelace", ""),
    "ada@home": ("title", "ada@home", ""),
    # ids
    ROOM_ID: ("room", ROOM_ID, ""),
    f"{ROOM_ID}==": ("room", ROOM_ID, ""),
    AFAR: ("room", AFAR, ""),
    f"ciscospark://us/ROOM/{UUID}": ("room", ROOM_ID, ""),
    f"ciscospark://urn:TEAM:eu-central-1_k/ROOM/{UUID}": ("room", AFAR, ""),
    UUID: ("uuid", UUID, ""),
    UUID.upper(): ("uuid", UUID, ""),
    MESSAGE_ID: ("message", MESSAGE_ID, MESSAGE_ID),
    f"webex:{ROOM_ID}:{MESSAGE_ID}": ("room", ROOM_ID, MESSAGE_ID),
    PERSON_ID: ("person", PERSON_ID, ""),
    # people
    "ada@example.com": ("email", "ada@example.com", ""),
    "mailto:ada.l+x@mail.example.com": ("email", "ada.l+x@mail.example.com", ""),
    "<mailto:ada@example.com>": ("email", "ada@example.com", ""),
    "ada@webex.com": ("email", "ada@webex.com", ""),
    f"{APP}?email=ada%40example.com": ("email", "ada@example.com", ""),
    # links to a space
    f"{APP}?space={UUID}": ("uuid", UUID, ""),
    f"WEBEXTEAMS://IM?space={UUID.upper()}": ("uuid", UUID, ""),
    f"{APP}?space={ROOM_ID}": ("room", ROOM_ID, ""),
    f"{APP}?roomId={AFAR}": ("room", AFAR, ""),
    f"{WEB}/{UUID}": ("uuid", UUID, ""),
    f"{WEB}/{UUID}/chat": ("uuid", UUID, ""),
    f"{WEB}/{ROOM_ID}": ("room", ROOM_ID, ""),
    f"web.webex.com/spaces/{UUID}/people?utm_source=mail": ("uuid", UUID, ""),
    f"HTTPS://Teams.Webex.com/spaces/{UUID}/chat": ("uuid", UUID, ""),
    f"https://web.ciscospark.com/#/rooms/{UUID}": ("uuid", UUID, ""),
    f"https://web.ciscospark.com/rooms/{UUID}/chat": ("uuid", UUID, ""),
    f"{BASE}/rooms/{AFAR}": ("room", AFAR, ""),
    f"https://api.ciscospark.com/v1/messages?roomId={ROOM_ID}": ("room", ROOM_ID, ""),
    # links to a message
    f"{APP}?space={UUID}&message={OTHER}": ("uuid", UUID, OTHER),
    f"<{APP}?space={UUID}&message={OTHER}>": ("uuid", UUID, OTHER),
    f"{APP}?space={ROOM_ID}&message={MESSAGE_ID}": ("room", ROOM_ID, MESSAGE_ID),
    f"{BASE}/messages/{MESSAGE_ID}": ("message", MESSAGE_ID, MESSAGE_ID),
}

REFUSED = {
    "https://eurl.io/#Canary": "is an invitation: accept it in the Webex app",
    "Join us: https://eurl.io/#Canary": "is an invitation",
    "https://acme.webex.com/meet/ada": "is a link to a meeting",
    "https://acme.webex.com/acme/j.php?MTID=Canary": "is a link to a meeting",
    "acme.webex.com/join/ada": "is a link to a meeting",
    "https://meet1.webex.com/wbxmjs/joinservice?token=Canary": "is a link to a meeting",
    "webexteams://meet?sip=ada%40example.com": "is a link to a meeting or a call",
    "webexteams://call?uri=1": "is a link to a meeting or a call",
    "webexteams://im": "leads to no space",
    "webexteams://im?space=apollo": "leads to no space",
    "webexteams://login?x=Canary": "leads to no space",
    "https://web.webex.com/spaces": "leads to no space",
    "https://web.webex.com/meetings/x": "leads to no space",
    "https://web.webex.com/teams/x": "leads to no space",
    f"{WEB}/new": "leads to no space",
    f"{WEB}/{UUID}/Canary": "says more than which space",
    f"{WEB}/{UUID}/chat/{OTHER}": "says more than which space",
    f"{WEB}/{UUID}?thread=Canary": "has a parameter 'thread'",
    f"{WEB}/{UUID}#Canary": "behind '#'",
    f"{WEB}/{PERSON_ID}": "leads to no space",
    f"{APP}?space={UUID}&message=Canary": "by something that is no id",
    f"{APP}?space={UUID}&space={OTHER}": "one of its parameters twice",
    f"{BASE}/people/me": "leads to no space",
    f"{BASE}/messages?roomId={ROOM_ID}&before=Canary": "has a parameter 'before'",
    made("TEAM"): "is the id of a team, which has several spaces",
    made("CONTENT"): "is the id of something else",
    made("MEMBERSHIP"): "is the id of something else",
    f"{ROOM_ID[:30]}/{ROOM_ID[30:]}": "is not whole",
    f"{ROOM_ID}&x=1": "is not whole",
    f"{WEB}/{UUID} and more": "holds a space",
    "https://webex.com.evil.example/spaces/x": "is of another site (webex.com.evil.example)",
    "webex.com@evil.example/x": "a name before an @",
    "https://example.com/x": "is of another site (example.com)",
    "sip://ada@example.com": "begins as none",
}


@pytest.mark.parametrize("text", UNDERSTOOD)
def test_what_is_understood(text: str) -> None:
    how, name, message = UNDERSTOOD[text]
    room = parse(cf.Webex(text).room)
    assert (room.how, room.name) == (how, name)
    assert (message in room.note) if message else room.note == ""
    assert cf.Webex(text) == eval(repr(cf.Webex(text)), {"Webex": cf.Webex})


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused_says_why_and_repeats_no_secret(text: str) -> None:
    with pytest.raises(cf.ConfigError) as refused:
        cf.Webex(text)
    said = str(refused.value)
    assert REFUSED[text] in said
    assert said.startswith("Webex(room): this ")
    assert "Canary" not in said


# --- what is asked for ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with cf.sandbox(messages=20, images=0) as made:
        yield made


def told(world: World, room: str) -> Any:
    (source,) = cf.report(cf.fetch(cf.Webex(room), config=world.config, progress=False)).sources
    return source


def test_what_is_printed_is_understood_again(world: World) -> None:
    frame = cf.fetch(cf.Webex("Project Apollo"), config=world.config, progress=False)
    row = frame.iloc[3]
    for name in ("chat_id", "chat_name", "permalink", "message_id", "uid"):
        source = told(world, str(row[name]))
        assert (source.chat_id, source.messages) == (row["chat_id"], len(frame)), name
        part = name not in ("chat_id", "chat_name")
        assert [note.startswith("the link names the message") for note in source.notes] == [True] * part
    listed = cf.chats("webex", config=world.config)
    for chat in listed[~listed["title"].duplicated(keep=False)].itertuples():
        assert told(world, chat.title).chat_id == told(world, chat.id).chat_id == chat.id


def test_a_direct_conversation_goes_by_the_other_person(world: World) -> None:
    listed = cf.chats("webex", config=world.config)
    direct = listed[listed["kind"] == "direct"].iloc[0]
    frame = cf.fetch(cf.Webex(direct["id"]), config=world.config, progress=False)
    person = next(p for p in frame.drop_duplicates("author_id").itertuples() if p.author_name == direct["title"])
    assert told(world, person.author_id).chat_id == direct["id"]
    email = next(p.email for p in world._community.people if p.name == direct["title"])
    assert told(world, email).chat_id == direct["id"]


@pytest.mark.parametrize(
    ("room", "says"),
    [
        ("nobody@example.com", "no direct conversation of this account with 'nobody@example.com'"),
        (PERSON_ID, "no direct conversation of this account"),
        (UUID, f"no room with the id '{UUID}'"),
        (f"{WEB}/{UUID}", "no room with the id"),
        (MESSAGE_ID, "no message with the id"),
    ],
)
def test_what_this_account_does_not_see_is_not_found(world: World, room: str, says: str) -> None:
    with pytest.raises(cf.ChatNotFound, match="Webex knows") as error:
        told(world, room)
    assert says in str(error.value)


def test_a_uuid_is_found_in_whatever_cluster(odd: Odd) -> None:
    afar = {"id": AFAR, "title": "Afar", "type": "group", "created": odd.created}
    odd.routes.get(f"{BASE}/rooms/{room_id(UUID)}").mock(return_value=httpx.Response(404, json={"message": "gone"}))
    odd.routes.get(url__startswith=f"{BASE}/rooms?").mock(
        return_value=httpx.Response(200, json={"items": [{"id": ROOM}, {"id": "odd"}, afar]})
    )
    for name, found in ((f"{APP}?space={UUID}", AFAR), (ROOM, ROOM)):
        (source,) = cf.report(cf.fetch(cf.Webex(name), config=CONFIG, progress=False)).sources
        assert source.chat_id == found
