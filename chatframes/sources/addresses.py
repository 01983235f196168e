"""Read an address that somebody pasted, whole: nothing of it is dropped unless a list says that it means nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from ..errors import ConfigError
from ..words import without_credentials

__all__ = ["LONGEST", "Address", "Reading", "tidy"]

LONGEST = 2000  # characters; browsers and apps make no longer addresses of chats
LONGEST_HOST_SHOWN = 60

# Characters that are not seen and that copying brings along: soft hyphen, zero-width ones, marks of direction.
_INVISIBLE = "\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
_UNSEEN = re.compile(f"[{_INVISIBLE}]+")
_SEEN = re.compile(rf"[^\s{_INVISIBLE}]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(//)?")
_PARTS = re.compile(r"([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")
_PARAMETER = re.compile(r"[a-z_]{1,20}")
# What lets anybody in who reads it, of any service: somebody may give it to the wrong one, without https://, or among
# other words, and no error may repeat it.
_INVITING = re.compile(
    r"^\+(?=.*[a-z])(?=.*[0-9_]|(?-i:.*[a-z][A-Z]))[a-z0-9_-]{12,}$"
    r"|(?:joinchat|addlist)/[a-z0-9_-]{4}|\.(?:me|dog)/\+[a-z0-9_-]{4}"
    r"|(?:join\?invite|addlist\?slug)=|eurl\.io/?#\S|(?:discord\.gg|discord(?:app)?\.com/invite|chat\.whatsapp\.com)/\S"
    r"|signal\.group/?#\S",
    re.IGNORECASE,
)
_SECRET = re.compile(r"[?&]pass=\S", re.IGNORECASE)  # of a proxy, beside what is secret in any address

# What sites and apps add to an address to learn who follows it. It says nothing of where the address leads.
_TRACKERS = frozenset(
    "fbclid gclid dclid gbraid wbraid msclkid yclid twclid ttclid igsh igshid mc_cid mc_eid li_fat_id _ga _gl "
    "ref_src ref_url si".split()
)


def tidy(text: str) -> str:
    """Return a text without the spaces and unseen characters around it, and without <> around an address.

    Examples
    --------
    >>> tidy(" <https://t.me/apollo> ")
    'https://t.me/apollo'
    """
    first, end = _SEEN.search(text), len(text)
    if first is None:
        return ""
    while not _SEEN.match(text, end - 1):
        end -= 1
    text = text[first.start() : end]
    return text[1:-1] if re.fullmatch(r"<[A-Za-z]+:[^<>]+>", text) else text


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of an address, with percent-encodings resolved; trackers are left out."""

    scheme: str  # "https" where none is written
    host: str  # in small letters
    steps: tuple[str, ...]  # between the slashes of its path
    query: dict[str, str]  # by names in small letters
    fragment: str

    @property
    def words(self) -> tuple[str, ...]:
        """The steps in small letters, to compare them with words."""
        return tuple(step.lower() for step in self.steps)


@dataclass(frozen=True, slots=True)
class Reading:
    """How the addresses of one service are read.

    Attributes
    ----------
    argument : str
        Where the text stands, for messages: ``"Telegram(chat)"``.
    instead : str
        What to write instead, for messages.
    is_host : callable
        Whether a host is one of the service's.
    look_alike : str
        A regular expression: a host that holds it and is none of the service's only looks like one.
    schemes : collection of str
        Those of the service's own apps, beside http and https.
    trackers : collection of str
        Parameters of the service's that do not change where an address leads.
    """

    argument: str
    instead: str
    is_host: Callable[[str], bool]
    look_alike: str
    schemes: Collection[str] = ()
    trackers: Collection[str] = ()

    def error(self, why: str, instead: str = "") -> ConfigError:
        """Return the error about an address; never does it hold the address, which may be a secret.

        Examples
        --------
        >>> str(Reading("Toy(room)", "write its name", lambda host: False, "toy").error("leads to no room"))
        'Toy(room): this address leads to no room: write its name.'
        """
        return ConfigError(f"{self.argument}: this address {why}: {instead or self.instead}.")

    def check_length(self, text: str) -> None:
        """Raise ConfigError for a text that is longer than any name or address."""
        if len(text) > LONGEST:
            raise ConfigError(f"{self.argument}: a text of {len(text):,} characters names nothing: {self.instead}.")

    def address(self, text: str) -> Address | None:
        """Return the parts of a text that is an address, else None.

        Raises
        ------
        ConfigError
            It is an address, and not one of this service's, or not one that can be read whole; or it is none, and
            holds an invitation or another secret.
        """
        self.check_length(text)
        text = _UNSEEN.sub("", text)
        scheme, rest = self._scheme(text)
        if rest is None:
            if _INVITING.search(text):
                raise self.error("is an invitation", f"accept it in its app, then {self.instead}")
            if _SECRET.search(text) or without_credentials(text) != text:
                raise self.error("holds a secret")
            return None
        if re.search(r"[\s\\\x00-\x20\x7f-\x9f]", text):
            raise self.error("holds a space, a backslash or a control character")
        parts = _PARTS.fullmatch(rest)
        assert parts is not None  # it matches any text
        host = parts[1].lower()
        if scheme in ("http", "https"):
            self._check_host(host)
        return Address(scheme, host, self._steps(parts[2]), self._query(parts[3] or ""), parts[4] or "")

    def _scheme(self, text: str) -> tuple[str, str | None]:
        """Return the scheme and what follows it; None instead of that where the text is no address."""
        match = _SCHEME.match(text)
        if match is not None:
            scheme = match[1].lower()
            if scheme in self.schemes and (match[2] or not re.search(r"\s", text)):
                return scheme, text[match.end() :]
            if match[2]:
                if scheme not in ("http", "https"):
                    raise self.error("begins as none that is understood here")
                return scheme, text[match.end() :]
        if text.startswith("//"):
            return "https", text[2:]
        host = re.split(r"[/?#]", text, maxsplit=1)[0].lower()
        if self.is_host(host) or re.search(rf"(^|[.@])({self.look_alike})($|[.:@])", host):
            return "https", text
        return "", None

    def _check_host(self, host: str) -> None:
        if "@" in host:
            raise self.error("holds a name before an @, which hides where it leads")
        if ":" in host:
            raise self.error("holds the number of a port")
        if not self.is_host(host):
            shown = f" ({host[:LONGEST_HOST_SHOWN]})" if _HOST.fullmatch(host) else ""
            raise self.error(f"is of another site{shown}")

    def _steps(self, path: str) -> tuple[str, ...]:
        steps = tuple(self.plain(step) for step in path.split("/") if step)
        if any("/" in step or step in (".", "..") for step in steps):
            raise self.error("holds a step of its path that leads elsewhere")
        return steps

    def _query(self, query: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for pair in query.split("&"):
            name, _, value = pair.partition("=")
            name = self.plain(name).lower().removeprefix("amp;")
            if not name and not value:
                continue
            if name in _TRACKERS or name in self.trackers or name.startswith("utm_"):
                continue
            value = self.plain(value.replace("+", " "))
            if found.setdefault(name, value) != value:
                raise self.error("gives one of its parameters twice")
        return found

    def check_rest(self, query: Mapping[str, str], known: Collection[str]) -> None:
        """Raise ConfigError for a parameter that is not among the known ones."""
        for name, value in query.items():
            if name not in known:
                # A name without a value may itself be a secret.
                shown = f" {name!r}" if value and _PARAMETER.fullmatch(name) else ""
                raise self.error(f"has a parameter{shown} that is not understood", f"leave it out, or {self.instead}")

    def plain(self, text: str) -> str:
        """Return a part of an address without its percent-encodings."""
        try:
            plain = unquote(text, errors="strict")
        except UnicodeDecodeError:
            raise self.error("holds characters that are no text") from None
        if not plain.isprintable():
            raise self.error("holds a control character")
        return plain
