"""Read what the media of a message say: a poll, a place, a contact, a preview, and so on.

Files themselves are in `media.py`; here are the words, the links and the details that an app shows with them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from telethon.tl import types

from .peers import as_text, id_of, marked_id
from .said import Said, compact, iso, money

__all__ = ["READERS", "SILENT", "read_media"]


def read_media(media: Any, said: Said) -> None:
    """Add what media say; of a kind that nobody here has heard of, its name."""
    reader = READERS.get(type(media))
    if reader is None:
        said.unread.append(type(media).__name__)
    else:
        reader(media, said)


def _nothing(media: Any, said: Said) -> None:
    """Pictures and files say nothing: their captions are the message's text."""


def _unsupported(media: Any, said: Said) -> None:
    """Telegram's own word for something that this version of its protocol cannot show."""
    said.unread.append(type(media).__name__)


def _poll(media: Any, said: Said) -> None:
    poll, results = media.poll, media.results
    question = said.words(poll.question)
    counts = {counted.option: counted for counted in getattr(results, "results", None) or ()}
    options = [_option(answer, counts, said) for answer in poll.answers or ()]
    explanation = getattr(results, "solution", None)
    if explanation:
        said.entities(explanation, getattr(results, "solution_entities", None) or ())
    said.details["poll"] = {
        "question": question,
        "options": options,
        "total": getattr(results, "total_voters", None),
        "closed": bool(poll.closed),
    } | compact(
        quiz=poll.quiz,
        several_answers=poll.multiple_choice,
        explanation=explanation,
        closes_at=iso(poll.close_date),
    )
    for shown in (media.attached_media, *(getattr(answer, "media", None) for answer in poll.answers or ())):
        if shown is not None:
            read_media(shown, said)


def _option(answer: Any, counts: dict[bytes, Any], said: Said) -> dict[str, Any]:
    """Return one option of a poll; its votes are None where Telegram does not tell them."""
    text = said.words(getattr(answer, "text", None))
    counted = counts.get(getattr(answer, "option", None) or b"")
    return {"text": text, "votes": getattr(counted, "voters", None)} | compact(
        correct=getattr(counted, "correct", None), added_by=id_of(getattr(answer, "added_by", None))
    )


def _todo(media: Any, said: Said) -> None:
    done = {one.id: one for one in media.completions or ()}
    title = said.words(media.todo.title)
    items = []
    for item in media.todo.list or ():
        by = done.get(item.id)
        items.append(
            {"text": said.words(item.title), "done": by is not None}
            | compact(done_by=id_of(getattr(by, "completed_by", None)), done_at=iso(getattr(by, "date", None)))
        )
    said.details["todo"] = {"title": title, "items": items}


def _place_details(geo: Any, **more: Any) -> dict[str, Any]:
    found = isinstance(geo, types.GeoPoint)
    return {
        "latitude": _finite(geo.lat) if found else None,
        "longitude": _finite(geo.long) if found else None,
    } | compact(accuracy_metres=getattr(geo, "accuracy_radius", None), **more)


def _geo(media: Any, said: Said) -> None:
    place = said.details["place"] = _place_details(
        media.geo,
        live_seconds=getattr(media, "period", None),
        heading_degrees=getattr(media, "heading", None),
    )
    _say_coordinates(place, said)


def _venue(media: Any, said: Said) -> None:
    said.line(media.title)
    said.line(media.address)
    said.details["place"] = _place_details(
        media.geo, title=media.title, address=media.address, type=media.venue_type, provider=media.provider
    )
    if not (media.title or media.address):
        _say_coordinates(said.details["place"], said)


def _say_coordinates(place: dict[str, Any], said: Said) -> None:
    if place["latitude"] is not None and place["longitude"] is not None:
        said.line(f"{place['latitude']:.6g}, {place['longitude']:.6g}")


def _contact(media: Any, said: Said) -> None:
    name = " ".join(part for part in (media.first_name, media.last_name) if part)
    said.line(name)
    said.line(media.phone_number)
    # Its vCard is not kept: apps show a part of it at most, and it may hold an address or a note.
    user_id = str(media.user_id) if media.user_id else None
    said.details["contact"] = compact(name=name, phone=media.phone_number, user_id=user_id)


def _dice(media: Any, said: Said) -> None:
    said.line(media.emoticon, str(media.value))
    said.details["dice"] = {"emoji": media.emoticon, "value": media.value}


def _invoice(media: Any, said: Said) -> None:
    said.line(media.title)
    said.line(media.description)
    said.line(money(media.currency, media.total_amount))
    said.details["invoice"] = compact(
        title=media.title,
        description=media.description,
        currency=media.currency,
        amount=media.total_amount,  # in the currency's smallest units, as Telegram has it
        test=media.test,
        receipt_message_id=as_text(media.receipt_msg_id),
    )
    if isinstance(media.extended_media, types.MessageExtendedMedia):
        read_media(media.extended_media.media, said)


def _game(media: Any, said: Said) -> None:
    said.line(media.game.title)
    said.line(media.game.description)
    said.details["game"] = compact(
        title=media.game.title, description=media.game.description, short_name=media.game.short_name
    )


def _paid(media: Any, said: Said) -> None:
    bought = [item for item in media.extended_media or () if isinstance(item, types.MessageExtendedMedia)]
    said.details["paid_media"] = {
        "stars": media.stars_amount,
        "items": len(media.extended_media or ()),
        "bought": len(bought),
    }
    for item in bought:
        read_media(item.media, said)


def _prize(months: Any, stars: Any, description: Any) -> list[str]:
    return [
        *([f"Telegram Premium for {months} months"] if months else ()),
        *([f"{stars} Stars"] if stars else ()),
        *([description] if description else ()),
    ]


def _giveaway(media: Any, said: Said) -> None:
    said.line(f"Giveaway: {media.quantity} prizes")
    for line in _prize(media.months, media.stars, media.prize_description):
        said.line(line)
    said.details["giveaway"] = {"prizes": media.quantity, "until": iso(media.until_date)} | compact(
        months=media.months,
        stars=media.stars,
        description=media.prize_description,
        channel_ids=_channel_ids(media.channels),
        countries=list(media.countries_iso2 or ()),
        only_new_subscribers=media.only_new_subscribers,
        winners_are_visible=media.winners_are_visible,
    )


def _giveaway_results(media: Any, said: Said) -> None:
    said.line(f"Giveaway ended: {media.winners_count} winners")
    for line in _prize(media.months, media.stars, media.prize_description):
        said.line(line)
    said.details["giveaway"] = {"winners": media.winners_count, "until": iso(media.until_date)} | compact(
        winner_ids=[str(winner) for winner in media.winners or ()],
        unclaimed=media.unclaimed_count,
        months=media.months,
        stars=media.stars,
        description=media.prize_description,
        channel_ids=_channel_ids([media.channel_id]),
        launch_message_id=as_text(media.launch_msg_id),
        refunded=media.refunded,
    )


def _story(media: Any, said: Said) -> None:
    story = media.story
    caption = said.words(getattr(story, "caption", None))
    said.entities(caption, getattr(story, "entities", None) or ())
    said.details["story"] = {"id": str(media.id), "author_id": id_of(media.peer)} | compact(
        caption=caption, mentions_me=media.via_mention, deleted=isinstance(story, types.StoryItemDeleted)
    )
    shown = getattr(story, "media", None)
    if shown is not None:
        read_media(shown, said)


def _video_stream(media: Any, said: Said) -> None:
    said.line("Live stream")
    said.details["video_stream"] = {"rtmp": bool(media.rtmp_stream)}


def _web_page(media: Any, said: Said) -> None:
    """A preview says what a page says of itself; its words are not the message's, so they are details only."""
    page = media.webpage
    said.link(getattr(page, "url", None))
    if isinstance(page, types.WebPage):
        said.details["preview"] = compact(
            url=page.url,
            title=page.title,
            description=page.description,
            site=page.site_name,
            type=page.type,
            author=page.author,
            embed_url=page.embed_url,
            seconds=page.duration,
        )


SILENT = (types.MessageMediaPhoto, types.MessageMediaDocument, types.MessageMediaEmpty)  # most media are of these
READERS: dict[type, Callable[[Any, Said], None]] = {
    **dict.fromkeys(SILENT, _nothing),
    types.MessageMediaUnsupported: _unsupported,
    types.MessageMediaPoll: _poll,
    types.MessageMediaToDo: _todo,
    types.MessageMediaGeo: _geo,
    types.MessageMediaGeoLive: _geo,
    types.MessageMediaVenue: _venue,
    types.MessageMediaContact: _contact,
    types.MessageMediaDice: _dice,
    types.MessageMediaInvoice: _invoice,
    types.MessageMediaGame: _game,
    types.MessageMediaPaidMedia: _paid,
    types.MessageMediaGiveaway: _giveaway,
    types.MessageMediaGiveawayResults: _giveaway_results,
    types.MessageMediaStory: _story,
    types.MessageMediaVideoStream: _video_stream,
    types.MessageMediaWebPage: _web_page,
}


def _finite(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _channel_ids(channels: Iterable[int] | None) -> list[str]:
    return [str(marked_id(types.PeerChannel(channel))) for channel in channels or ()]
