"""A wait belongs to the account that was asked to wait: its other calls keep it, and no other account does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import chatframes as cf

APOLLO = {"webex": cf.Webex("Project Apollo"), "reddit": cf.Reddit("r/apollo", posts=1, comments=0)}


class Busy:
    """A service that asks everybody to come back in an hour, and counts who asks."""

    def __init__(self) -> None:
        self.asked = 0
        busy = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                busy.asked += 1
                self.send_response(429)
                self.send_header("Retry-After", "3600")
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def busy() -> Iterator[Busy]:
    server = Busy()
    yield server
    server.close()


def config_of(service: str, busy: Busy, key: str) -> dict[str, dict[str, str]]:
    if service == "webex":
        return {"webex": {"base_url": busy.url, "access_token": key}}
    return {"reddit": {"reddit_url": busy.url, "oauth_url": busy.url, "client_id": key, "client_secret": key}}


@pytest.mark.parametrize("service", ["webex", "reddit"])
def test_a_wait_holds_for_the_calls_of_one_account_and_for_no_other(service: str, busy: Busy) -> None:
    source = APOLLO[service]
    first, second = config_of(service, busy, "one"), config_of(service, busy, "another")
    with pytest.raises(cf.RateLimited):
        cf.fetch(source, config=first, progress=False)
    asked = busy.asked
    assert asked > 0
    with pytest.raises(cf.RateLimited):
        cf.fetch(source, config=first, progress=False)
    assert busy.asked == asked, "the same account asks nothing inside its wait"
    with pytest.raises(cf.RateLimited):
        cf.fetch(source, config=second, progress=False)
    assert busy.asked > asked, "another credential at the same address has no wait of its own yet"
    with cf.sandbox(messages=20, images=4) as world:
        frame = cf.fetch(source, images=True, config=world.config, progress=False)
    assert len(frame) > 0
    assert frame.attrs["chatframes"]["status"] == "complete", "nor has a sandbox"


def test_a_long_flood_wait_of_one_telegram_account_stops_no_other() -> None:
    source = cf.Telegram("@apollo")
    with (
        cf.sandbox(messages=2000, images=0, faults=["long_flood"]) as flooded,
        cf.sandbox(messages=20, images=0) as calm,
    ):
        with pytest.warns(cf.IncompleteWarning):
            frame = cf.fetch(source, config=flooded.config, progress=False)
        assert frame.attrs["chatframes"]["status"] == "partial"
        pages = len(flooded.stats()["telegram"]["history_log"])
        with pytest.raises(cf.RateLimited):
            cf.fetch(source, config=flooded.config, progress=False)
        assert len(flooded.stats()["telegram"]["history_log"]) == pages, "the same account asks nothing inside its wait"
        frame = cf.fetch(source, config=calm.config, progress=False)
        assert frame.attrs["chatframes"]["status"] == "complete"
