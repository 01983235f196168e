"""Send requests with one Reddit credential: asyncpraw logs in and builds them, our own `Link` sends them.

asyncpraw's session never repeats a 429, sleeps without reporting it, fails on unexpected headers, and keeps passwords
and tokens in its exceptions. Its requestor is meant to be replaceable and is replaced here: every request goes through
the `Link` of the call that sends it, and asyncpraw sees good answers only. Each account sends one request at a time,
since Reddit refuses two expansions of comments at once, and twenty first requests would be twenty logins.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlencode

import asyncpraw
import asyncprawcore
from pydantic import SecretStr

from ... import kept
from ...errors import AuthError, ChatframesError, ServiceError
from ...transfer.http import NO_TOKEN
from ...transfer.link import Answer, Ask, Link
from ...version import __version__
from .pace import Budget
from .settings import RedditConfig

TOKEN_PATH = "/api/v1/access_token"  # noqa: S105
STATUSES_READ_HERE = frozenset({301, 302, 303, 307, 308, 400, 401, 403, 404, 451})
HOW_TO_GET_A_KEY = """
1. Reddit gives keys on request only (since November 2025): read its Responsible Builder Policy at
   https://support.reddithelp.com/hc/articles/42728983564564 and ask there; keys from before still work.
2. With the permission, make an app of the type "script" at https://www.reddit.com/prefs/apps.
3. Put its id and secret into REDDIT_CLIENT_ID and REDDIT_CLIENT_SECRET, or into "reddit" of config.json.
4. Until then `cf.sandbox()` has a Reddit that needs no key, and Webex and Telegram work without it.""".strip()


_BLOCKED = (
    "Reddit blocks this network or this user agent: it answered HTTP {status} with a web page. Set your own user_agent "
    "(REDDIT_USER_AGENT), leave the VPN or the cloud machine, or try again later."
)


class Refused(ServiceError):
    """Reddit refused one request with a status that no retry will change; `reason` is Reddit's own word.

    With `is_page` the answer was a web page: it comes from the wall before Reddit, and not from its API.
    """

    def __init__(self, status: int, reason: str = "", location: str = "", is_page: bool = False) -> None:
        said = f"Reddit answered HTTP {status}{f' ({reason})' if reason else ''}."
        super().__init__(_BLOCKED.format(status=status) if is_page else said)
        self.status, self.reason, self.location, self.is_page = status, reason, location, is_page


class Account:
    """One credential at one endpoint with its token, kept for the whole process."""

    def __init__(self, config: RedditConfig) -> None:
        self.budget = Budget()
        self._lock = asyncio.Lock()
        self._config = config
        self._reddit: asyncpraw.Reddit | None = None

    def __repr__(self) -> str:
        return "Account('********')"

    async def request(
        self, link: Link, path: str, params: Mapping[str, object] | None = None, form: Mapping[str, str] | None = None
    ) -> Any:
        """Send a GET, or a POST with a `form`; return the JSON of the answer unchanged.

        Raises
        ------
        AuthError, RateLimited, Refused, ServiceError
        """
        async with self._lock:
            if self._reddit is None:
                self._reddit = _client(self._config)
            reset_token = _link.set(link)
            try:
                return await self._reddit.request(
                    method="GET" if form is None else "POST",
                    path=path,
                    params=None if params is None else {name: str(value) for name, value in params.items()},
                    data=None if form is None else dict(form),
                )
            except ChatframesError as error:
                failure: ChatframesError = error
            except asyncprawcore.ResponseException:  # raised for a second 401 only
                failure = refused_login("Reddit refused the access token it had just given (HTTP 401).")
            except Exception as error:  # any error: its frames may hold passwords
                failure = ServiceError(
                    f"Reddit gave an answer that asyncpraw cannot read ({type(error).__name__}). Try again later."
                )
            finally:
                _link.reset(reset_token)
        # Raised outside and without its traceback: the local variables of asyncpraw's frames hold passwords and tokens.
        raise failure.with_traceback(None)


def refused_login(what: str) -> AuthError:
    """Return the error for a missing or refused credential, with the steps to get one."""
    return AuthError(f"{what}\n{HOW_TO_GET_A_KEY}")


def _client(config: RedditConfig) -> asyncpraw.Reddit:
    # Every setting is passed, so that asyncpraw takes none from a praw.ini in the folder or from the environment.
    client = asyncpraw.Reddit(
        site_name="DEFAULT",
        client_id=_plain(config.client_id),
        client_secret=_plain(config.client_secret),
        user_agent=config.user_agent or _user_agent(config),
        refresh_token=_plain(config.refresh_token),
        username=_plain(config.username),
        password=_plain(config.password),
        redirect_uri=None,
        oauth_url=config.oauth_url.rstrip("/") + "/",
        reddit_url=config.reddit_url.rstrip("/"),
        check_for_updates=False,
        ratelimit_seconds=5,
        timeout=16,
        window_size=600,
        requestor_class=_Requestor,
    )
    # asyncprawcore asks for the login with aiohttp's BasicAuth, which warns: an error where warnings are errors.
    login = _BasicAuth(_plain(config.client_id) or "", _plain(config.client_secret) or "")
    core: Any = client._core
    core.authorizer.authenticator._auth = login.itself
    return client


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _user_agent(config: RedditConfig) -> str:
    # The form that Reddit asks for.
    who = f" (by /u/{config.username.get_secret_value()})" if config.username else ""
    return f"{sys.platform}:chatframes:{__version__}{who}"


_link: ContextVar[Link] = ContextVar("_link")


class _BasicAuth:
    """The id and secret of an app, with the one method of aiohttp's class that is needed."""

    def __init__(self, client_id: str, client_secret: str) -> None:
        self._client_id, self._client_secret = client_id, client_secret

    def itself(self) -> _BasicAuth:
        return self

    def encode(self) -> str:
        """Return the value of an Authorization header."""
        return "Basic " + base64.b64encode(f"{self._client_id}:{self._client_secret}".encode("latin-1")).decode()


class _Requestor(asyncprawcore.Requestor):
    """Takes asyncpraw's requests and sends them through the current call's `Link`."""

    async def close(self) -> None:
        pass

    @asynccontextmanager
    async def request(  # type: ignore[override]  # only the arguments that asyncprawcore passes
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        data: Any = None,
        auth: Any = None,
        **_: Any,
    ) -> AsyncIterator[_Response]:
        authorization: str = auth.encode() if auth else (headers or {}).get("Authorization", "")
        scheme, _space, secret = authorization.partition(" ")
        ask = Ask(
            form=None if method == "GET" else {name: str(value) for name, value in data or ()},
            user_agent=self.headers["User-Agent"],
            token=SecretStr(secret) if secret else NO_TOKEN,
            scheme=scheme.capitalize(),
            lists=True,
        )
        link = _link.get()
        answer = await link.json(
            f"{url}?{urlencode(params)}" if params else url, ask=ask, let_through=STATUSES_READ_HERE
        )
        if url.endswith(TOKEN_PATH):
            _check_token(answer)
        elif answer.status not in (200, 401):
            raise Refused(answer.status, _reason(answer), answer.location, _is_page(answer))
        yield _Response(answer)


class _Response:
    """An answer as asyncpraw gets it: without the headers on which it would fail."""

    def __init__(self, answer: Answer) -> None:
        self.status = answer.status
        self.headers: dict[str, str] = {}
        if answer.status != 200:
            self.headers["www-authenticate"] = 'Bearer error="invalid_token"'
        self._payload = answer.payload

    async def json(self, **_: Any) -> Any:
        return self._payload


def _reason(answer: Answer) -> str:
    payload = answer.payload if isinstance(answer.payload, dict) else {}
    word = payload.get("reason") or payload.get("error")
    return word[:80] if isinstance(word, str) else ""


def _is_page(answer: Answer) -> bool:
    """Whether Reddit refused with a web page, which is not for one subreddit or login but for this network."""
    return answer.status == 403 and not answer.payload and "html" in answer.headers.get("Content-Type", "").lower()


def _check_token(answer: Answer) -> None:
    """Raise unless the answer holds a token: Reddit refuses some logins with status 200."""
    payload = answer.payload if isinstance(answer.payload, dict) else {}
    if _is_page(answer):
        raise Refused(answer.status, is_page=True)
    if answer.status == 401:
        raise refused_login("Reddit refused client_id and client_secret (HTTP 401).")
    if answer.status in (400, 403) or "error" in payload:
        why = _reason(answer) or f"HTTP {answer.status}"
        if why == "invalid_grant":
            why = "invalid_grant: the password or the refresh token is wrong, or two-factor login is on"
        raise refused_login(f"Reddit refused to log in ({why}).")
    token, seconds = payload.get("access_token"), payload.get("expires_in")
    if answer.status != 200 or not isinstance(token, str) or not token or not isinstance(seconds, int):
        raise ServiceError("Reddit answered the login with something that is no token. Try again later.")
    if not token.isascii() or not token.isprintable():
        raise ServiceError("Reddit gave an access token that cannot be sent in a header. Try again later.")
    payload["scope"] = str(payload.get("scope") or "*")  # asyncpraw fails without one


# --- accounts in use ------------------------------------------------------------------------------------------------

_accounts: dict[tuple[int, str, str, str], Account] = kept.new_dict()


def account(config: RedditConfig) -> Account:
    """Return the account of a credential; every call of this process gets the same object.

    Raises
    ------
    AuthError
        No credential is configured.
    """
    if config.client_id is None:
        raise refused_login("No Reddit credentials are configured.")
    key = id(asyncio.get_running_loop()), config.oauth_url, config.reddit_url, fingerprint(config)
    return _accounts.setdefault(key, Account(config))


def fingerprint(config: RedditConfig) -> str:
    """Return a hash that stands for the credential and from which it cannot be read."""
    parts = [config.client_id, config.client_secret, config.refresh_token, config.username, config.password]
    secret = "\0".join(part.get_secret_value() if part else "" for part in parts) + f"\0{config.user_agent}"
    return hashlib.sha256(secret.encode()).hexdigest()[:16]
