"""What a Webex message says: its own words and those of its cards, each once, with the addresses and pictures."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ...model import Attachment
from ...words import without_credentials
from ..plain_text import Words, of_html, of_markdown, of_plain
from .card_parts import Cards, Picture
from .cards import read_cards

__all__ = ["IN_A_CARD", "Content", "content_of"]

IN_A_CARD = "in a card"  # the handle of an attachment whose address a bot wrote; of a data: URI it is the URI itself
MOST_UNSEEN_CHARACTERS = 10_000  # of a text for apps without cards; the API allows 7,439 bytes

# A text for apps that cannot show cards says so, and little else.
_CANNOT = r"(?:can(?: ?no|['’])t|could(?: no|n['’])t|(?:un|not )able to|do(?:es)?(?:n['’]| no)t|won['’]t)"
_SHOW = r"(?:display|render|show|support|view|see|handle|load)(?:ed|ing)?"
_NO_CARDS = re.compile(
    rf"\b{_CANNOT}\s+(?:\w+\s+){{0,2}}{_SHOW}\b[^.!?\n]{{0,60}}\bcards?\b"
    rf"|\bcards?\b[^.!?\n]{{0,60}}\b(?:(?:{_CANNOT}|not)\b[^.!?\n]{{0,20}}\b{_SHOW}|unsupported)\b"
    rf"|\b(?:unsupported|not support\w*)\b[^.!?\n]{{0,60}}\bcards?\b",
    re.IGNORECASE,
)
_ABOUT_THE_APP = re.compile(
    r"\b(?:app|apps|application|browser|client|desktop|device|version|update|upgrade)\b", re.IGNORECASE
)
_WORD = re.compile(r"\w+")
_SENTENCE = re.compile(r"[^.!?\n]+")
MOST_CHARACTERS_OF_EXCUSE = 300


@dataclass(slots=True)
class Content:
    """What a message says, in the words of the table's columns."""

    text: str = ""
    markup: str | None = None
    links: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)
    pictures: list[Attachment] = field(default_factory=list)  # of cards, in order; positions from 0


def content_of(text: str, html_source: str | None, markdown: str | None, attachments: list[Any]) -> Content:
    """Return what a message says.

    Parameters
    ----------
    text, html_source, markdown : str or None
        The forms in which Webex gives the message's own words.
    attachments : list
        Its cards.
    """
    own = _own_words(text, html_source, markdown)
    content = Content(own.text, html_source or markdown, tuple(dict.fromkeys(own.links)))
    if attachments:
        _add_cards(content, read_cards(attachments), is_html=html_source is not None)
    return content


def _own_words(text: str, html_source: str | None, markdown: str | None) -> Words:
    """Return the message's own words and addresses.

    The words are the text as Webex gives it, unless it lacks words of the HTML, which is what the app shows; the
    addresses are those of the richest form.
    """
    if not html_source and not markdown:
        return of_plain(text)
    words = of_html(html_source) if html_source else of_markdown(markdown or "")
    whole = text and (not html_source or _holds(text, words.text))
    return Words(text, words.links) if whole else words


def _holds(text: str, other: str) -> bool:
    """Whether a text holds all words of another one, in their order."""
    if text.split() == other.split():
        return True
    words = iter(_WORD.findall(text))
    return all(word in words for word in _WORD.findall(other))


def _add_cards(content: Content, cards: Cards, *, is_html: bool) -> None:
    """Add what the cards say: behind the message's own words, unless these are for apps that show no cards.

    Webex's apps show the card in the place of the message's own text, which every card must have. It is kept all the
    same where it says something: it goes into `details` only if all it says is that cards cannot be shown, and nowhere
    if the card says the same words.
    """
    if cards.lines:
        _set_own_words_aside(content, cards, "" if is_html else None)
    # A card of which nothing can be read still says what it gives to apps that cannot show it.
    lines = cards.lines if cards.lines or content.text else [of_markdown(said).text for said in cards.instead]
    content.text = "\n".join(filter(None, (content.text, *lines)))
    if content.markup is not None and is_html:
        content.markup += "".join(map(_paragraph, lines))
    content.links = tuple(dict.fromkeys((*content.links, *cards.links)))
    _add_details(content, cards)
    content.pictures = [*_attachments(cards)]


def _set_own_words_aside(content: Content, cards: Cards, empty: str | None) -> None:
    if is_excuse(content.text):
        content.details["fallback_text"] = content.text[:MOST_UNSEEN_CHARACTERS]
        content.text, content.links, content.markup = "", (), empty
    elif _lines(content.text) <= {line for said in cards.lines for line in _lines(said)}:
        content.text, content.markup = "", content.markup if empty is None else empty


def _add_details(content: Content, cards: Cards) -> None:
    found = {
        "card": [*cards.cards, None][0],
        "more_cards": cards.cards[1:],
        "buttons": cards.buttons,
        "unread": list(cards.unread),
    }
    content.details |= {key: value for key, value in found.items() if value}
    content.flags += ["partial"] * bool(cards.unread) + ["card_cut"] * cards.cut


def is_excuse(text: str) -> bool:
    """Whether a text says only that cards cannot be shown here.

    Examples
    --------
    >>> is_excuse("Your client cannot show cards."), is_excuse("Build 412 failed. Your client cannot show cards.")
    (True, False)
    """
    if len(text) > MOST_CHARACTERS_OF_EXCUSE or not _NO_CARDS.search(text):
        return False
    sentences = (sentence for sentence in _SENTENCE.findall(text) if re.search(r"\w", sentence))
    return all(_NO_CARDS.search(sentence) or _ABOUT_THE_APP.search(sentence) for sentence in sentences)


def _lines(text: str) -> set[str]:
    return {" ".join(line.split()) for line in text.splitlines() if line.strip()}


def _paragraph(line: str) -> str:
    return f"<p>{html.escape(line, quote=False)}</p>"


def _attachments(cards: Cards) -> Iterator[Attachment]:
    position = 0
    for picture in cards.pictures:
        yield _picture(position, picture)
        position += 1
    for url, mime in cards.films:
        kind = "audio" if mime.lower().startswith("audio/") else "video"
        yield Attachment(position, kind, url, url, declared_mime=mime or None, reason="not_an_image", handle=IN_A_CARD)
        position += 1


def _picture(position: int, picture: Picture) -> Attachment:
    if picture.url[:5].lower() != "data:":
        name = without_credentials(picture.url)
        return Attachment(position, "photo", name, picture.url, alt=picture.alt, handle=IN_A_CARD)
    name = hashlib.sha256(picture.url.encode("utf-8", "replace")).hexdigest()
    return Attachment(position, "photo", f"data:{name}", alt=picture.alt, handle=picture.url)
