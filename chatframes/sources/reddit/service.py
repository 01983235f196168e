"""Describe Reddit to the rest of the package."""

from __future__ import annotations

from ...services import Field, Service, Values
from .addresses import SEARCH_SORTS, SORTS, TIME_FILTERS
from .settings import CREDENTIALS, NAME, RedditConfig
from .source import Reddit

__all__ = ["SERVICE"]


def _sorts(values: Values) -> list[tuple[str, str]]:
    """Return the orders to choose from: a search has others than a plain listing."""
    return [(sort, sort) for sort in (SEARCH_SORTS if values["search"] else SORTS)]


def _time_filters(values: Values) -> list[tuple[str, str]]:
    return [("all time" if name == "all" else f"past {name}", name) for name in TIME_FILTERS]


def _has_time_filter(values: Values) -> bool:
    return bool(values["search"]) or values["sort"] in ("top", "controversial")


SERVICE = Service(
    name=NAME,
    title="Reddit",
    section=RedditConfig,
    credentials=CREDENTIALS,
    source=Reddit,
    chat_key="what",
    example="r/apollo",
    endpoints=("reddit_url", "oauth_url"),
    fields=(
        Field(
            name="what",
            label="What",
            hint="r/python, a+b, a link or id of a post",
            missing="No subreddit or post is named: write r/python, a+b, or the link or id of a post.",
        ),
        Field(name="search", label="Search", hint="words, or nothing"),
        Field(name="sort", label="Order", kind="choice", options=_sorts, wide=False),
        Field(
            name="time_filter",
            label="Time",
            kind="choice",
            tooltip="For searches, and for the orders top and controversial",
            options=_time_filters,
            applies=_has_time_filter,
            wide=False,
        ),
        Field(name="posts", label="Posts", kind="number or all", tooltip="A number, or “all”", wide=False),
        Field(name="comments", label="Comments", kind="number or all", tooltip="A number, or “all”", wide=False),
    ),
)
