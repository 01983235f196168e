"""Strangers' links: nothing on this machine, in this network or in disguise is reached by following one.

Where connections are made stands a recorder, which refuses all but the test's own servers: even without a guard not
one packet would leave. Names are resolved by the test.
"""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import ThreadedResolver
from aiohttp import connector as aiohttp_connector
from help.fakes import Anywhere, line
from help.loopback import always, serving
from hypothesis import given
from hypothesis import strategies as st

import chatframes as cf
from chatframes.model import Refusal
from chatframes.transfer.clock import SYSTEM
from chatframes.transfer.guard import Blocked, Guard, is_public

PUBLIC = "93.184.215.14"
NAMES: dict[str, list[str]] = {
    "localhost": ["127.0.0.1"],
    "localhost.": ["127.0.0.1"],
    "localhost.localdomain": ["127.0.0.1"],
    "ip6-localhost": ["::1"],
    "metadata": ["169.254.169.254"],
    "metadata.google.internal": ["169.254.169.254"],
    "127.0.0.1.nip.example": ["127.0.0.1"],
    "intranet": ["10.1.2.3"],
    "router.local": ["192.168.1.1"],
    "mixed.example": [PUBLIC, "10.0.0.1"],
    "mixed-too.example": ["2606:4700::1111", "fd00::1"],
    "six.example": ["fd12:3456::1"],
    "mapped.example": ["::ffff:10.0.0.1"],
    "nat64.example": ["64:ff9b::a00:1"],
    "cgnat.example": ["100.64.9.9"],
    "zero.example": ["0.0.0.0"],
    "linklocal.example": ["fe80::1"],
    "tunnel.example": ["2002:a00:1::1"],
    "allowed.example": ["10.9.9.9"],
}

LITERALS = """
    127.0.0.1 127.8.9.1 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.254 192.168.0.1
    192.168.1.254 169.254.169.254 169.254.0.1 100.64.0.1 100.127.255.254 100.100.100.200 192.0.0.1 192.0.0.170
    192.0.2.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 192.88.99.1 224.0.0.1 239.255.255.250 240.0.0.1
    255.255.255.255 168.63.129.16 127.0.0.1:443 127.0.0.1:8080 127.0.0.1. 169.254.169.254..
    2130706433 0x7f000001 0x7F000001 0x7f.0.0.1 0x7f.1 017700000001 0177.0.0.1 0177.1 127.1 127.0.1 10.1 2852039166
    0xa9fea9fe 0xA9.0xFE.0xA9.0xFE 0251.0376.0251.0376 3232235521 0xc0a80001 192.168.257 0 127.0.0.01 0x0
    １２７.０.０.１ 127。0。0。1 127｡0｡0｡1 127．0．0．1 ①②⑦.⓪.⓪.① 𝟏𝟐𝟕.𝟎.𝟎.𝟏
    [::1] [::] [0:0:0:0:0:0:0:1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:10.0.0.1] [::ffff:a9fe:a9fe]
    [::ffff:8.8.8.8] [::127.0.0.1] [::7f00:1] [::ffff:0:127.0.0.1] [64:ff9b::7f00:1] [64:ff9b::169.254.169.254]
    [64:ff9b:1::a00:1] [2002:7f00:1::] [2002:a9fe:a9fe::1] [2001::1] [2001:0:53aa:64c:0:0:80ff:fffe] [2001:db8::1]
    [2001:2::1] [2001:10::1] [2001:20::1] [fe80::1] [fec0::1] [fc00::1] [fd00:ec2::254] [ff02::1] [ff0e::1] [100::1]
    [5f00::1] [3fff::1]
""".split()
PORTS = "0 1 21 22 25 53 81 110 445 2375 3306 5432 5900 6379 6443 8000 8081 8888 9200 10250 11211 27017 65535".split()
SPELLINGS = [
    # whose password, and which host
    "http://user@public.example/a.jpg",
    "http://user:word@public.example/a.jpg",
    "http://@public.example/a.jpg",
    "http://:@public.example/a.jpg",
    "http://public.example@127.0.0.1/a.jpg",
    "http://127.0.0.1@public.example/a.jpg",
    "http://a:b@c@public.example/a.jpg",
    "http://public.example\\@127.0.0.1/a.jpg",
    "http://127.0.0.1\\@public.example/a.jpg",
    "http://public.example\\.evil.example/a.jpg",
    # what is no http(s)
    "file:///etc/passwd",
    "ftp://public.example/a.jpg",
    "gopher://127.0.0.1:6379/_INFO",
    "dict://127.0.0.1:11211/stat",
    "ldap://public.example/",
    "ws://public.example/a.jpg",
    "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/a.jpg",
    "data:image/png;base64,iVBORw0KGgo=",
    "javascript:alert(1)",
    "blob:http://public.example/1",
    "jar:http://public.example!/a.jpg",
    "view-source:http://public.example/",
    "mailto:a@public.example",
    "about:blank",
    "//public.example/a.jpg",
    "/a.jpg",
    "a.jpg",
    "",
    "http:",
    "http://",
    "http:///etc/passwd",
    "http:public.example/a.jpg",
    "https:/public.example/a.jpg",
    "http:\\\\127.0.0.1\\a.jpg",
    "http://\\127.0.0.1/a.jpg",
    # hosts that are none
    "http://127%2e0%2e0%2e1/a.jpg",
    "http://%31%32%37.0.0.1/a.jpg",
    "http://127.0.0.1%00.public.example/a.jpg",
    "http://127.0.0.1\x00.public.example/a.jpg",
    "http://127.0.0.1\n.public.example/a.jpg",
    "http://public.example\t/a.jpg",
    "http://public.example\r\nHost: 127.0.0.1/a.jpg",
    "http://pub lic.example/a.jpg",
    " http://127.0.0.1/a.jpg",
    "http://[fe80::1%25eth0]/a.jpg",
    "http://[fe80::1%eth0]/a.jpg",
    "http://[::1/a.jpg",
    "http://::1/a.jpg",
    "http://[127.0.0.1]/a.jpg",
    "http://[::1]x/a.jpg",
    "http://[]/a.jpg",
    "http://public.example:80:80/a.jpg",
    "http://public.example:99999/a.jpg",
    "http://public.example:-1/a.jpg",
    "http://public.example:port/a.jpg",
    "http://public.example:８０８１/a.jpg",
    "http://<script>/a.jpg",
    "http://{host}/a.jpg",
    "http://a|b/a.jpg",
    'http://"public.example"/a.jpg',
    "http://./a.jpg",
    "http://.../a.jpg",
    f"http://{'a' * 300}.example/a.jpg",
]
REASONS = {
    **{f"http://{literal}/a.jpg": "blocked_address" for literal in LITERALS},
    **{f"https://{name}/a.jpg": "blocked_address" for name in NAMES},
    "http://LOCALHOST/a.jpg": "blocked_address",
    "HTTP://LocalHost./a.jpg": "blocked_address",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/a.jpg": "bad_url",
    "http://ｌｏｃａｌｈｏｓｔ/a.jpg": "bad_url",
    **{f"http://public.example:{port}/a.jpg": "blocked_port" for port in PORTS},
    **dict.fromkeys(SPELLINGS, "bad_url"),
}
HOSTILE = list(REASONS)
GOOD = [
    "http://public.example/a.jpg",
    "https://public.example/a.jpg",
    "HTTPS://PUBLIC.example/a.jpg",
    "http://public.example",
    "http://public.example?a=1",
    "http://public.example:80/a.jpg",
    "https://public.example:443/a.jpg",
    "http://public.example:8080/a.jpg",
    "https://public.example:8443/a.jpg",
    "http://public.example:/a.jpg",
    "http://public.example./a.jpg",
    "https://i.redd.it/abc123.jpg",
    "https://preview.redd.it/title-v0-abc.jpeg?width=640&crop=smart&auto=webp&s=0a1b2c",
    "https://external-preview.redd.it/A-b_c.jpg?s=1",
    "https://i.imgur.com/abc.jpg",
    "https://media.giphy.com/media/abc/giphy.gif",
    "https://upload.wikimedia.org/wikipedia/commons/a/a9/Example_(1).jpg",
    "https://files.webex.example/a.jpg?signature=a%2Fb%3D",
    "https://public.example/with%20space/a.jpg",
    "https://public.example/with space/a.jpg",
    "https://public.example/ünï/a.jpg",
    "https://public.example/@user/a.jpg",
    "https://public.example/a.jpg?to=http://127.0.0.1/",
    "https://public.example/a.jpg#@127.0.0.1",
    "https://public.example//double//a.jpg",
    "https://public.example/a;b=c/d.jpg",
    "https://bücher.example/a.jpg",
    "https://xn--bcher-kva.example/a.jpg",
    "https://127.0.0.1.public.example/a.jpg",
    "https://localhost.public.example/a.jpg",
    "https://under_score.example/a.jpg",
    "https://a-b.c-d.example/a.jpg",
    "https://1.example/a.jpg",
    "https://0x7f.example/a.jpg",
    "http://8.8.8.8/a.jpg",
    "http://1.1.1.1:8080/a.jpg",
    "http://172.32.0.1/a.jpg",
    "http://172.15.255.255/a.jpg",
    "http://100.128.0.1/a.jpg",
    "http://11.0.0.1/a.jpg",
    "http://192.167.255.255/a.jpg",
    "http://223.255.255.1/a.jpg",
    "http://[2606:4700::1111]/a.jpg",
    "https://[2a00:1450:4001:80b::200e]:8443/a.jpg",
    "http://[64:ff9b::8.8.8.8]/a.jpg",  # what a network without IPv4 makes of 8.8.8.8
]


class Recorder:
    """Stands where connections are made and names are resolved; refuses all connections but those to `own` ports."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, names: dict[str, list[str]]) -> None:
        self.reached: list[tuple[str, int]] = []
        self.asked: list[str] = []
        self.own: set[int] = set()
        self.names = names
        really = aiohttp_connector.aiohappyeyeballs.start_connection

        async def start_connection(addr_infos: Any, **options: Any) -> Any:
            addresses = [info[4][:2] for info in addr_infos]
            self.reached += addresses
            if all(host == "127.0.0.1" and port in self.own for host, port in addresses):
                return await really(addr_infos=addr_infos, **options)
            raise ConnectionRefusedError(111, "recorded, and refused")

        monkeypatch.setattr(aiohttp_connector.aiohappyeyeballs, "start_connection", start_connection)
        # aiohttp would ask name servers by itself if aiodns happened to be installed.
        monkeypatch.setattr(aiohttp_connector, "DefaultResolver", ThreadedResolver)
        monkeypatch.setattr(socket, "getaddrinfo", self.resolve)

    def resolve(self, host: str, port: int, *_: object, **__: object) -> list[Any]:
        self.asked.append(host)
        try:
            addresses = [socket.inet_ntoa(socket.inet_aton(host))]  # as resolvers read 127.1
        except OSError:
            addresses = self.names.get(host.lower(), [PUBLIC])
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
            if ":" in address
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in addresses
        ]


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    return Recorder(monkeypatch, NAMES)


async def follow(urls: Iterable[str], guard: Any, **options: Any) -> dict[str, Refusal | bytes]:
    """What becomes of strangers' links."""
    became: dict[str, Refusal | bytes] = {}
    async with line("https://api.example/v1", SYSTEM, guard=guard, **options) as way:
        for url in urls:
            try:
                async with way.link.download(url, foreign=True) as body:
                    became[url] = b"".join([chunk async for chunk in body.chunks])
            except Refusal as refusal:
                became[url] = refusal
    return became


def refused(url: str, guard: Any = None, **options: Any) -> tuple[str, str]:
    (became,) = asyncio.run(follow([url], guard or Guard(), **options)).values()
    assert isinstance(became, Refusal)
    return became.status, became.reason


# --- which links are followed ----------------------------------------------------------------------------------------


def test_there_are_enough_of_both() -> None:
    assert len(set(HOSTILE)) >= 130
    assert len(set(GOOD)) >= 40


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_link_is_refused_and_nothing_is_reached(url: str, recorder: Recorder) -> None:
    assert refused(url) == ("skipped", REASONS[url])
    assert recorder.reached == []


@pytest.mark.parametrize("url", GOOD)
def test_a_good_link_is_followed(url: str, recorder: Recorder) -> None:
    assert refused(url) == ("failed", "connect")  # the recorder lets nobody through
    (reached,) = recorder.reached
    assert is_public(reached[0])


def test_without_the_guard_the_same_links_would_reach_what_is_private(recorder: Recorder) -> None:
    asyncio.run(follow(HOSTILE, Anywhere()))
    private = [address for address, _ in recorder.reached if not is_public(address)]
    ports = {port for _, port in recorder.reached}
    assert len(private) > 60
    assert {"127.0.0.1", "169.254.169.254", "::1", "10.1.2.3"} <= set(private)
    assert {22, 6379} <= ports


@given(st.ip_addresses(v=4), st.sampled_from(["plain", "number", "hex", "octal", "mapped", "6to4", "nat64"]))
def test_no_spelling_of_a_private_address_gets_by(ip: Any, how: str) -> None:
    number = int(ip)
    spelled = {
        "plain": str(ip),
        "number": str(number),
        "hex": hex(number),
        "octal": ".".join(f"0{part:o}" for part in ip.packed),
        "mapped": f"[::ffff:{ip}]",
        "6to4": f"[2002:{number >> 16:x}:{number & 0xFFFF:x}::1]",
        "nat64": f"[64:ff9b::{ip}]",
    }[how]
    if not ip.is_global or how in ("mapped", "6to4"):
        with pytest.raises(Blocked) as caught:
            Guard().check_url(f"http://{spelled}/a.jpg")
        assert caught.value.reason == "blocked_address"


# --- what the admin allows -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        ("10.1.2.3:9000", "http://10.1.2.3:9000/a.jpg"),
        ("allowed.example:80", "http://ALLOWED.example/a.jpg"),
        ("[fd00::1]:443", "https://[fd00::1]/a.jpg"),
    ],
)
def test_an_exact_host_and_port_can_be_allowed(allowed: str, url: str, recorder: Recorder) -> None:
    assert refused(url, Guard(frozenset({allowed}))) == ("failed", "connect")
    assert len(recorder.reached) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://10.1.2.3:9001/a.jpg",
        "http://10.1.2.4:9000/a.jpg",
        "http://10.1.2.3/a.jpg",
        "http://167838211:9000/a.jpg",
        "http://[::ffff:10.1.2.3]:9000/a.jpg",
        "http://user@10.1.2.3:9000/a.jpg",
        "ftp://10.1.2.3:9000/a.jpg",
    ],
)
def test_nothing_next_to_it_is_allowed(url: str, recorder: Recorder) -> None:
    assert refused(url, Guard(frozenset({"10.1.2.3:9000"})))[0] == "skipped"
    assert recorder.reached == []


def test_only_the_admin_lets_a_link_into_this_machine() -> None:
    with cf.sandbox(messages=60, images=12) as world:
        bare = {name: section for name, section in world.config.items() if name != "downloads"}
        source = cf.Reddit("r/apollo", posts="all", comments="all")
        refusals = cf.attachments(cf.fetch(source, images=True, config=bare, progress=False))
        assert set(refusals.loc[refusals["url"].notna() & (refusals["reason"] != "not_an_image"), "reason"]) == {
            "blocked_address"
        }
        assert not world.stats()["reddit"]["picture_gets"]


# --- names that change, and hops -------------------------------------------------------------------------------------


def test_a_name_that_is_public_first_and_private_later_never_leads_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(monkeypatch, {})
    answers = [[PUBLIC], ["127.0.0.1"], ["10.0.0.1"], [PUBLIC, "10.0.0.1"]]

    def resolve(host: str, port: int, *_: object, **__: object) -> list[Any]:
        recorder.names = {host: answers.pop(0)}
        return recorder.resolve(host, port)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert refused("http://rebinding.example/a.jpg") == ("failed", "connect")
    assert recorder.reached == [(PUBLIC, 80)], "the address that was looked at is the one connected to"
    for _ in range(3):
        assert refused("http://rebinding.example/a.jpg") == ("skipped", "blocked_address")
    assert recorder.reached == [(PUBLIC, 80)]
    assert answers == [], "and nobody asked twice for one connection"


def test_a_redirect_into_the_network_is_refused_at_that_hop(recorder: Recorder) -> None:
    async def go() -> None:
        async with serving(always(200, b"secret")) as inside:
            for target, reason in (
                (f"{inside.url}/admin", "blocked_address"),
                ("http://169.254.169.254/latest/meta-data/", "blocked_address"),
                ("http://[::ffff:127.0.0.1]/", "blocked_address"),
                ("http://2130706433/", "blocked_address"),
                ("http://metadata/", "blocked_address"),
                ("http://public.example:22/", "blocked_port"),
                ("http://user:word@public.example/", "redirect"),
                ("file:///etc/passwd", "redirect"),
                ("http:\\\\127.0.0.1\\", "redirect"),
            ):
                async with serving(always(302, b"", ("Location", target))) as outside:
                    recorder.own = {outside.port, inside.port}
                    guard = Guard(frozenset({f"127.0.0.1:{outside.port}"}))
                    (became,) = (await follow([f"{outside.url}/a.jpg"], guard)).values()
                    assert isinstance(became, Refusal)
                    assert became.reason == reason, target
                    assert len(outside.requests) == 1
            assert inside.requests == []

    asyncio.run(go())


def test_a_connection_of_the_api_is_no_way_around_the_guard() -> None:
    async def go() -> None:
        async with serving(always(200, b"{}")) as server, line(server.url, SYSTEM, guard=Guard()) as way:
            assert (await way.link.json(f"{server.url}/page")).payload == {}
            with pytest.raises(Refusal) as caught:
                async with way.link.download(f"{server.url}/a.jpg", foreign=True):
                    pass
            assert caught.value.reason == "blocked_address"
            assert server.targets == ["/page"]

    asyncio.run(go())


def test_both_kinds_of_connections_share_one_number() -> None:
    async def go() -> None:
        limits = httpx.Limits(max_connections=4, max_keepalive_connections=1)
        async with serving(always(200, b"{}")) as server:
            guard = Guard(frozenset({f"127.0.0.1:{server.port}"}))
            async with line(server.url, SYSTEM, guard=guard, limits=limits) as way:

                async def one(number: int) -> None:
                    if number % 2:
                        await way.link.json(f"{server.url}/{number}")
                        return
                    async with way.link.download(f"{server.url}/{number}", foreign=True) as body:
                        assert b"".join([chunk async for chunk in body.chunks]) == b"{}"

                for _ in range(3):
                    await asyncio.gather(*(one(number) for number in range(4)))
                assert server.tally.peak <= 4
                await server.until(lambda: len(server.open) <= 1)

    asyncio.run(go())


def test_a_strangers_host_that_has_enough_closes_the_way_to_itself_only() -> None:
    async def go() -> None:
        sorry = always(429, b"", ("Retry-After", "3000"))
        async with serving(sorry) as busy, serving(always(200, b"{}")) as api, line(api.url, SYSTEM) as way:
            for _ in range(2):
                with pytest.raises(Refusal) as caught:
                    async with way.link.download(f"{busy.url}/a.jpg"):
                        pass
                assert caught.value.reason == "rate_limited"
            assert len(busy.requests) == 1
            assert (await way.link.json(f"{api.url}/page")).payload == {}
            async with way.link.download(f"{api.url}/picture") as body:
                assert b"".join([chunk async for chunk in body.chunks]) == b"{}"

    asyncio.run(go())


# --- proxies ---------------------------------------------------------------------------------------------------------


def with_proxy(
    monkeypatch: pytest.MonkeyPatch, recorder: Recorder, act: Callable[[Any], Any], user: str = ""
) -> list[Any]:
    """What a proxy that the environment names was asked for."""

    async def go() -> list[Any]:
        async with serving(always(200, b"by the proxy")) as proxy:
            recorder.own = {proxy.port}
            for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
                monkeypatch.setenv(name, f"http://{user}127.0.0.1:{proxy.port}")
            await act(proxy)
            return list(proxy.requests)

    return asyncio.run(go())


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch, recorder: Recorder) -> None:
    async def act(_: Any) -> None:
        await follow(["http://public.example/a.jpg", "https://public.example/a.jpg"], Guard())

    assert with_proxy(monkeypatch, recorder, act) == []
    assert recorder.reached == [(PUBLIC, 80), (PUBLIC, 443)]


def test_they_are_when_the_admin_says_so(monkeypatch: pytest.MonkeyPatch, recorder: Recorder) -> None:
    async def act(_: Any) -> None:
        got = await follow(["http://public.example/a.jpg", "http://127.0.0.1/a.jpg"], Guard(), trust_env=True)
        assert got["http://public.example/a.jpg"] == b"by the proxy"
        inside = got["http://127.0.0.1/a.jpg"]
        assert isinstance(inside, Refusal)
        assert inside.reason == "blocked_address"

    (request,) = with_proxy(monkeypatch, recorder, act, user="who:word@")
    assert request.target == "http://public.example/a.jpg"
    assert request.header("Proxy-Authorization") == f"Basic {base64.b64encode(b'who:word').decode()}"
    assert recorder.asked == [], "names are the proxy's business"


def test_no_proxy_is_honoured(monkeypatch: pytest.MonkeyPatch, recorder: Recorder) -> None:
    monkeypatch.setenv("NO_PROXY", "public.example")

    async def act(_: Any) -> None:
        await follow(["http://public.example/a.jpg"], Guard(), trust_env=True)

    assert with_proxy(monkeypatch, recorder, act) == []


def test_a_proxy_that_is_none_is_a_sentence(monkeypatch: pytest.MonkeyPatch, recorder: Recorder) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://somebody:5ec2e7@127.0.0.1:1080")
    with pytest.raises(cf.ConfigError, match="no HTTP proxy") as refusal:
        asyncio.run(follow(["http://public.example/a.jpg"], Guard(), trust_env=True))
    assert "5ec2e7" not in str(refusal.value)
    assert recorder.reached == []


@pytest.mark.parametrize("trust_env", [False, True])
def test_no_netrc_is_ever_read(trust_env: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("default login somebody password 5ec2e7\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".netrc").write_text("default login somebody password 5ec2e7\n")

    async def go() -> None:
        async with serving(always(200, b"{}")) as server, line(server.url, SYSTEM, trust_env=trust_env) as way:
            await way.link.json(f"{server.url}/page")
            async with way.link.download(f"{server.url}/a.jpg", foreign=True):
                pass
            assert [request.header("Authorization") for request in server.requests] == [None, None]

    asyncio.run(go())
