"""One credential at Reddit: asyncpraw logs in and words the requests, our own road carries them.

asyncpraw's session never repeats a 429, sleeps where nobody sees it, fails on headers it does not expect, and keeps
passwords and tokens in its exceptions. So its requestor, which is made to be replaced, is replaced: every request
goes through the `Link` of the call that asks, and asyncpraw sees good answers only. One request of an account is
under way at a time, for two expansions of comments at once are refused, and twenty first requests would be twenty
logins.
"""

from __future__ import annotations

import asyncio
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
SEEN_HERE = frozenset({301, 302, 303, 307, 308, 400, 401, 403, 404, 451})
HOW_TO_GET_A_KEY = """
1. Reddit gives keys on request only (since November 2025): read its Responsible Builder Policy at
   https://support.reddithelp.com/hc/articles/42728983564564 and ask there; keys from before still work.
2. With the permission, make an app of the type "script" at https://www.reddit.com/prefs/apps.
3. Put its id and secret into REDDIT_CLIENT_ID and REDDIT_CLIENT_SECRET, or into "reddit" of config.json.
4. Until then `cf.sandbox()` has a Reddit that needs no key, and Webex and Telegram work without it.""".strip()


class Refused(ServiceError):
    """Reddit refused one request with a status that no retry will change; `reason` is Reddit's own word."""

    def __init__(self, status: int, reason: str, location: str) -> None:
        super().__init__(f"Reddit answered HTTP {status}{f' ({reason})' if reason else ''}")
        self.status, self.reason, self.location = status, reason, location


class Account:
    """One credential at one endpoint; kept for the whole process, and with it the token."""

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
        """Return the JSON that Reddit answers, untouched: by GET, or by POST with a `form`.

        Raises
        ------
        AuthError, RateLimited, Refused, ServiceError
        """
        async with self._lock:
            if self._reddit is None:
                self._reddit = _client(self._config)
            marked = _link.set(link)
            try:
                return await self._reddit.request(
                    method="GET" if form is None else "POST",
                    path=path,
                    params=None if params is None else {name: str(value) for name, value in params.items()},
                    data=None if form is None else dict(form),
                )
            except ChatframesError as error:
                ours: ChatframesError = error
            except asyncprawcore.ResponseException:  # only a 401 ever gets this far
                ours = refused_login("Reddit refused the access token it had just given (HTTP 401).")
            except Exception as error:  # whatever it is: its frames hold passwords
                ours = ServiceError(f"asyncpraw could not make sense of an answer ({type(error).__name__})")
            finally:
                _link.reset(marked)
        # Out here, without the frames it came through: asyncpraw's hold passwords and tokens in their locals.
        raise ours.with_traceback(None)


def refused_login(what: str) -> AuthError:
    """Return the error for a missing or refused credential: what happened, how to get one, what to do meanwhile."""
    return AuthError(f"{what}\n{HOW_TO_GET_A_KEY}")


def _client(config: RedditConfig) -> asyncpraw.Reddit:
    # Every setting is given here, so that neither a praw.ini lying in the folder nor the environment adds its own.
    return asyncpraw.Reddit(
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


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _user_agent(config: RedditConfig) -> str:
    # The form that Reddit asks for.
    who = f" (by /u/{config.username.get_secret_value()})" if config.username else ""
    return f"{sys.platform}:chatframes:{__version__}{who}"


_link: ContextVar[Link] = ContextVar("_link")


class _Requestor(asyncprawcore.Requestor):
    """Where asyncpraw hands over its requests, and we take them."""

    async def close(self) -> None:
        pass

    @asynccontextmanager
    async def request(  # type: ignore[override]  # what asyncprawcore gives, not all that aiohttp takes
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
        given: str = auth.encode() if auth else (headers or {}).get("Authorization", "")
        scheme, _space, secret = given.partition(" ")
        ask = Ask(
            form=None if method == "GET" else {name: str(value) for name, value in data or ()},
            user_agent=self.headers["User-Agent"],
            token=SecretStr(secret) if secret else NO_TOKEN,
            scheme=scheme.capitalize(),
            lists=True,
        )
        link = _link.get()
        answer = await link.json(f"{url}?{urlencode(params)}" if params else url, ask=ask, let_through=SEEN_HERE)
        if url.endswith(TOKEN_PATH):
            _check_token(answer)
        elif answer.status not in (200, 401):
            raise Refused(answer.status, _reason(answer), answer.location)
        yield _Response(answer)


class _Response:
    """What asyncpraw may see of an answer: none of the headers it would stumble over."""

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


def _check_token(answer: Answer) -> None:
    """Raise unless this is a token: Reddit also says no with status 200."""
    payload = answer.payload if isinstance(answer.payload, dict) else {}
    if answer.status == 401:
        raise refused_login("Reddit refused client_id and client_secret (HTTP 401).")
    if answer.status in (400, 403) or "error" in payload:
        why = _reason(answer) or f"HTTP {answer.status}"
        if why == "invalid_grant":
            why = "invalid_grant: the password or the refresh token is wrong, or two-factor login is on"
        raise refused_login(f"Reddit refused to log in ({why}).")
    token, seconds = payload.get("access_token"), payload.get("expires_in")
    if answer.status != 200 or not isinstance(token, str) or not token or not isinstance(seconds, int):
        raise ServiceError("Reddit answered the login with something that is no token; try again later")
    if not token.isascii() or not token.isprintable():
        raise ServiceError("Reddit gave an access token that no header can hold; try again later")
    payload["scope"] = str(payload.get("scope") or "*")  # asyncpraw fails without one


# --- accounts in use ------------------------------------------------------------------------------------------------

_accounts: dict[tuple[int, str, str, str], Account] = kept.new_dict()


def account(config: RedditConfig) -> Account:
    """Return the account of a credential: the same one for every call of this process.

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
    """Return a name for the credential that tells nothing about it."""
    parts = [config.client_id, config.client_secret, config.refresh_token, config.username, config.password]
    secret = "\0".join(part.get_secret_value() if part else "" for part in parts) + f"\0{config.user_agent}"
    return hashlib.sha256(secret.encode()).hexdigest()[:16]
