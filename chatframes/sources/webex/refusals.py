"""Ask Webex's API, and say what a refusal means for the space that was asked for."""

from __future__ import annotations

from urllib.parse import urlsplit

from ...errors import AuthError, ChatframesError, ChatNotFound, ServiceError
from ...transfer.link import Answer, Link, StatusError

REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Words of Webex's own refusals of a token. Others ("not a member", say) are about the space.
_ABOUT_THE_TOKEN = ("scope", "licens", "licenc", "required role")
_SCOPES = "spark:messages_read, spark:rooms_read and spark:people_read"


async def ask(link: Link, url: str, what: str, *, let_through: frozenset[int] = frozenset()) -> Answer:
    """Return one answer of the API about `what`.

    Raises
    ------
    ChatNotFound, AuthError, ServiceError
        Webex refuses, or something on the way to it answers in its place.
    """
    try:
        answer = await link.json(url, let_through=let_through | REDIRECTS)
    except StatusError as error:
        raise explained(error, what) from None
    if answer.status in REDIRECTS and answer.status not in let_through:
        raise _redirected(answer, what)
    return answer


def explained(error: StatusError, what: str) -> ChatframesError:
    """Return the error that says what a refusal means."""
    said = f" Webex said: {error.detail.rstrip('.')}." if error.detail else ""
    it = what[:1].upper() + what[1:]
    if error.status in (403, 404) and not error.detail:
        return ServiceError(
            f"{it} could not be read (HTTP {error.status}), and the answer is not one of Webex's, which say why: "
            "a proxy or a firewall may have answered in its place, or base_url in config.json may be wrong."
        )
    if error.status == 403 and any(word in error.detail.lower() for word in _ABOUT_THE_TOKEN):
        return AuthError(
            f"{it} may not be read with this token (HTTP 403): it needs the scopes {_SCOPES}, and its owner the "
            f"licence for them.{said}"
        )
    if error.status == 403:
        return ChatNotFound(
            f"Webex does not let this account read {what} (HTTP 403): it is not a member, or the token is a bot's, "
            f"which sees only messages that mention it.{said}"
        )
    if error.status == 404:
        return ChatNotFound(f"{it} is no longer there, or this account has left it (HTTP 404).{said}")
    if error.status == 451:
        return ChatNotFound(f"{it} is withheld for legal reasons (HTTP 451).{said}")
    return error


def _redirected(answer: Answer, what: str) -> ServiceError:
    try:
        host = urlsplit(answer.location).hostname or ""
    except ValueError:
        host = ""
    leads = f"another page ({host[:60]})" if host else "another page"
    return ServiceError(
        f"The request for {what} was sent on to {leads}, which Webex's API never does: something between this machine "
        "and Webex answers in its place, such as a network that asks for a login, or base_url in config.json is wrong."
    )
