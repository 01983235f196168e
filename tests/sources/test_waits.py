"""A wait that a service asks for holds for all calls of the account it was asked of, and for nobody else."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import product
from typing import Any

import pytest
from help.holding import ROOM, HoldingWebex
from help.sampling import sampled

import chatframes as cf
from chatframes.world.calls import Answer
from chatframes.world.fault import Fault
from chatframes.world.mtproto.server import RpcError
from chatframes.world.reddit.faults import FAULTS as REDDIT_FAULTS
from chatframes.world.reddit.faults import refused
from chatframes.world.sandbox import World
from chatframes.world.telegram.faults import FAULTS as TELEGRAM_FAULTS
from chatframes.world.telegram.faults import TelegramFault
from chatframes.world.webex.faults import FAULTS, refusal

PATIENCE_SECONDS = 60  # only a failing test waits this long
DAY_SECONDS = 86_400
SOURCES = {
    "webex": cf.Webex("Project Apollo"),
    "telegram": cf.Telegram("@apollo"),
    "reddit": cf.Reddit("r/apollo", posts="all", comments="all"),
}
SERVICES = list(SOURCES)


@pytest.fixture(autouse=True)
def what_still_waits_ends() -> Iterator[None]:
    yield
    cf.shutdown()


class Fetching:
    """A fetch in a thread of its own."""

    def __init__(self, service: str, config: dict[str, Any]) -> None:
        self._waits = threading.Event()
        self._frames: list[Any] = []
        self._service, self._config = service, config
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with suppress(cf.ChatframesError):
            self._frames.append(
                cf.fetch(SOURCES[self._service], images=True, config=self._config, progress=self._listen)
            )

    def _listen(self, event: cf.Event) -> None:
        if event.kind == "waiting":
            self._waits.set()

    def until_it_waits(self) -> None:
        assert self._waits.wait(PATIENCE_SECONDS), "it was to be asked to wait"

    @property
    def goes_on(self) -> bool:
        return self._thread.is_alive()

    def frame(self) -> Any:
        self._thread.join(PATIENCE_SECONDS)
        assert self._frames, "it does not come to an end" if self._thread.is_alive() else "it failed"
        return self._frames[0]


def patient(world: World) -> dict[str, Any]:
    """A configuration with which a page waits as long as the service asks for; one page and one file at once.

    That is the width of the others, too, while it runs: who waits has to lend the only place. And the refusal is no
    news to requests that were sent before it.
    """
    config = world.config
    config["webex"] |= {"max_concurrent_fetches": 1, "max_concurrent_image_downloads": 1}
    config["telegram"] |= {"max_concurrent_fetches": 1, "max_concurrent_media_downloads": 1}
    config["reddit"] |= {"max_concurrent_image_downloads": 1}
    return {**config, "downloads": {**config["downloads"], "max_retry_wait_seconds": DAY_SECONDS}}


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Make a fault of a service that refuses pages or files for a long time, from the third one on."""

    def http(kinds: set[str], answer: Callable[[], Answer]) -> Callable[..., Answer]:
        calls = itertools.count()

        def act(call: Any, go: Callable[[Any], Answer]) -> Answer:
            return answer() if call.kind in kinds and next(calls) >= 2 else go(call)

        return act

    def telegram(seconds: int) -> Callable[[Any], None]:
        def act(call: Any) -> None:
            if call.number >= 3:
                raise RpcError(420, f"FLOOD_WAIT_{seconds}")

        return act

    def make(service: str, what: str) -> str:
        seconds = 3600 if what == "pages" else 50  # images wait at most a minute
        name = f"{what} of {service} refused"
        if service == "webex":
            kinds = {"messages"} if what == "pages" else {"contents"}
            act = http(kinds, lambda: refusal(429, "Too many requests", retry_after=str(seconds)))
            monkeypatch.setitem(FAULTS, name, Fault(name, "", frozenset(kinds), act, "none"))
        elif service == "reddit":
            kinds = {"listing", "comments", "morechildren"} if what == "pages" else {"picture"}
            act = http(kinds, lambda: refused(429, "Too Many Requests", retry_after=str(seconds)))
            monkeypatch.setitem(REDDIT_FAULTS, name, Fault(name, "", frozenset(kinds), act, "none"))
        else:
            fault = TelegramFault(name, "", frozenset({what}), "none", "images", telegram(seconds))
            monkeypatch.setitem(TELEGRAM_FAULTS, name, fault)
        return name

    return make


def early(world: World, service: str) -> int:
    stats = world.stats()
    number: int = (stats if service == "webex" else stats[service])["early_requests"]
    return number


@pytest.mark.parametrize(("service", "what"), sampled(product(SERVICES, ["pages", "files"]), 2))
def test_a_wait_of_one_account_holds_all_its_calls_and_no_other_account(
    service: str, what: str, refusing: Callable[..., str]
) -> None:
    with (
        cf.sandbox(messages=3000, images=60, faults=[refusing(service, what)]) as busy,
        cf.sandbox(messages=300, images=60, seed=1) as free,
    ):
        waiting = Fetching(service, patient(busy))
        waiting.until_it_waits()

        another = Fetching(service, patient(busy))
        if (service, what) != ("reddit", "pages"):  # there, one request of an account is under way at a time
            another.until_it_waits()

        frame = Fetching(service, free.config).frame()
        assert (len(frame), int(frame["n_images"].sum())) == (300, 60)
        assert early(free, service) == 0

        assert waiting.goes_on
        assert another.goes_on
        assert early(busy, service) == 0


@pytest.mark.parametrize("service", ["webex", "reddit"])
def test_a_wait_of_one_token_is_nothing_to_another_at_the_same_server(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def act(call: Any, go: Callable[[Any], Answer]) -> Answer:
        seen.append(call.token)
        too_many = refusal if service == "webex" else refused
        return go(call) if call.token != seen[0] else too_many(429, "Too many requests", retry_after="3600")

    kinds = frozenset({"messages"} if service == "webex" else {"listing", "comments", "morechildren"})
    table = FAULTS if service == "webex" else REDDIT_FAULTS
    monkeypatch.setitem(table, "the first token refused", Fault("the first token refused", "", kinds, act, "none"))
    with cf.sandbox(messages=300, images=60, faults=["the first token refused"]) as world:
        config = patient(world)
        waiting = Fetching(service, config)
        waiting.until_it_waits()
        other = {"access_token": world.bot_token} if service == "webex" else world.reddit_login
        frame = Fetching(service, {**config, service: {**config[service], **other}}).frame()
        assert len(frame) > 0
        # A list of Reddit's that was read to its end proves no more than "open".
        assert frame.attrs["chatframes"]["status"] == ("complete" if service == "webex" else "open")
        assert waiting.goes_on
        assert seen.count(seen[0]) == 1
        assert len(seen) > 1


def test_all_accounts_of_a_service_share_one_width() -> None:
    with HoldingWebex(messages=24, answered=4) as first, HoldingWebex(messages=24, answered=4) as second:
        threads = [
            threading.Thread(
                target=cf.fetch,
                args=(cf.Webex(ROOM),),
                kwargs={"images": True, "config": server.config, "progress": False},
            )
            for server in (first, second)
        ]
        for thread in threads:
            thread.start()
        first.until(lambda _: first.held + second.held == 20, "twenty pictures asked for, at both servers together")
        first.release()
        second.until_holding(20)  # the others are done, and their places free
        second.release()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)
        assert first.most_held + second.most_held <= 40
