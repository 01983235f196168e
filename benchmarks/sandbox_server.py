"""Be the sandbox, in a process of its own: print how to reach it, then what it counted for each line that comes in."""

from __future__ import annotations

import argparse
import functools
import json
import sys

import chatframes as cf
from chatframes.world.telegram import server


def main(messages: int, images: int, latency_ms: float, padding_bytes: int) -> None:
    builder = vars(server)["build_telegram"]
    setattr(server, "build_telegram", functools.partial(builder, padding_bytes=padding_bytes))  # noqa: B010
    with cf.sandbox(messages=messages, images=images, latency_ms=latency_ms) as world:
        for platform, chat in (("webex", "Project Apollo"), ("telegram", "@apollo"), ("reddit", "r/apollo")):
            expected = world.expected(chat, platform=platform)  # type: ignore[arg-type]  # built now, not while timed
            if platform == "webex":
                room = expected[0]["chat_id"]
        print(json.dumps({"config": world.config, "room": room}), flush=True)
        for _ in sys.stdin:
            print(json.dumps(world.stats(), default=str), flush=True)
            world.reset_stats()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--images", type=int, default=120)
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--padding-bytes", type=int, default=0, help="what is added to each of Telegram's pictures")
    options = parser.parse_args()
    main(options.messages, options.images, options.latency_ms, options.padding_bytes)
