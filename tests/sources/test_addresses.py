"""Nothing of an address is cut off without a word, and nobody is led elsewhere by one: for all three services."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chatframes as cf
from chatframes import commands
from chatframes.services import services
from chatframes.sources.reddit.addresses import named
from chatframes.sources.telegram.addresses import parse as telegram_chat
from chatframes.sources.webex.addresses import parse as webex_room

pytestmark = pytest.mark.quick

UUID = "078b4340-bb02-11ee-9ae2-81c7c613996c"
READ: dict[str, Callable[[str], Any]] = {"webex": webex_room, "telegram": telegram_chat, "reddit": named}
# One address of each kind that is understood.
ADDRESSES = {
    "webex": (
        f"webexteams://im?space={UUID}", f"https://web.webex.com/spaces/{UUID}", f"web.webex.com/spaces/{UUID}/chat",
        "https://webexapis.com/v1/rooms/Y2lzY29zcGFyazovL3VzL1JPT00vMQ", "webexteams://im?email=ada@example.com",
    ),
    "telegram": (
        "https://t.me/apollo", "t.me/apollo/12", "https://t.me/apollo/12?single", "https://t.me/c/2111267418/3/12",
        "tg://resolve?domain=apollo", "tg://privatepost?channel=2111267418&post=12", "https://apollo.t.me",
        "https://web.telegram.org/a/#-1002111267418", "https://t.me/+4712345678", "https://t.me/s/apollo",
    ),
    "reddit": (
        "r/python", "https://www.reddit.com/r/python", "https://www.reddit.com/r/python/top/?t=week", "redd.it/1abcd2",
        "https://www.reddit.com/r/python/comments/1abcd2/title/kxyz12/?context=3", "https://www.reddit.com/search?q=moon",
        "https://www.reddit.com/user/some_one/submitted/", "https://www.reddit.com/r/python/s/AbC123xyz", "reddit://r/python",
    ),
}  # fmt: skip
EACH = [(service, address) for service, those in ADDRESSES.items() for address in those]
# Beginning with "zz", so that no word of Reddit's or Telegram's own comes out.
WORDS = st.from_regex("zz[a-z0-9]{1,12}", fullmatch=True)
TRACKERS = ("utm_source=zz", "utm_campaign=a%20b", "fbclid=zz", "gclid=zz")


def outcome(service: str, text: str) -> Any:
    """What a text means; None where it is refused."""
    try:
        return READ[service](text)
    except cf.ConfigError:
        return None


def with_step(address: str, word: str) -> str:
    """The address with one more step at the end of its path."""
    path, rest = re.fullmatch(r"([^?#]*)(.*)", address).groups()
    return f"{path.rstrip('/')}/{word}{rest}"


def with_parameter(address: str, pair: str) -> str:
    """The address with one more parameter."""
    whole, mark, fragment = address.partition("#")
    return f"{whole}{'&' if '?' in whole else '?'}{pair}{mark}{fragment}"


@settings(max_examples=300, deadline=None)
@given(
    each=st.sampled_from(EACH),
    word=WORDS,
    change=st.sampled_from(
        ["step", "two steps", "parameter", "bare parameter", "word", "word before", "dots", "place"]
    ),
)
def test_an_address_with_more_in_it_is_understood_whole_or_refused(
    each: tuple[str, str], word: str, change: str
) -> None:
    service, address = each
    changed = {
        "step": with_step(address, word),
        "two steps": with_step(with_step(address, word), "12"),
        "parameter": with_parameter(address, f"{word}=1"),
        "bare parameter": with_parameter(address, word),
        "word": f"{address} {word}",
        "word before": f"{word} {address}",
        "dots": with_step(address, f"../{word}"),
        "place": f"{address}#{word}",
    }[change]
    meant = outcome(service, changed)
    if change == "word before":  # no address: the whole text is the title, or is refused
        assert meant is None or word in meant.name
    elif change == "step" and "/comments/" not in address:
        assert meant is None or word in repr(meant), "what was added is part of what is meant"
    else:
        assert meant is None or "title" in repr(meant)


@pytest.mark.parametrize(("service", "address"), EACH)
def test_only_known_trackers_may_be_dropped_and_a_reader_that_cuts_is_found_out(service: str, address: str) -> None:
    meant = outcome(service, address)
    assert meant is not None
    for pair in TRACKERS:
        assert outcome(service, with_parameter(address, pair)) == meant
    # Negative control: who reads the path's first words only takes other addresses for this one.
    cut = re.compile(r"[^?#]*")
    assert cut.match(with_parameter(address, "zz=1"))[0] == cut.match(address)[0]
    assert outcome(service, with_parameter(address, "zz=1")) is None


@pytest.mark.parametrize(("service", "address"), EACH)
def test_nobody_is_led_to_another_place(service: str, address: str) -> None:
    scheme, _, rest = address.rpartition("://")
    if scheme and scheme not in ("http", "https"):
        return
    host, slash, path = rest.partition("/")
    if not slash and "." not in host:
        return
    others = [
        f"{host}.evil.example", f"evil.example@{host}", f"user:Canary@{host}", f"{host}@evil.example", f"{host}:443",
        f"evil-{host}", f"{host}\\@evil.example", f"{host}%2eevil.example", host.replace("e", "\u0435"),
        host.replace(".", "\u3002"), f"\uff45{host}", f"{host}.", f"[{host}]", f"{host} .evil.example", f"{host}\tx",
        f"xn--{host}", f"127.0.0.1#{host}", f"evil.example?{host}", f"evil.example/{host}",
    ]  # fmt: skip
    for other in {other for other in others if other != host}:
        if service == "telegram" and other.endswith(".t.me"):  # a name may stand before it
            continue
        changed = f"https://{other}{slash}{path}"
        with pytest.raises(cf.ConfigError) as refused:
            READ[service](changed)
        assert "Canary" not in str(refused.value), changed


HOSTILE = [
    "https://t.me/\x00apollo", "https://t.me/%00", "https://t.me/%ff", "t.me/apollo\nHost: evil", "tg://resolve?domain=a%0ab",
    "https://www.reddit.com/r/py\x1bthon", "r/py\nthon", "https://www.reddit.com/search?q=%00", "reddit://%0d%0a",
    "webexteams://im?space=%00", "https://web.webex.com/spaces/\x7f", "https://", "http:///", "//", "://", "?", "#", "@",
    "https://%74.me/apollo", "https://t.me/%2e%2e/apollo", "javascript://t.me/%0aalert(1)", "data://t.me/apollo",
    "file:///etc/passwd", "https://[::1/r/x", "https://t.me/\ud800",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("service", READ)
def test_hostile_texts_are_a_sentence_or_a_title(service: str, text: str) -> None:
    try:
        services()[service].source(text)
    except cf.ConfigError as refused:
        said = str(refused)
        assert said[0].isupper()
        assert said.endswith(".")
        assert said.isprintable()
    else:
        assert READ[service](text).how == "title"  # which is only compared with those that the account has


@pytest.mark.parametrize("service", READ)
@pytest.mark.parametrize(
    "piece", ["a", "/", "a/", "@", "%41", "&a=b", "#", ".a", "-", "+a", "1", "<", "a:", "Y2lz", "\u00e9"]
)
def test_a_hundred_kilobytes_are_refused_by_their_length_alone(service: str, piece: str) -> None:
    size = 100_000 // len(piece)
    for beginning in ("", "https://t.me/", "https://www.reddit.com/r/", "webexteams://im?space=", "@"):
        with pytest.raises(cf.ConfigError, match=r"a text of 100,0\d\d characters|a text of 99,") as refused:
            services()[service].source(beginning + piece * size)
        assert len(str(refused.value)) < 300


def test_a_number_of_any_length_is_refused() -> None:
    with pytest.raises(cf.ConfigError, match="at most 19 digits"):
        cf.Telegram(10**6000)


@given(text=st.text(max_size=60))
def test_any_text_is_understood_or_refused(text: str) -> None:
    for service, read in READ.items():
        try:
            source = services()[service].source(text)
        except cf.ConfigError:
            continue
        read(source.what if service == "reddit" else source.chat if service == "telegram" else source.room)
        assert source == eval(repr(source), {type(source).__name__: type(source)})


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("telegram:https://t.me/apollo/12?single", cf.Telegram("https://t.me/apollo/12?single")),
        ("reddit:https://www.reddit.com/r/python/top/?t=week", cf.Reddit("https://www.reddit.com/r/python/top/?t=week")),
        (f"webex:webexteams://im?space={UUID}", cf.Webex(f"webexteams://im?space={UUID}")),
    ],
)  # fmt: skip
def test_the_command_line_reads_addresses_with_the_same_function(text: str, source: Any) -> None:
    assert commands._source(text, {}, {}) == source


# Without https://, among other words, by halves: for whichever service somebody takes them.
INVITATIONS = [
    "t.me/+Canary_a1B2c3D4", "telegram.me/joinchat/Canary_a1", "Join us: t.me/+Canary_a1B2c3", "+Canary_a1B2c3D4", "+CanaryAbCdEfGhIj",
    "joinchat/Canary_a1", "tg:join?invite=Canary", "[us](tg://join?invite=Canary)", "t.me/addlist/Canary_a1",
    "eurl.io/#Canary1", "eurl.io#Canary1", "Join us: eurl.io/#Canary1", "discord.gg/Canary", "chat.whatsapp.com/Canary",
    "signal.group/#Canary", "proxy: t.me/proxy?server=x&port=1&secret=Canary", "chat.example.com/join?access_token=Canary",
]  # fmt: skip


@pytest.mark.parametrize("text", INVITATIONS)
@pytest.mark.parametrize("service", READ)
def test_no_service_repeats_an_invitation_that_may_be_anothers(service: str, text: str) -> None:
    for make in (services()[service].source, lambda text: commands._source(f"{service}:{text}", {}, {})):
        with pytest.raises(cf.ConfigError) as refused:
            make(text)
        assert "Canary" not in str(refused.value)


def test_a_title_may_look_a_little_like_an_invitation() -> None:
    for title in (
        "+1",
        "+1 for coffee",
        "C++ and more",
        "Join us",
        "joinchat",
        "me/+you",
        "+Projektgruppe",
        "+47-1234-567890",
        "Who will pass=win?",
    ):
        assert cf.Webex(title).room == title


@pytest.mark.parametrize(
    "text",
    ["https://t.me/+Canary_a1B2c3", "telegram:https://t.me/+Canary_a1B2c3", "t.me/+Canary", "+Canary_a1B2c3D4",
     "tg:join?invite=Canary", "eurl.io#Canary", "discord.gg?Canary"],
)  # fmt: skip
def test_the_command_line_repeats_no_invitation(text: str) -> None:
    with pytest.raises(cf.ConfigError) as refused:
        commands._source(text, {}, {})
    assert "Canary" not in str(refused.value)
