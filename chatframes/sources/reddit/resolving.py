"""Ask Reddit what a share link, a comment or the id of a subreddit leads to."""

from __future__ import annotations

from dataclasses import replace

from ...errors import ChatframesError, ChatNotFound, ConfigError
from ...model import NotGiven, Page
from .account import Refused
from .addresses import named
from .fields import Thing
from .listing import listed
from .reader import Reader, final
from .targets import Named, Target, listing, post

NOT_GIVEN = "The link names a comment that Reddit did not give, though it was asked for by its id."


async def resolved(meant: Named, reader: Reader) -> Named:
    """Return the listing or post that something leads to.

    Raises
    ------
    ChatNotFound, AuthError, RateLimited, ServiceError
    """
    kind, name = meant.target.kind, meant.target.name
    if kind == "share":
        return await _of_share_link(meant, reader)
    if kind == "comment":
        comment = await _by_id(f"t1_{name}", reader)
        found = post(str(comment.get("link_id")).removeprefix("t3_")) if comment is not None else None
        if found is None:
            raise ChatNotFound(f"Reddit has no comment t1_{name}, or this login may not see it: check the id.")
        return replace(meant, target=found, comment=name)
    if kind == "subreddit":
        subreddit = await _by_id(f"t5_{name}", reader)
        shown = listing(str(subreddit.get("display_name"))) if subreddit is not None else None
        if shown is None:
            raise ChatNotFound(f"Reddit has no subreddit t5_{name}, or this login may not see it: check the id.")
        return replace(meant, target=shown)
    return meant


async def comment_by_id(comment: str, post_name: str, reader: Reader) -> Page | NotGiven:
    """Return one comment of a post, asked for by its id, or that it did not come."""
    try:
        thing = await _by_id(f"t1_{comment}", reader)
    except ChatframesError as error:
        if final(error):
            raise
        thing = None
    if thing is None or thing.get("link_id") not in (None, post_name):
        return NotGiven((f"t1_{comment}",), 0, NOT_GIVEN)
    # Such an answer does not say how deep the comment stands, unless it answers the post itself.
    return reader.page([(thing, 1 if thing.get("parent_id") == post_name else None)])


async def _by_id(fullname: str, reader: Reader) -> Thing | None:
    for _ in range(2):  # one empty answer does not prove that it is not there
        answer = listed(await reader.get("api/info", {"id": fullname}))
        reader.link.count("page")
        for kind, data in answer.things:
            if kind == fullname[:2] and data.get("name") == fullname:
                return data
    return None


async def _of_share_link(meant: Named, reader: Reader) -> Named:
    """Return the post or subreddit that a share link redirects to."""
    share: Target = meant.target
    try:
        await reader.get(share.name, {})
        location = ""
    except Refused as refused:
        location = refused.location
    try:
        # What stands behind "?" there says who shared it.
        destination = named(location.partition("?")[0])
    except ConfigError:
        destination = meant
    if destination.target.kind == "share":
        raise ChatNotFound(f"The share link {share.name!r} leads to no post: open it in a browser and give that URL.")
    return destination
