"""What the tests of sources share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from help.fakes import FakeTime
from help.odd_webex import Odd, odd_webex


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> Iterator[Odd]:
    """A Webex whose answers a test makes odd."""
    with odd_webex(monkeypatch) as service:
        yield service


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    """Let every wait of a call pass at once, on a clock that counts it."""
    time = FakeTime()
    time.advance(3600.0)  # past the newest message
    monkeypatch.setattr("chatframes.api.clock", time.clock)
    return time
