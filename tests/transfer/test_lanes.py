"""How many requests at once a host takes is learnt from it: counted at the host, on a clock that moves by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from help.limited_host import ItsOwnTime, LimitedHost, fetch, link_to

from chatframes.transfer.backoff import RetryBudget
from chatframes.transfer.gate import Gate
from chatframes.transfer.lanes import Width

IMAGES, LATENCY = 600, 0.1


def served(
    allowed: Callable[[int], int],
    *,
    adaptive: bool = True,
    images: int = IMAGES,
    refusal: tuple[int, str | None] = (429, "1"),
) -> tuple[LimitedHost, list[str]]:
    async def main() -> tuple[LimitedHost, list[str]]:
        host = LimitedHost(ItsOwnTime(), allowed, latency=LATENCY, refusal=refusal)
        outcomes = await fetch(host, images, adaptive=adaptive)
        return host, [outcome.status for outcome in outcomes]

    return asyncio.run(main())


def changes_its_mind(count: int) -> int:
    return 5 if IMAGES / 3 < count < IMAGES * 2 / 3 else 20


# --- a host that refuses ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("allowed", [5, 8, 13])
def test_a_host_that_takes_fewer_is_asked_for_no_more_and_nothing_is_lost(allowed: int) -> None:
    host, statuses = served(lambda count: allowed)
    assert statuses == ["ok"] * IMAGES
    assert host.requests <= 1.03 * IMAGES
    assert host.time.seconds <= 1.3 * LATENCY * IMAGES / allowed
    assert host.early == 0


def test_a_fixed_width_fails_the_same_counts() -> None:
    adaptive, _ = served(lambda count: 8)
    fixed, _ = served(lambda count: 8, adaptive=False, images=IMAGES // 3)
    assert fixed.requests > 1.03 * IMAGES // 3
    assert fixed.time.seconds * 3 > 2.1 * adaptive.time.seconds


@pytest.mark.parametrize("refusal", [(429, "1"), (429, None), (503, None)])
def test_a_host_that_changes_its_mind_is_followed_down_and_up_again(refusal: tuple[int, str | None]) -> None:
    host, statuses = served(changes_its_mind, refusal=refusal)
    assert statuses == ["ok"] * IMAGES
    assert host.refused <= IMAGES / 5
    assert max(at_once for count, at_once in host.peaks if count > IMAGES * 0.9) > 10


def test_a_fixed_width_loses_pictures_at_a_host_that_changes_its_mind() -> None:
    host, statuses = served(changes_its_mind, adaptive=False, refusal=(503, None))
    assert host.refused > IMAGES / 5
    assert "failed" in statuses


def test_a_host_that_refuses_nothing_is_soon_asked_for_as_many_as_there_may_be() -> None:
    host, statuses = served(lambda count: 1000)
    assert (host.requests, host.peak, statuses) == (IMAGES, 20, ["ok"] * IMAGES)
    assert host.peaks[9][1] == 10  # it began with half
    assert host.time.seconds < 1.1 * LATENCY * IMAGES / 20


def test_a_width_that_is_fixed_begins_as_wide_as_it_may() -> None:
    host, _ = served(lambda count: 1000, adaptive=False, images=100)
    assert host.peaks[19] == (0, 20)


def test_what_was_learnt_is_known_to_the_next_call_and_not_to_another_gate() -> None:
    async def main() -> list[int]:
        host, gate = LimitedHost(ItsOwnTime(), lambda count: 8), Gate()
        refused = []
        for its_gate in (gate, gate, Gate()):
            before = host.refused
            await fetch(host, 60, adaptive=True, gate=its_gate)
            refused.append(host.refused - before)
        return refused

    assert asyncio.run(main()) == [2, 0, 2]


def test_the_width_of_one_host_is_not_that_of_another() -> None:
    async def main() -> None:
        host = LimitedHost(ItsOwnTime(), lambda count: 8)
        gate = Gate()
        await fetch(host, 60, adaptive=True, gate=gate)
        with gate.downloads.limited_to(20):
            lanes = {lane.name: lane.width.learnt for lane in gate.lanes_since(0.0)}
            another = gate.other_hosts.lane("another.example", gate.downloads, "another")
            assert lanes == {"pictures.example": 8}
            assert (another.width.learnt, another.width.now) == (None, 10)

    asyncio.run(main())


def test_pages_adapt_as_pictures_do() -> None:
    async def main() -> tuple[LimitedHost, int | None]:
        host = LimitedHost(ItsOwnTime(), lambda count: 2, latency=LATENCY, body=b"{}")
        async with link_to(host, adaptive=True, pages=5) as link, asyncio.TaskGroup() as tasks:
            moving = tasks.create_task(host.time.run())
            pages = (link.json(f"http://pictures.example/{number}") for number in range(100))
            answers = await asyncio.gather(*pages)
            moving.cancel()
            assert [answer.status for answer in answers] == [200] * 100
            (lane,) = link.patience.gate.lanes_since(0.0)
            return host, lane.width.learnt

    host, learnt = asyncio.run(main())
    assert (host.refused, host.early, learnt) == (1, 0, 2)


# --- plain counting ---------------------------------------------------------------------------------------------------


def test_however_many_of_a_round_are_refused_the_width_falls_once() -> None:
    width = Width(lambda: 20)
    for _ in range(10):
        width.answered(width.sent(width.now), 0.0)
    sent = [width.sent(20) for _ in range(20)]
    assert width.now == 20
    width.refused(sent[0], 20, 1.0, 0.0)
    assert width.now == 19
    for number, one in enumerate(sent[1:8]):
        width.refused(one, 19 - number, 1.0, 0.0)
    assert width.now == 12  # as many as were taken
    for one in sent[8:]:
        width.refused(one, 12, 1.0, 0.0)
    assert width.now == 10  # and not below half
    width.answered(sent[0], 0.0)
    assert width.now == 10
    width.refused(width.sent(10), 10, 1.0, 0.0)  # sent after those refusals had arrived: a round of its own
    assert width.now == 9


def test_refusals_while_few_are_under_way_are_not_about_how_many_they_are() -> None:
    width = Width(lambda: 20)
    width.sent(10)
    for at_once in (1, 1, 3, 5):
        width.refused(width.sent(at_once), at_once, 1.0, 0.0)
    assert (width.now, width.learnt) == (10, None)
    width.refused(width.sent(6), 6, 1.0, 0.0)
    assert (width.now, width.learnt) == (5, 5)


def test_a_process_that_has_few_places_of_many_narrows_too() -> None:
    width = Width(lambda: 20)
    for _ in range(20):
        width.answered(width.sent(5), 0.0)  # its share; half the width
    width.refused(width.sent(5), 5, 1.0, 0.0)
    assert width.now < 10


def test_where_even_a_lone_request_is_refused_the_width_grows_again_as_in_the_beginning() -> None:
    width = Width(lambda: 20)
    while width.now > 1:
        width.refused(width.sent(width.now), width.now, 1.0, 0.0)
    assert width.learnt == 1
    width.refused(width.sent(1), 1, 1.0, 0.0)
    assert (width.now, width.learnt) == (10, None)


def test_a_request_without_an_answer_counts_as_refused_unless_the_others_are_answered() -> None:
    width = Width(lambda: 20)
    silent = width.sent(10)
    assert not width.answers_others(silent)
    for _ in range(10):
        width.answered(width.sent(10), 0.0)
    assert width.answers_others(silent)


def test_a_width_is_tried_again_ever_more_seldom_while_it_is_refused() -> None:
    width, now, tries = Width(lambda: 20), 0.0, []
    width.refused(width.sent(10), 10, 1.0, now)
    while len(tries) < 7:
        now += 0.1
        sent = width.sent(width.now)
        if width.now > 9:
            width.refused(sent, width.now, 1.0, now)
            tries.append(now)
        else:
            width.answered(sent, now)
    waits = [later - earlier for earlier, later in zip([0.0, *tries], tries, strict=False)]
    assert waits == sorted(waits)
    assert waits[-1] > 8 * waits[0]


def test_a_try_succeeds_where_requests_are_sent_in_bunches_too() -> None:
    """Those that were answered together are sent again one by one: few of them see the whole width under way."""
    width, now = Width(lambda: 20), 0.0
    for _ in range(100):
        width.answered(width.sent(width.now), now)
    width.refused(width.sent(10), 10, 1.0, now)
    width.refused(width.sent(width.now), width.now, 1.0, now)
    assert width.learnt is not None
    while width.learnt is not None and now < 60.0:
        now += 0.05
        for sent in [width.sent(at_once) for at_once in range(width.now - 2, width.now + 1)]:
            width.answered(sent, now)
    assert width.learnt is None
    assert now < 5.0


def test_the_ceiling_holds_whatever_was_learnt_and_comes_back_when_it_rises() -> None:
    ceiling = 20
    width = Width(lambda: ceiling)
    for _ in range(50):
        width.answered(width.sent(width.now), 0.0)
    assert width.now == 20
    ceiling = 3
    assert width.now == 3
    ceiling = 20
    assert width.now == 20


# --- retries ----------------------------------------------------------------------------------------------------------


def test_an_outage_is_not_met_with_several_times_the_usual_requests() -> None:
    host, statuses = served(lambda count: 0, refusal=(503, None))
    assert statuses == ["failed"] * IMAGES
    assert host.requests == IMAGES + 200


def test_without_a_budget_an_outage_is_met_with_four_times_the_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RetryBudget, "take", lambda self: True)
    host, _ = served(lambda count: 0, refusal=(503, None))
    assert host.requests == 4 * IMAGES


def test_single_failures_are_all_tried_again() -> None:
    left = RetryBudget()
    for _ in range(1000):
        left.succeeded()
        left.succeeded()
        assert left.take()
    taken = 0
    while left.take():
        taken += 1
    assert taken == 199  # none succeeded meanwhile
