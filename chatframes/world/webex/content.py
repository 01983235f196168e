"""One message of each kind that Webex knows, for ``sandbox(content=True)``: see ``world/sample.py``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

from ..community import photos
from ..community.people import END, Chat, Community, File, Message, document_file, key_of, picture_file
from ..sample import TITLE, Sample, Seen
from .cards import cards
from .records import message_id

_URL, _OTHER = "https://files.apollo.example/plan?a=1&b=2", "https://wiki.apollo.example/optics"
_FILES = {"voice": "file: voice clip", "paper": "file: document", "photo": "file: picture"}


def samples(foreign_url: str) -> list[Sample]:
    """Everything, in the order in which it is sent; `foreign_url` is the host of strangers."""
    return [*_texts(), *_files(), *cards(f"{foreign_url}/card/logo.jpg")]


def _texts() -> list[Sample]:
    return [
        Sample("text", {"text": "Nothing but words."}, Seen(words=("Nothing but words.",))),
        Sample("text: an address", {"text": f"The plan: {_URL} and more"}, Seen(words=(_URL,), links=(_URL,))),
        Sample(
            "text: an address that ends a sentence",
            {"text": f"Read {_OTHER}. (Or {_URL}, perhaps)"},
            Seen(words=("Read", "perhaps"), links=(_OTHER, _URL)),
        ),
        Sample(
            "html alone",
            {"html": f'<p>Tom &amp; Jerry at 5 &lt; 6, <a href="{_URL.replace("&", "&amp;")}">here</a></p>'},
            Seen(words=("Tom & Jerry at 5 < 6,", "here"), links=(_URL,), markup=("Tom &amp; Jerry",)),
        ),
        Sample("html without a tag", {"html": "Fish &amp; chips"}, Seen(words=("Fish & chips",))),
        Sample(
            "markdown alone",
            {"markdown": f"**Now** see [the wiki]({_OTHER})", "text": "Now see the wiki"},
            Seen(words=("Now see the wiki",), links=(_OTHER,)),
        ),
        Sample(
            "html: a list and a quotation",
            {
                "text": "One\nTwo\nSaid before",
                "html": "<ul><li>One</li><li>Two</li></ul><blockquote>Said before</blockquote>",
            },
            Seen(words=("One", "Two", "Said before")),
        ),
        Sample(
            "html: a link and the same address as text",
            {"text": f"{_OTHER} and {_OTHER}", "html": f'<a href="{_OTHER}">{_OTHER}</a> and {_OTHER}'},
            Seen(words=(" and ",), links=(_OTHER,)),
        ),
        Sample(
            "mentionedGroups", {"text": "All, look up!", "mentionedGroups": ["all"]}, Seen(words=("All, look up!",))
        ),
    ]


def _files() -> list[Sample]:
    return [
        Sample(_FILES["voice"], {"isVoiceClip": True}, Seen(media=({"kind": "voice"},))),
        Sample(_FILES["paper"], {}, Seen(media=({"kind": "file", "name": "protocol.pdf"},))),
        Sample(
            _FILES["photo"], {"text": "Look"}, Seen(words=("Look",), media=({"name": "dome.jpg", "is_image": True},))
        ),
    ]


def _file(name: str, key: str) -> tuple[File, ...]:
    if name == _FILES["voice"]:
        clip = document_file(f"{key}/0", "csv", "voice.wav", key)
        return (replace(clip, mime="audio/wav"),)
    if name == _FILES["paper"]:
        return (document_file(f"{key}/0", "pdf", "protocol.pdf", key),)
    return (picture_file(f"{key}/0", photos.JPEGS[3], "dome.jpg", key),) if name == _FILES["photo"] else ()


def chat(community: Community) -> Chat:
    """The space that holds them, a message an hour until the end; who writes, and nothing of what is written."""
    names = [sample.name for sample in samples("")]
    start = END - timedelta(hours=len(names))
    messages = []
    for number, name in enumerate(names):
        key = key_of(community.seed, "everything", number)
        author = community.people[number % 3]
        when = start + timedelta(hours=number)
        messages.append(Message(key, when, author, (), None, _file(name, key), None, None, whole_second=False))
    members = tuple(person for person in community.people if not person.left)
    return Chat(key_of(community.seed, "chat", TITLE), TITLE, "group", start, members, tuple(messages))


def sent(everything: Chat, foreign_url: str) -> dict[str, dict[str, Any]]:
    """What the messages of the space carry beside who and when, by their ids."""
    pairs = zip(everything.messages, samples(foreign_url), strict=True)
    return {message_id(message.key): dict(sample.sends) for message, sample in pairs}


def tell(records: Iterable[dict[str, Any]], everything: Chat, foreign_url: str) -> None:
    """Let the records of these messages say what is seen of them."""
    pairs = zip(everything.messages, samples(foreign_url), strict=True)
    by_id = {message_id(message.key): (message, sample) for message, sample in pairs}
    logo = sha256(photos.picture(photos.JPEGS[3], "logo")).hexdigest()
    for record in records:
        if record["message_id"] in by_id:
            message, sample = by_id[record["message_id"]]
            carried = record["media"]
            record |= sample.seen.record()
            record |= {"sample": sample.name, "kind": "message", "author_handle": message.author.email or None}
            for position, one in enumerate(sample.seen.media):
                own = carried[position] if carried else {"sha256": logo}
                record["media"][position] = {**own, **one}
