"""All forms in which people name a Telegram chat or a message: what each means, or why it is refused.

From https://core.telegram.org/api/links, and from what the apps and web.telegram.org put on the clipboard and into the
address bar.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from help.telegram_chats import fetch
from telethon.tl import functions, types

import chatframes as cf
from chatframes.sources.telegram import names
from chatframes.sources.telegram.addresses import parse
from chatframes.sources.telegram.link import TelegramError, TelegramLink
from chatframes.world.sandbox import World

pytestmark = pytest.mark.quick

CHANNEL = (-1002111267418,)

UNDERSTOOD: dict[str, tuple[str, Any, str]] = {
    # names
    "@apollo": ("name", "apollo", ""),
    " @Apollo\n": ("name", "Apollo", ""),
    "@ apollo": ("name", "apollo", ""),
    "@apollo/12": ("name", "apollo", "message 12"),
    "\u200b@apollo\u2060": ("name", "apollo", ""),
    "Project Apollo": ("title", "Project Apollo", ""),
    "apollo": ("title", "apollo", ""),
    "@no": ("title", "@no", ""),
    "@apollo and friends": ("title", "@apollo and friends", ""),
    "tg: the best of": ("title", "tg: the best of", ""),
    "Node.js/Deno": ("title", "Node.js/Deno", ""),
    "News | t.me/apollo": ("title", "News | t.me/apollo", ""),
    "<3": ("title", "<3", ""),
    "me": ("me", "me", ""),
    "SELF": ("me", "SELF", ""),
    # links to a chat
    "t.me/apollo": ("name", "apollo", ""),
    "T.ME/Apollo": ("name", "Apollo", ""),
    "http://t.me/apollo/": ("name", "apollo", ""),
    "https://t.me/apollo": ("name", "apollo", ""),
    "<https://t.me/apollo>": ("name", "apollo", ""),
    "//t.me/apollo": ("name", "apollo", ""),
    "https://www.t.me/apollo": ("name", "apollo", ""),
    "https://telegram.me/apollo": ("name", "apollo", ""),
    "https://telegram.dog/apollo": ("name", "apollo", ""),
    "https://apollo.t.me": ("name", "apollo", ""),
    "https://apollo.t.me/12": ("name", "apollo", "message 12"),
    "https://t.me/s/apollo": ("name", "apollo", ""),
    "https://t.me/s/apollo/12": ("name", "apollo", "message 12"),
    "https://t.me/ap%6Fllo": ("name", "apollo", ""),
    "https://t.me/apo\u200bllo": ("name", "apollo", ""),
    "https://t.me/apollo#": ("name", "apollo", ""),
    "https://t.me/s/apollo/12#:~:text=moon": ("name", "apollo", "message 12"),
    "https://t.me/apollo?profile": ("name", "apollo", ""),
    "https://t.me/apollo?boost": ("name", "apollo", ""),
    "https://t.me/boost/apollo": ("name", "apollo", ""),
    "https://t.me/apollo?livestream": ("name", "apollo", ""),
    "https://t.me/apollo?videochat": ("name", "apollo", ""),
    "https://t.me/apollo?utm_source=share&fbclid=x": ("name", "apollo", ""),
    "https://t.me/c/2111267418": ("id", CHANNEL, ""),
    "https://t.me/c/-1002111267418": ("id", CHANNEL, ""),
    "https://t.me/c/2111267418?boost": ("id", CHANNEL, ""),
    "https://t.me/boost?c=2111267418": ("id", CHANNEL, ""),
    "https://t.me/@id5819052764": ("id", (5819052764,), ""),
    "tg://resolve?domain=apollo": ("name", "apollo", ""),
    "tg:resolve?domain=apollo": ("name", "apollo", ""),
    "TG://RESOLVE?domain=apollo": ("name", "apollo", ""),
    "tg://boost?domain=apollo": ("name", "apollo", ""),
    "tg://boost?channel=2111267418": ("id", CHANNEL, ""),
    "tg://user?id=5819052764": ("id", (5819052764,), ""),
    "tg://openmessage?user_id=5819052764": ("id", (5819052764,), ""),
    # links to a message, a topic or a comment
    "https://t.me/apollo/12": ("name", "apollo", "message 12"),
    "https://t.me/apollo/12?single": ("name", "apollo", "message 12"),
    "https://t.me/apollo/12?single=1": ("name", "apollo", "message 12"),
    "https://t.me/apollo/12?t=1m30s": ("name", "apollo", "message 12"),
    "https://t.me/apollo/12?embed=1&mode=tme": ("name", "apollo", "message 12"),
    "https://t.me/apollo/3/12": ("name", "apollo", "message 12 in topic or thread 3"),
    "https://t.me/apollo/12?thread=3&single": ("name", "apollo", "message 12 in topic or thread 3"),
    "https://t.me/apollo/12?comment=4": ("name", "apollo", "comment 4 on message 12"),
    "https://t.me/c/2111267418/12": ("id", CHANNEL, "message 12"),
    "https://t.me/c/2111267418/12?single": ("id", CHANNEL, "message 12"),
    "https://t.me/c/2111267418/3/12": ("id", CHANNEL, "message 12 in topic or thread 3"),
    "https://t.me/C/2111267418/12?thread=3": ("id", CHANNEL, "message 12 in topic or thread 3"),
    "tg://resolve?domain=apollo&post=12&single": ("name", "apollo", "message 12"),
    "tg://resolve?domain=apollo&post=12&comment=4": ("name", "apollo", "comment 4 on message 12"),
    "tg://resolve?domain=apollo&thread=3": ("name", "apollo", "topic 3"),
    "tg://privatepost?channel=2111267418&post=12": ("id", CHANNEL, "message 12"),
    "tg://privatepost?channel=2111267418&post=12&thread=3": ("id", CHANNEL, "message 12 in topic or thread 3"),
    "tg://openmessage?user_id=5&message_id=12": ("id", (5,), "message 12"),
    "tg://openmessage?chat_id=5&message_id=12": ("id", (-5, -1000000000005), "message 12"),
    # the address bar of the web pages
    "https://web.telegram.org/k/#@apollo": ("name", "apollo", ""),
    "https://web.telegram.org/k/#-2111267418": ("id", (-2111267418, *CHANNEL), ""),
    "https://web.telegram.org/k/#-2111267418_3": ("id", (-2111267418, *CHANNEL), "topic 3"),
    "https://web.telegram.org/k/#5819052764": ("id", (5819052764,), ""),
    "https://web.telegram.org/a/#-1002111267418": ("id", CHANNEL, ""),
    "https://web.telegram.org/a/#-1002111267418_3": ("id", CHANNEL, "topic 3"),
    "https://web.telegram.org/z/#-1002111267418": ("id", CHANNEL, ""),
    "web.telegram.org/#-1002111267418": ("id", CHANNEL, ""),
    "https://webk.telegram.org/#@apollo": ("name", "apollo", ""),
    "https://web.telegram.org/k/#?tgaddr=tg%3A%2F%2Fresolve%3Fdomain%3Dapollo%26post%3D12": (
        "name", "apollo", "message 12",
    ),
    "https://web.telegram.org/#/im?p=@apollo": ("name", "apollo", ""),
    "https://web.telegram.org/#/im?p=c2111267418_123": ("id", CHANNEL, ""),
    "https://web.telegram.org/#/im?p=g5": ("id", (-5,), ""),
    "https://web.telegram.org/#/im?p=u5_123": ("id", (5,), ""),
    # ids
    "-1002111267418": ("id", CHANNEL, ""),
    "\u22121002111267418": ("id", CHANNEL, ""),
    "#-1002111267418": ("id", CHANNEL, ""),
    "2111267418": ("id", (2111267418, *CHANNEL, -2111267418), ""),
    "1002111267418": ("id", (1002111267418, *CHANNEL), ""),
    "-5": ("id", (-5, -1000000000005), ""),
    "telegram:-1002111267418:12": ("id", CHANNEL, "message 12"),
    # phones
    "+4712345678": ("phone", "+4712345678", ""),
    "+47 (123) 45-678": ("phone", "+4712345678", ""),
    "https://t.me/+4712345678": ("phone", "+4712345678", ""),
    "tg://resolve?phone=4712345678": ("phone", "+4712345678", ""),
}  # fmt: skip

REFUSED = {
    "https://t.me/+Canary_a1B2c3D4": "is an invitation: accept it in a Telegram app",
    "https://t.me/joinchat/Canary_a1B2c3D4": "is an invitation",
    "https://t.me/joinchat": "is an invitation",
    "tg://join?invite=Canary_a1B2c3D4": "is an invitation",
    "+Canary_a1B2c3D4": "is an invitation",
    "joinchat/Canary_a1B2c3D4": "is an invitation",
    "Join us: https://t.me/+Canary_a1B2c3D4": "is an invitation",
    "[Join us](tg://join?invite=Canary)": "is an invitation",
    "https://t.me/addlist/Canary_a1B2": "is a folder of chats",
    "tg://addlist?slug=Canary_a1B2": "is a folder of chats",
    "https://t.me/apollo/s/5": "leads to a story",
    "tg://resolve?domain=apollo&story=5": "leads to a story",
    "https://t.me/proxy?server=x&port=1&secret=Canary": "leads to no chat",
    "tg://socks?server=x&port=1&pass=Canary": "leads to no chat",
    "https://t.me/share/url?url=https%3A%2F%2Fexample.com": "leads to no chat",
    "tg://msg_url?url=x": "leads to no chat",
    "https://t.me/addstickers/Canary": "leads to no chat",
    "https://t.me/login/12345": "leads to no chat",
    "https://t.me/$Canary": "leads to no chat",
    "https://t.me/contact/Canary": "leads to no chat",
    "https://t.me/m/Canary": "leads to no chat",
    "https://t.me": "leads to no chat",
    "https://t.me/c/": "leads to no chat",
    "https://t.me/c/apollo/12": "leads to no chat",
    "https://t.me/abc": "leads to no chat",
    "tg://settings": "leads to no chat",
    "tg://privatepost?post=12": "leads to no chat",
    "https://web.telegram.org/k/": "leads to no chat",
    "https://web.telegram.org/a/#tgWebAuthToken=Canary": "leads to no chat",
    "https://web.telegram.org/a/#-1002111267418_scheduled": "leads to no chat",
    "https://web.telegram.org/k/#?tgaddr=tg%3A%2F%2Fjoin%3Finvite%3DCanary": "is an invitation",
    "https://t.me/apollo?start=Canary": "has a parameter 'start'",
    "https://t.me/apollo?Canary": "has a parameter that",
    "https://t.me/apollo?voicechat=Canary": "behind 'voicechat'",
    "https://t.me/apollo?direct=1": "has a parameter 'direct'",
    "https://t.me/s/apollo?q=moon": "has a parameter 'q'",
    "https://t.me/s/apollo?before=12": "has a parameter 'before'",
    "https://t.me/apollo?comment=4": "has a parameter 'comment'",
    "https://t.me/apollo/12?comment=abc": "behind 'comment'",
    "https://t.me/apollo/12?thread=3&thread=4": "one of its parameters twice",
    "https://t.me/apollo/app": "more than a chat and a message",
    "https://t.me/apollo/12-15": "more than a chat and a message",
    "https://t.me/apollo/3/12/13": "more than a chat and a message",
    "https://t.me/apollo/12 and more": "holds a space",
    "https://t.me/apollo#5": "more behind '#'",
    "https://t.me/apollo/12?single#any": "more behind '#'",
    "https://apollo.t.me/#Canary": "more behind '#'",
    "tg://resolve?domain=apollo#5": "more behind '#'",
    "https://t.me/c/-2111267418": "the id of a basic group",
    "https://t.me/c/-2111267418/12": "the id of a basic group",
    "https://t.me/c/-5": "the id of a basic group",
    "https://t.me/boost?c=-2111267418": "the id of a basic group",
    "tg://privatepost?channel=-2111267418&post=12": "the id of a basic group",
    "t.me/proxy?server=x&port=1&secret=Canary": "leads to no chat",
    "my proxy: tg:proxy?server=x&secret=Canary": "holds a secret",
    "https://example.com/apollo": "is of another site (example.com)",
    "https://telegram.org/apollo": "is of another site",
    "https://proxy.t.me/apollo": "is of another site",
    "ftp://t.me/apollo": "begins as none",
}  # fmt: skip


@pytest.mark.parametrize("text", UNDERSTOOD)
def test_what_is_understood(text: str) -> None:
    how, meant, place = UNDERSTOOD[text]
    chat = parse(text)
    assert (chat.how, chat.ids if how == "id" else chat.name) == (how, meant)
    assert chat.place.startswith(place)
    assert bool(chat.place) == bool(place) == bool(chat.note)
    assert cf.Telegram(text) == eval(repr(cf.Telegram(text)), {"Telegram": cf.Telegram})


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused_says_why_and_repeats_no_secret(text: str) -> None:
    with pytest.raises(cf.ConfigError) as refused:
        cf.Telegram(text)
    said = str(refused.value)
    assert REFUSED[text] in said
    assert said.startswith("Telegram(chat): this address ")
    assert "Canary" not in said


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with cf.sandbox(messages=20, images=0) as made:
        yield made


def test_what_is_printed_is_understood_again(world: World) -> None:
    frame = fetch(world, cf.Telegram("@apollo"))
    listed = cf.chats("telegram", config=world.config)
    once = listed[~listed["title"].duplicated(keep=False)]
    row = frame.iloc[-1]
    ours = [str(row["chat_id"]), str(row["chat_name"]), row["permalink"], row["uid"], int(row["chat_id"])]
    for name in ours:
        assert set(fetch(world, cf.Telegram(name, limit=1))["chat_id"]) == {row["chat_id"]}, name
    for chat in once.itertuples():
        for name in (chat.id, chat.title):
            report = cf.report(fetch(world, cf.Telegram(name, limit=1)))
            assert report.sources[0].chat_id == chat.id, name


@pytest.mark.parametrize(
    ("link", "says"),
    [
        ("https://t.me/apollo/12?single", "the link names message 12;"),
        ("https://web.telegram.org/a/#{marked}_3", "the link names topic 3;"),
        ("https://web.telegram.org/k/#-{bare}", ""),
        ("tg://privatepost?channel={bare}&post=12", "the link names message 12;"),
        ("https://t.me/apollo", ""),
    ],
)
def test_a_link_to_a_part_of_a_chat_gives_the_chat_and_a_note(world: World, link: str, says: str) -> None:
    marked = next(c["id"] for c in world.truth["chats"] if c.get("username") == "apollo")
    frame = fetch(world, cf.Telegram(link.format(marked=marked, bare=marked.removeprefix("-100"))))
    assert len(frame) == 20
    (source,) = cf.report(frame).sources
    assert [note.startswith(says) for note in source.notes if "the link" in note] == [True] * bool(says)


def test_a_comment_is_said_to_be_in_the_discussion_group(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def notes() -> str:
        frame = fetch(world, cf.Telegram("https://t.me/apollo_news/12?comment=4", limit=1))
        return " ".join(cf.report(frame).sources[0].notes)

    assert "the link names comment 4 on message 12;" in notes()
    assert "in its discussion group, a chat of its own" in notes()
    ask = TelegramLink.ask

    async def answered(self: TelegramLink, request: Any) -> Any:
        answer = await ask(self, request)
        if isinstance(request, functions.channels.GetFullChannelRequest):
            answer.full_chat.linked_chat_id = 5
        return answer

    monkeypatch.setattr(TelegramLink, "ask", answered)
    assert "in its discussion group, the chat -1000000000005: chatframes.Telegram(-1000000000005)" in notes()


def test_a_phone_is_looked_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    person = next(c for c in world.truth["chats"] if c["platform"] == "telegram" and c["kind"] == "direct")
    ask, asked = TelegramLink.ask, []

    async def answered(self: TelegramLink, request: Any) -> Any:
        if not isinstance(request, functions.contacts.ResolvePhoneRequest):
            return await ask(self, request)
        asked.append(request.phone)
        if request.phone != "+4712345678":
            raise TelegramError("PHONE_NOT_OCCUPIED")
        marked, access_hash = self.account.session.get_entity_rows_by_id(int(person["id"]))
        user = types.User(marked, first_name="Somebody", access_hash=access_hash)
        return types.contacts.ResolvedPeer(types.PeerUser(user.id), chats=[], users=[user])

    monkeypatch.setattr(TelegramLink, "ask", answered)
    with pytest.raises(cf.ChatNotFound, match="nobody with the phone"):
        fetch(world, cf.Telegram("+47 99 99 99 99"))
    cf.chats("telegram", config=world.config)  # so that the access hash is known
    assert set(fetch(world, cf.Telegram("+47 123 45 678", limit=1))["chat_id"]) == {person["id"]}
    assert asked == ["+4799999999", "+4712345678"]


def test_a_number_may_be_a_title(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    name = names.title_of
    monkeypatch.setattr(names, "title_of", lambda entity: "2024" if name(entity) == "Workshop" else name(entity))
    assert set(fetch(world, cf.Telegram("2024", limit=1))["chat_name"]) <= {"2024", "Workshop"}
