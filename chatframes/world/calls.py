"""Requests to the sandbox's servers, and their answers before anything is sent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

Way = Literal["whole", "cut", "reset", "unsized", "chunked", "trickle", "endless"]
HTML_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Please sign in</h1></body></html>"
REFUSALS_PER_PAGE = 2


@dataclass(slots=True)
class Answer:
    """What will be sent, and in which way: whole, or as bad networks and servers do."""

    status: int = 200
    payload: Any = None  # a JSON object or list, when not None; else `body`
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)  # the Link header: rel -> URL
    way: Way = "whole"
    delay_seconds: float = 0.0
    wait_seconds: float | None = None  # a refusal asks every client to stay away this long


def refused_once_more(memory: dict[Any, Any], key: str) -> bool:
    """Count one more refusal of what `key` stands for, unless it has had its share."""
    refusals: int = memory.get(("refusals", key), 0)
    if refusals >= REFUSALS_PER_PAGE:
        return False
    memory["refusals", key] = refusals + 1
    return True


@dataclass(slots=True)
class Call:
    """One request. `key` is the same when the same thing is asked again; `memory` outlives the call."""

    kind: str
    key: str
    query: dict[str, str]
    number: int  # of its kind, from 1
    attempt: int  # of its key, from 1
    base_url: str
    foreign_url: str
    memory: dict[Any, Any]
    afflicted: dict[str, str]  # source_id -> the fault that meets it
    broken: dict[str, bool]  # id of a message with item errors -> whether it ever heals
    token: str = ""
    last: str = ""  # the last piece of the path: an id, often
    path: str = ""
    page_cap: int = 1000
    delivered: Counter[str] = field(default_factory=Counter)  # how often a client met each contradiction

    def refused_now(self) -> bool:
        """Count one more refusal of this page, unless it has had its share."""
        return refused_once_more(self.memory, self.key)


def html(status: int) -> Answer:
    """What gateways and login pages answer."""
    return Answer(status, body=HTML_PAGE, content_type="text/html; charset=utf-8")
