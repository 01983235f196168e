"""What is asked for at Reddit, as widgets: a subreddit, a search or a post; in which order, and how much of it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import ipywidgets

from ..errors import ConfigError
from ..sources.reddit.source import SEARCH_SORTS, SORTS, TIME_FILTERS, Reddit
from .numbers import NARROW, WIDE, number_or_all

__all__ = ["RedditPlace"]


class RedditPlace:
    """Widgets for one `Reddit` source.

    Parameters
    ----------
    first : Reddit, optional
        What is chosen to begin with.

    Attributes
    ----------
    choices : tuple of ipywidgets.ValueWidget
        Everything that can be chosen.
    box : ipywidgets.VBox
        What to display.
    """

    def __init__(self, first: Reddit | None = None) -> None:
        self.what = ipywidgets.Text(
            description="What",
            placeholder="r/python, a+b, a link or id of a post",
            value=first.what if first is not None else "",
            **WIDE,
        )
        first = first or Reddit("python")  # for what is usual
        self.words = ipywidgets.Text(
            description="Search", placeholder="words, or nothing", value=first.search or "", **WIDE
        )
        self.sort = ipywidgets.Dropdown(
            description="Order", options=SORTS if first.search is None else SEARCH_SORTS, value=first.sort, **NARROW
        )
        self.time_filter = ipywidgets.Dropdown(
            description="Time",
            options=[("all time" if name == "all" else f"past {name}", name) for name in TIME_FILTERS],
            value=first.time_filter,
            tooltip="For searches, and for the orders top and controversial",
            **NARROW,
        )
        self.posts, self.comments = (
            ipywidgets.Text(description=name, value=str(value), tooltip="A number, or “all”", **NARROW)
            for name, value in (("Posts", first.posts), ("Comments", first.comments))
        )
        self.choices = (self.what, self.words, self.sort, self.time_filter, self.posts, self.comments)
        numbers = ipywidgets.HBox(self.choices[2:], layout={"flex_flow": "row wrap"})
        self.box = ipywidgets.VBox((self.what, self.words, numbers))
        self._lock = threading.RLock()  # a fetch asks on the loop's thread, clicks come on the kernel's
        self._offer_orders()
        for one in (self.sort, self.words):
            one.observe(lambda _: self._offer_orders(), "value")

    def source(self, times: Mapping[str, Any]) -> Reddit:
        """Return the source; `times` are its days and their time zone.

        Raises
        ------
        ConfigError
            Nothing is named, or something cannot be right.
        """
        with self._lock:
            what, words, sort = self.what.value.strip(), self.words.value.strip() or None, self.sort.value
            time_filter = "all" if self.time_filter.disabled else self.time_filter.value
        if not what:
            raise ConfigError("no subreddit or post is named: write r/python, a+b, or the link or id of a post")
        return Reddit(
            what,
            sort=sort,
            time_filter=time_filter,
            search=words,
            posts=number_or_all(self.posts.value, "Posts"),
            comments=number_or_all(self.comments.value, "Comments"),
            **times,
        )

    def _offer_orders(self) -> None:
        """Offer the orders that Reddit has, with words to search for and without."""
        with self._lock:
            searching, sort = bool(self.words.value.strip()), self.sort.value
            self.sort.options = SEARCH_SORTS if searching else SORTS
            self.sort.value = sort if sort in self.sort.options else "new"
            self.time_filter.disabled = not searching and self.sort.value not in ("top", "controversial")
