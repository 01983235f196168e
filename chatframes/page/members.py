"""Count who joined and who left per day (or week, month, year), and draw the counts as two small charts."""

from __future__ import annotations

from collections.abc import Sized

import pandas as pd

from ..keywords import checks_keywords
from .activity import Plot, count_activity, times_of

__all__ = ["members"]

JOINED = ("member_added", "member_joined")
LEFT = ("member_left", "member_removed")
NOBODY = "No message here says that somebody came or left: not every service writes that into its chats."


@checks_keywords
def members(frame: pd.DataFrame) -> Plot:
    """Show who came and who left: two bars' worth for each day, or for each week, month or year of a longer range.

    Parameters
    ----------
    frame : pandas.DataFrame
        Messages, whole or filtered. Only services that tell of members in the chat itself have them (Telegram does).

    Returns
    -------
    Plot
        Shows itself; where no message tells of anybody, it says that. Its ``rows`` are ``("joined", Activity)`` and
        ``("left", Activity)``, over the same days, which are those of UTC; each counts people: who adds three people
        in one message adds three.

    Raises
    ------
    ConfigError
        If `frame` is not a table of messages, or lacks the columns ``action`` and ``subjects``.

    Examples
    --------
    >>> import pandas as pd
    >>> times = pd.to_datetime(["2026-10-01", "2026-10-03"], utc=True)
    >>> df = pd.DataFrame({"created_at": times, "action": ["member_added", "member_left"]})
    >>> df["subjects"] = [["1", "2"], []]
    >>> [(name, activity.counts) for name, activity in members(df).rows]
    [('joined', (('2026-10-01', 2), ('2026-10-02', 0), ('2026-10-03', 0))),
     ('left', (('2026-10-01', 0), ('2026-10-02', 0), ('2026-10-03', 1)))]
    """
    times = times_of(frame, "members", "action", "subjects")
    moved = times[frame["action"].isin([*JOINED, *LEFT])]
    rows = []
    for name, actions in (("joined", JOINED), ("left", LEFT)):
        chosen = frame["action"].isin(actions)
        people = [_number_of(subjects) for subjects in frame.loc[chosen, "subjects"]]
        each = times[chosen].repeat(people) if people else times.head(0)
        rows.append((name, count_activity(each, among=moved)))
    return Plot(tuple(rows), counted="people", nothing=NOBODY)


def _number_of(subjects: object) -> int:
    """How many people an action concerns: those it names, else the author."""
    return max(1, len(subjects)) if isinstance(subjects, Sized) and not isinstance(subjects, str | bytes) else 1
