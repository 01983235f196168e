"""Say what a refusal of Reddit's means for the subreddit or post that was asked for."""

from __future__ import annotations

from urllib.parse import urlsplit

from ...errors import ChatframesError, ChatNotFound, ServiceError
from .account import Refused
from .targets import Target

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LOG_IN = "set REDDIT_USERNAME and REDDIT_PASSWORD, or REDDIT_REFRESH_TOKEN, of one"
# Reddit's own words, as they stand in "reason" of the answer.
_REASONS = {
    "private": f"is private: only its members can read it; {_LOG_IN}",
    "quarantined": "is quarantined: log in with an account that has opted in to it",
    "gated": "shows a warning first: log in with an account that has accepted it",
    "gold_only": "is for Reddit Premium only: log in with an account that has it",
    "gold_restricted": "is for Reddit Premium only: log in with an account that has it",
    "employees_only": "is for people who work at Reddit only",
    "banned": "was banned by Reddit",
    "suspended": "belongs to an account that Reddit has suspended",
}
_STATUSES = {
    403: "may not be read with this login (HTTP 403)",
    404: "is not there (HTTP 404)",
    451: "is withheld for legal reasons (HTTP 451)",
}


def explained(error: ChatframesError, target: Target) -> ChatframesError:
    """Return the error that says what a refusal means for this subreddit or post; any other error unchanged."""
    if not isinstance(error, Refused) or error.is_page:
        return error
    what, name = _what(target), target.name
    if error.status in REDIRECTS:
        return _redirected(error, target)
    if error.reason in _REASONS:
        return ChatNotFound(f"{what} {_REASONS[error.reason]}.")
    if error.reason and error.reason not in ("Forbidden", "Not Found"):
        return ChatNotFound(f"{what} may not be read: Reddit gives the reason {error.reason!r} (HTTP {error.status}).")
    if error.status == 404 and name.lower().startswith(("u_", "user/")):
        return ChatNotFound(f"{what} is not there (HTTP 404): the account was deleted or suspended, or never was.")
    why = _STATUSES.get(error.status)
    return ChatNotFound(f"{what} {why}.") if why else error


def _redirected(error: Refused, target: Target) -> ChatframesError:
    """Return what a redirect means: Reddit answers with one where the listing is not the one that was asked for."""
    what, name = _what(target), target.name
    try:
        parts = urlsplit(error.location)
    except ValueError:
        parts = urlsplit("")
    steps = [step for step in parts.path.split("/") if step]
    host = (parts.hostname or "").lower()
    if host and parts.path and not host.endswith(("reddit.com", "redd.it")) and steps[:1] not in _OF_REDDIT:
        return ServiceError(
            f"The answer to {what} leads to another site ({host[:60]}): something between this machine and Reddit "
            "answers in its place, such as a network that asks for a login."
        )
    match steps:
        case ["login" | "register", *_] | ["account", "login" | "register", *_]:
            return ChatNotFound(f"{what} is shown only to those who have logged in: {_LOG_IN}.")
        case ["over18", *_]:
            return ChatNotFound(
                f"{what} is for adults: log in with an account whose settings allow adult content; {_LOG_IN}."
            )
        case ["quarantine" | "quarantined", *_]:
            return ChatNotFound(f"{what} {_REASONS['quarantined']}.")
        case ["r", other, *_] if other.lower() != name.lower():
            return ChatNotFound(f"{what} leads to r/{other[:60]}: write 'r/{other[:60]}' if that is the one you mean.")
        case ["u" | "user", other, *_] if f"u_{other}".lower() != name.lower():
            return ChatNotFound(f"{what} leads to u/{other[:60]}: write 'u/{other[:60]}' if that is the one you mean.")
    if name.lower().startswith("u_"):
        return ChatNotFound(
            f"Reddit has no profile u/{name[2:]}, or nothing was ever posted on it: check the spelling."
        )
    if not steps or steps[0] in ("subreddits", "search"):
        return ChatNotFound(
            f"Reddit has no subreddit r/{name}: check the spelling. If that is the id of a post, write 't3_{name}'."
        )
    return ServiceError(f"The answer to {what} leads to {parts.path[:80]!r}, which is no list of posts.")


# First steps of Reddit's own addresses; a gateway of the config's may have any host.
_OF_REDDIT = [
    [word] for word in "login register account over18 quarantine quarantined r u user subreddits search".split()
]


def _what(target: Target) -> str:
    if target.kind == "post":
        return f"The post t3_{target.name}"
    if "/" in target.name:
        return f"The list {target.name}"
    return f"u/{target.name[2:]}" if target.name.lower().startswith("u_") else f"r/{target.name}"
