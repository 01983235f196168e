"""Understand Reddit's addresses: of lists, searches, posts and comments, as its pages and apps have them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from ..addresses import Address, Reading
from .targets import ID, INSTEAD, PERSON, Named, Target, listing, plain_name, post

__all__ = ["SEARCH_SORTS", "SORTS", "TIMED", "TIME_FILTERS", "named"]

SORTS = ("new", "hot", "top", "rising", "controversial")
TIMED = ("top", "controversial")  # orders that have a time filter
SEARCH_SORTS = ("new", "relevance", "hot", "top", "comments")
TIME_FILTERS = ("all", "year", "month", "week", "day", "hour")

# Sites that show the same pages: the old one, those for phones, one for each language, the API's own.
_PAGES = re.compile(r"((www|old|new|np|sh|m|i|amp|pay|ssl|oauth|api|embed|[a-z]{2}(-[a-z]{2})?)\.)?reddit\.com")
_LEADS_ON = ("out.reddit.com", "reddit.app.link", "click.redditmail.com")
_ENDINGS = re.compile(r"\.(json|rss|xml|compact|mobile|embed)$", re.IGNORECASE)
_MULTI = re.compile(r"[A-Za-z0-9_]{1,50}")
_SITE = re.compile(r"([a-z0-9-]+\.)+[a-z0-9-]+")
_BEGINNINGS = frozenset("r u user comments gallery poll tb domain me search".split())
_POST_WORDS = frozenset("comments gallery poll tb".split())

# Said by pages and apps to know who follows a link, or how it looks there.
_TRACKERS = frozenset(
    "share_id rdt ref ref_source ref_campaign st sh correlation_id post_fullname cid iid chainedposts $deep_link $3p "
    "_branch_match_id _branch_referrer feedviewtype tl raw_json embed embed_host_url theme showmedia showmore created "
    "include_over_18 nsfw".split()
)
_FRAGMENTS = re.compile(r"|lightbox|comments|comment-tree|sitetable|:~:text=.*", re.IGNORECASE)
_COMMENT_PLACE = re.compile(r"(?:thing_)?t1_([0-9a-z]{1,13})", re.IGNORECASE)
# What the address of a post may say, and how.
_VIEWS = {
    "context": "[0-9]{1,6}",
    "depth": "[0-9]{1,6}",
    "limit": "[0-9]{1,6}",
    "sort": "confidence|best",
    "comment": "[0-9a-z]{1,13}",
}

_FRONT = ("is a front page, which differs from reader to reader", "write 'r/popular' or 'r/all'")
_NOTHING = ("names neither a list of posts nor a post", "")
_REFUSED_LISTS = {
    "comments": ("lists comments without their posts", "write the subreddit or 'u/name': posts come with comments"),
    "duplicates": ("lists other posts with the same link", "write the URL of a post, or its id as 't3_1abcd2'"),
    "wiki": ("is a page of the wiki, which is no post", "write 'r/name' for the posts of the subreddit"),
    "w": ("is a page of the wiki, which is no post", "write 'r/name' for the posts of the subreddit"),
    "collection": ("is a collection of posts", "write the URL of each post"),
    "best": ("asks for the order 'best', which only front pages have", "leave it out, or write 'hot' or 'top'"),
}
_REFUSED_PARAMETERS = {
    "after": ("begins in the middle of a list", "leave out after= and before=; since= and until= choose days"),
    "before": ("begins in the middle of a list", "leave out after= and before=; since= and until= choose days"),
    "count": ("begins in the middle of a list", "leave out count="),
    "limit": ("holds a number of posts", "leave out limit= and write posts= instead"),
    "f": ("asks for a flair", "leave out f= and write search='flair:\"NAME\"' instead"),
}


def _is_host(host: str) -> bool:
    return re.fullmatch(r"(.*\.)?(reddit\.com|redd\.it)", host) is not None or host in _LEADS_ON


_READING = Reading(
    argument="Reddit(what)",
    instead=INSTEAD,
    is_host=_is_host,
    look_alike=r"reddit\.com|redd\.it",
    schemes=("reddit",),
    trackers=_TRACKERS,
)


def named(what: str) -> Named:
    """Return what a text names.

    Raises
    ------
    ConfigError
        It names no list of posts and no post, or it says more than can be done.

    Examples
    --------
    >>> named("https://www.reddit.com/r/python/top/?t=week")
    Named(target=Target(kind='listing', name='python'), comment='', sort='top', time_filter='week', search=None)
    """
    _READING.check_length(what)
    text = what.lstrip("/") if not what.startswith("//") else what
    if re.match("reddit:t[1-6]_", text):
        return Named(plain_name(text))
    if text != what or ("/" in text and text.partition("/")[0].lower() in _BEGINNINGS):
        text = f"https://www.reddit.com/{text}"
    address = _READING.address(text)
    if address is not None:
        return _of_address(address)
    if re.search(r"://|reddit\.com|redd\.it", what, re.IGNORECASE):
        raise _READING.error("has other words beside it", "write the address alone")
    return Named(plain_name(what))


def _of_address(address: Address) -> Named:
    host, steps = address.host, address.steps
    if host in _LEADS_ON:
        raise _READING.error("leads on to another one", "open it in a browser, and write the URL that you see there")
    if address.scheme == "reddit":
        steps = steps if re.fullmatch(r"|reddit|(www\.)?reddit\.com", host) else (host, *steps)
    elif host in ("redd.it", "www.redd.it"):
        if len(steps) != 1:
            raise _READING.error(*_NOTHING)
        steps = ("comments", *steps)
    elif host.endswith("redd.it"):
        raise _READING.error("is that of a picture or a video", "write the URL of the post that shows it")
    elif not _PAGES.fullmatch(host):
        raise _READING.error("is of a site of Reddit's without posts")
    if steps and _ENDINGS.search(steps[-1]):
        last = _ENDINGS.sub("", steps[-1])
        steps = (*steps[:-1], *((last,) if last else ()))
    return _with_fragment(_of_steps(steps, address.query, host), address.fragment)


def _with_fragment(found: Named, fragment: str) -> Named:
    """Return what an address names together with what stands behind its ``#``: a place on the page."""
    thing = _COMMENT_PLACE.fullmatch(fragment)
    if thing is not None and found.target.kind == "post" and found.comment in ("", thing[1].lower()):
        return replace(found, comment=thing[1].lower())
    if not _FRAGMENTS.fullmatch(fragment):
        raise _READING.error("says more behind '#' than is understood")
    return found


def _of_steps(steps: tuple[str, ...], query: Mapping[str, str], host: str) -> Named:
    words = tuple(step.lower() for step in steps)
    if len(words) < 2:
        if words == ("search",):
            return _search("all", query, within=False)
        raise _READING.error(*(_FRONT if not words or words[0] in (*SORTS, "best") else _NOTHING))
    first, name, rest = words[0], steps[1], steps[2:]
    if first in _POST_WORDS and (first == "comments" or not rest):
        return _of_post(steps[1:], query)
    if first == "r":
        return _of_subreddit(name, rest, query, host)
    if first in ("u", "user"):
        return _of_person(name, rest, query)
    if first == "domain" and _SITE.fullmatch(words[1]):
        return _sorted(Target("listing", f"domain/{words[1]}"), rest, query)
    if words[:2] == ("me", "m"):
        raise _READING.error("is a list of your own", "write 'user/NAME/m/LIST' with your name, if the list is public")
    raise _READING.error(*_NOTHING)


def _of_subreddit(name: str, rest: tuple[str, ...], query: Mapping[str, str], host: str) -> Named:
    meant = listing(name)
    if meant is None:
        raise _READING.error("names a subreddit that cannot be")
    word = rest[0].lower() if rest else ""
    if word in _POST_WORDS and (len(rest) == 2 or (word == "comments" and len(rest) > 1)):
        return _of_post(rest[1:], query)
    if word == "s":
        return _share(("r", name, *rest), query)
    if word == "search" and len(rest) == 1:
        if "restrict_sr" not in query and host.startswith(("old.", "np.")):
            raise _READING.error(
                "searches all of Reddit from the page of a subreddit",
                "add restrict_sr=on to search there alone, or write https://www.reddit.com/search?q=...",
            )
        within = query.get("restrict_sr", "1").lower() in ("1", "on", "true", "yes")
        return _search(name, query, within=within)
    return _sorted(meant, rest, query)


def _of_person(name: str, rest: tuple[str, ...], query: Mapping[str, str]) -> Named:
    word = rest[0].lower() if rest else ""
    if not PERSON.fullmatch(name) or name.lower() == "me":
        raise _READING.error("names nobody", "write 'u/name', or 'user/name/submitted' for all posts of that person")
    if word == "comments" and len(rest) > 1:
        return _of_post(rest[1:], query)
    if word == "s":
        return _share(("user", name, *rest), query)
    if word == "submitted":
        return _sorted(Target("listing", f"user/{name}/submitted"), rest[1:], query)
    if word == "m" and len(rest) > 1 and _MULTI.fullmatch(rest[1]):
        return _sorted(Target("listing", f"user/{name}/m/{rest[1]}"), rest[2:], query)
    if word and word not in _REFUSED_LISTS:
        raise _READING.error("names a page of a person that holds more than posts", "write 'user/name/submitted'")
    return _sorted(Target("listing", f"u_{name}"), rest, query)


def _sorted(meant: Target, rest: tuple[str, ...], query: Mapping[str, str]) -> Named:
    """Return a listing with the order that its address says: as the last step of the path, or as a parameter."""
    word = rest[0].lower() if rest else ""
    if word in _REFUSED_LISTS:
        raise _READING.error(*_REFUSED_LISTS[word])
    if len(rest) > 1 or word not in ("", *SORTS):
        raise _READING.error(*_NOTHING)
    _check(query, ("sort", "t"))
    sort = query.get("sort", "").lower() or word
    if word and sort != word:
        raise _READING.error("says two orders", "leave out one of them")
    time_filter = query.get("t", "").lower()
    if sort not in ("", *SORTS) or time_filter not in ("", *TIME_FILTERS):
        raise _READING.error("says an order or a time that lists of posts do not have", f"choose of {', '.join(SORTS)}")
    # The pages carry the time along when another order is chosen; there it means nothing.
    return Named(meant, sort=sort or None, time_filter=(time_filter or None) if sort in TIMED else None)


def _search(name: str, query: Mapping[str, str], *, within: bool) -> Named:
    _check(query, ("q", "restrict_sr", "sort", "t", "type"))
    words, sort, time_filter = query.get("q", "").strip(), query.get("sort", "").lower(), query.get("t", "").lower()
    if not words:
        raise _READING.error("is a search without words")
    if query.get("type", "").lower() not in ("", "link", "post", "posts"):
        raise _READING.error("searches for other things than posts", "leave out type= to search for posts")
    if sort not in ("", *SEARCH_SORTS) or time_filter not in ("", *TIME_FILTERS):
        raise _READING.error(
            "says an order or a time that searches do not have", f"choose of {', '.join(SEARCH_SORTS)}"
        )
    meant = Target("listing", name if within else "all")
    return Named(meant, search=words, sort=sort or None, time_filter=time_filter or None)


def _of_post(steps: tuple[str, ...], query: Mapping[str, str]) -> Named:
    """Return the post of ``ID/WORDS OF THE TITLE/COMMENT``, of which the last two may be left out."""
    meant = post(steps[0])
    comment = steps[2].lower() if len(steps) > 2 else ""
    if meant is None or len(steps) > 3 or not (comment == "" or ID.fullmatch(comment)):
        raise _READING.error(*_NOTHING)
    if query.get("sort", "best").lower() not in ("best", "confidence"):
        raise _READING.error(
            "asks for comments in another order than Reddit's best one, in which they are read",
            "leave out sort=; comments='all' reads every one",
        )
    _READING.check_rest(query, _VIEWS)
    # How many parents and levels a page shows; here, as many as there are.
    if not all(re.fullmatch(_VIEWS[name], value.lower()) for name, value in query.items()):
        raise _READING.error(*_NOTHING)
    also = query.get("comment", comment).lower()
    if comment and also != comment:
        raise _READING.error("names two comments", "leave out one of them")
    return Named(meant, comment=also)


def _share(steps: tuple[str, ...], query: Mapping[str, str]) -> Named:
    _READING.check_rest(query, ())
    if len(steps) != 4 or not (steps[3].isalnum() and steps[3].isascii()):
        raise _READING.error(*_NOTHING)
    return Named(Target("share", "/".join(steps)))


def _check(query: Mapping[str, str], known: tuple[str, ...]) -> None:
    for name in query:
        if name in _REFUSED_PARAMETERS:
            raise _READING.error(*_REFUSED_PARAMETERS[name])
    _READING.check_rest(query, known)
