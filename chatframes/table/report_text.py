"""Write the report in words: the meaning of each reason, which setting helps, and the lines to read."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence

from ..model import RETRYABLE
from ..page.html import plain
from .source_report import Gap, SourceReport, Span

__all__ = ["ADVICE", "LOSSES", "NO_PICTURE", "REASONS", "advice_rows", "as_text", "reason_rows", "source_rows"]

MAX_LINES = 24
MAX_COLUMNS = 99
MOST_OF_A_NAME = 200
INDENT = 10
MOST_LEARNT = 3  # hosts that took fewer requests at once; report(frame).learnt holds all

Row = tuple[str, str]  # a label and a text; a line without a label is a heading

REASONS = {
    "disabled": "downloading was off; images=True turns it on",
    "too_large": "larger than max_size_bytes",
    "too_many": "more attachments than one message may have",
    "budget": "over the whole call's max_total_bytes or total_bytes",
    "not_an_image": "not pictures: documents, videos, archives",
    "no_bytes": "the service has nothing to download",
    "bad_url": "the link is not one that can be fetched",
    "blocked_address": "the link leads into a private network",
    "blocked_port": "the link leads to a port that is not for web pages",
    "malware": "the service found malware",
    "unscannable": "the service could not scan it; allow_unscannable opens it",
    "undecodable": "Pillow does not open it; keep_undecodable=True keeps it",
    "dns": "the name of the host was not found",
    "connect": "no connection to the host",
    "tls": "the host's certificate is not valid",
    "timeout": "no answer in time",
    "too_slow": "the bytes came too slowly",
    "truncated": "cut short on the way",
    "redirect": "too many redirects, or one that leads nowhere",
    "content_encoding": "packed in a way that is not accepted",
    "bad_response": "the answer was a page, not a picture",
    "http_4xx": "the host refused",
    "http_5xx": "the host had an error",
    "gone": "deleted, or moved away",
    "unauthorized": "the host asked for a login",
    "forbidden": "this account may not see it",
    "rate_limited": "too many requests for the host",
    "locked": "still being scanned by the service",
    "cancelled": "interrupted",
    "memory": "not enough memory",
    "disk": "not enough room on the disk",
    "internal": "an error of chatframes; please report it",
}

NO_PICTURE = ("not_an_image", "no_bytes")  # documents, films, places, contacts: no picture is missing there

# For each symptom: what happened, and which key to change.
ADVICE = {
    "pool_timeout": "downloads ran out of connections: lower max_concurrent_image_downloads (20 -> 10)",
    "slow": "downloads were slow, none timed out: raise max_concurrent_image_downloads (20 -> 30)",
    "memory": "memory ran short: fetch smaller date ranges, use images=False, or export(...)",
    "rate_limits": "rate limits: lower max_concurrent_fetches (5 -> 3), parallel_fetch_chunk_days (7 -> 5)",
}

# For each symptom of pictures that were lost because of the account: what happened, and what to do.
LOSSES = {
    "pictures_unauthorized": "the account's login ended before all pictures were there: log in again, fetch again",
    "pictures_not_renewed": "the account's token ended, and nobody answered to renew it: fetch again later",
    "pictures_proxy": "the proxy asks for a login: write name and password into HTTPS_PROXY, fetch again",
    "pictures_forbidden": "the account may not see some pictures: use one that may, or a token with that scope",
    "pictures_rate_limited": "the service made the account wait too long for pictures: fetch again later",
}


def source_rows(source: SourceReport) -> list[Row]:
    """Return the lines about one source: a heading, the range that was asked for, and what is missing."""
    name = str(source.chat_name or source.chat_id or source.source)[:MOST_OF_A_NAME]
    extra = [
        f"{count:,} {what}"
        for count, what in (
            (source.duplicates, "seen twice"),
            (source.retries, "request repeated" if source.retries == 1 else "requests repeated"),
        )
        if count
    ]
    heading = ", ".join([f"{source.messages:,} messages", source.status, *extra])
    service = source.source.partition("(")[0]
    rows = [("", plain(f"{name} ({service}): {heading}" if not name.startswith(service) else f"{name}: {heading}"))]
    rows.append(("asked", f"{_stretch(source.requested)} UTC"))
    if (begins := _beginning(source)) is not None:
        rows.append(("covered", f"all of that: it begins at {begins}"))
    elif list(source.covered) != [source.requested]:
        covered = "; ".join(_stretch(span) for span in source.covered[:2]) or "nothing"
        more = len(source.covered) - 2
        rows.append(("covered", covered + (f"; and {more} more" if more > 0 else "")))
    rows += [("missing", f"{_stretch(gap)}: {plain(gap.reason)}") for gap in source.gaps[:2]]
    if len(source.gaps) > 2:
        rows.append(("missing", f"and {len(source.gaps) - 2} more stretches"))
    if source.status == "open":
        rows += _known(source)
    if source.missing.count:
        ids = ", ".join(plain(message_id) for message_id in source.missing.ids[:3])
        named = f": {ids}" + (", …" if source.missing.count > 3 else "") if ids else ""
        rows.append(("missing", f"{source.missing.count:,} messages that were named and not given{named}"))
    if source.error:
        # It says what to do, so it gets up to three lines.
        lines = _wrapped(source.error, 3)
        rows += [("error" if at == 0 else " ", line) for at, line in enumerate(lines)]
    for note in source.notes[:2]:
        lines = _wrapped(note, 2)
        rows += [("note" if at == 0 else " ", line) for at, line in enumerate(lines)]
    return rows


def _wrapped(text: str, most: int) -> list[str]:
    return textwrap.wrap(plain(text), MAX_COLUMNS - INDENT - 2, max_lines=most, placeholder=" …")


def _beginning(source: SourceReport) -> str | None:
    """Return where a chat begins that was asked for, and read, from its beginning on; None for any other.

    A number of messages may also have been the end, so the service must have said that the chat began.
    """
    if source.begins is None or source.status != "complete":
        return None
    if len(source.covered) != 1 or source.requested.since is not None:
        return None
    (covered,) = source.covered
    return _moment(covered.since) or None if covered.until == source.requested.until else None


def _known(source: SourceReport) -> list[Row]:
    """Return the lines about what an open source holds."""
    if not source.covered:
        known = "nothing: the list was empty, or not in the order of time"
    elif source.covered[-1].until != source.requested.until:
        return [("known", f"up to {_moment(source.covered[-1].until)}: this chat has ended")]
    else:
        known = f"from {_moment(source.covered[0].since)} on"
    return [("known", known), (" ", "whether there is anything older, the service does not say")]


def advice_rows(symptoms: Sequence[str]) -> list[Row]:
    """Return a line for each symptom, with the setting to change."""
    return [("advice", ADVICE.get(symptom) or LOSSES.get(symptom) or plain(symptom)) for symptom in symptoms[:4]]


def reason_rows(label: str, counts: Mapping[str, int]) -> list[Row]:
    """Return lines about attachments without a picture: the three most frequent reasons are explained."""
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rows = []
    for reason, count in most[:3]:
        hint = " (worth another try)" if reason in RETRYABLE else ""
        words = REASONS.get(reason)
        rows.append((label, f"{count:,} {plain(reason)}" + (f": {words}" if words else "") + hint))
    if len(most) > 3:
        rows.append((label, ", ".join(f"{count:,} {plain(reason)}" for reason, count in most[3:])))
    return rows


def as_text(rows: Iterable[Row]) -> str:
    """Return rows as lines of text, each at most a screen wide."""
    lines = []
    for label, text in rows:
        line = f"  {label:<{INDENT}}{text}" if label else text
        lines.append(line if len(line) <= MAX_COLUMNS else line[: MAX_COLUMNS - 1] + "…")
    return "\n".join(lines)


def _stretch(span: Span | Gap) -> str:
    return f"{_moment(span.since) or 'the beginning'} to {_moment(span.until) or 'now'}"


def _moment(text: str | None) -> str:
    return plain(text or "").partition(".")[0].replace("T", " ").removesuffix("Z").removesuffix(":00")
