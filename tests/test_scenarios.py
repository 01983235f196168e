"""The seed document's scenario 1, as it stands there: a large Webex room."""

from __future__ import annotations

import time

from truth import check

import chatframes as cf


def test_scenario_1_five_thousand_messages_and_eight_hundred_images_arrive_whole(capsys) -> None:
    with cf.sandbox(messages=5000, images=800, days=30, latency_ms=50) as world:
        source = cf.Webex("Project Apollo", since="2026-10-02", until="2026-10-31")
        started = time.perf_counter()
        frame = cf.fetch(source, images=True, config=world.config, progress=False)
        seconds = time.perf_counter() - started
        check(frame, world.expected("Project Apollo"))
        report, stats = cf.report(frame), world.stats()
    assert report.status == "complete"
    assert "pool_timeout" not in report.symptoms
    first_pages = {query["before"][:10] for query in stats["messages_log"] if "before" in query}
    assert first_pages == {"2026-10-08", "2026-10-14", "2026-10-20", "2026-10-26", "2026-11-01"}
    assert stats["peak_downloads"] == 20
    assert stats["peak_connections"] <= 30
    with capsys.disabled():
        print(
            f"\nscenario 1: 5,000 messages and 800 images in {seconds:.1f} s (the seed says 120-180), "
            f"{stats['peak_connections']} connections at most (the seed says 60-70)"
        )
