"""What a reader sees of a text in HTML or Markdown, and the addresses in it that can be clicked.

All of it goes once through the text, whatever it holds: no text can slow it down or break it.
"""

from __future__ import annotations

import html
import re
from html.entities import html5
from typing import NamedTuple

__all__ = ["Words", "can_be_clicked", "links_in", "of_html", "of_markdown", "of_plain", "without_entities"]

# An address ends before a space, a quotation mark or a bracket of another script, and what may not stand in one.
_END = r"\s<>\"`{}|\\^\x00-\x1f\u200b\ufeff。，、；：！？（）「」『』【】《》“”‘’"
_ADDRESS = re.compile(
    rf"(?<![A-Za-z0-9@.+/_-])(?:[a-z]{{2,20}}://[^{_END}]+|www\.[^{_END}]+\.[^{_END}]+|mailto:[^{_END}@]{{1,64}}@[^{_END}]+)",
    re.IGNORECASE,
)
_SOMETHING = re.compile(r"\w")
_AFTER_AN_ADDRESS = ".,;:!?'\"*…"
_PAIRS = {")": "(", "]": "["}
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_NO_LINKS = ("javascript:", "data:", "vbscript:")  # no app opens them


class Words(NamedTuple):
    """What a reader sees, and every address that can be clicked, in order."""

    text: str
    links: tuple[str, ...] = ()


def links_in(text: str) -> list[str]:
    """Return the addresses that are written out in a text, without the signs of the sentence around them.

    Examples
    --------
    >>> links_in("See (https://example.org/a_(b)?x=1&region=2), or www.example.org.")
    ['https://example.org/a_(b)?x=1&region=2', 'www.example.org']
    """
    if not _may_hold_an_address(text):
        return []
    found = (_without_what_follows(match[0]) for match in _ADDRESS.finditer(text))
    return [address for address in found if can_be_clicked(address) and _SOMETHING.search(address.rpartition("://")[2])]


def can_be_clicked(address: str) -> bool:
    """Whether an app would open this address: not if it is a script, or holds its own content.

    Examples
    --------
    >>> can_be_clicked("https://example.org"), can_be_clicked(" JavaScript:alert(1)"), can_be_clicked("")
    (True, False, False)
    """
    start = re.sub(r"[\s\x00-\x1f]", "", address[:64]).lower()
    return bool(start) and not start.startswith(_NO_LINKS)


def without_entities(text: str) -> str:
    """Return a text with its entities resolved; one without its semicolon is none, as in ``?a=1&region=2``.

    Examples
    --------
    >>> without_entities("Tom &amp; Jerry &lt;3 &#x41; a&region=2")
    'Tom & Jerry <3 A a&region=2'
    """
    return _ENTITY.sub(_resolved, text) if "&" in text else text


def _resolved(entity: re.Match[str]) -> str:
    name = entity[0][1:]  # some names are known without their semicolon, too: then "&region;" would be "®ion;"
    return html.unescape(entity[0]) if name.startswith("#") or name in html5 else entity[0]


def of_plain(text: str) -> Words:
    """Return a text without formatting as it is, with its addresses."""
    return Words(text, tuple(links_in(text)))


def _may_hold_an_address(text: str) -> bool:
    # Ten times as fast as the search, and few texts hold one.
    return "://" in text or ("." in text and ("www." in (small := text.lower()) or "mailto:" in small))


def _without_what_follows(address: str) -> str:
    more = {close: address.count(close) - address.count(opening) for close, opening in _PAIRS.items()}
    end = len(address)
    while end:
        last = address[end - 1]
        if more.get(last, 0) > 0:
            more[last] -= 1
        elif last not in _AFTER_AN_ADDRESS:
            break
        end -= 1
    return address[:end]


# --- HTML ------------------------------------------------------------------------------------------------------------

_NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9-]*)")
# A ">" in a quoted value ends no tag. Each part is taken once and never given back.
_REST_OF_TAG = re.compile(r"""(?:[^"'>=]++|=\s*+(?:"[^"]*"|'[^']*')?|["'])*+>""")
_HREF = re.compile(r"""\shref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_BLOCKS = frozenset("p li ul ol div h1 h2 h3 h4 h5 h6 pre blockquote table tr td th hr".split())


def of_html(markup: str) -> Words:
    """Return what a reader sees of a piece of HTML. It is never shown as HTML: a malformed tag only loses itself.

    Examples
    --------
    >>> of_html('<p>see <a href="https://a.example/?x=1&amp;y=2">this</a> &lt; b</p>')
    Words(text='see this < b', links=('https://a.example/?x=1&y=2',))
    """
    reader = _HtmlReader()
    reader.read(markup)
    return Words("".join(reader.pieces).strip(), tuple(reader.links))


class _HtmlReader:
    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.links: list[str] = []
        self._in_link = False

    def read(self, markup: str) -> None:
        at = 0
        while (opening := markup.find("<", at)) >= 0:
            self._text(markup[at:opening])
            at = self._tag(markup, opening)
        self._text(markup[at:])

    def _tag(self, markup: str, opening: int) -> int:
        """Read the tag that begins here, if it is one; return where the text goes on."""
        name = _NAME.match(markup, opening + 1)
        if name is None and markup[opening + 1 : opening + 2] != "!":
            self._text("<")
            return opening + 1
        start = name.end() if name else opening + 2
        end = markup.find(">", start)
        if markup.find("=", start, end) >= 0:  # most tags have no values
            rest = _REST_OF_TAG.match(markup, start)
            end = rest.end() - 1 if rest else -1
        if end < 0:
            self._text(markup[opening:])
            return len(markup)
        if name is not None:
            self._known_tag(name[1].lower(), markup[opening + 1] == "/", markup[opening + 1 : end])
        return end + 1

    def _known_tag(self, name: str, closing: bool, tag: str) -> None:
        if name == "a":
            self._in_link = not closing
            hrefs = [] if closing else [without_entities(next(filter(None, found), "")) for found in _HREF.findall(tag)]
            self.links += filter(can_be_clicked, hrefs[:1])
        elif name == "br" or (name in _BLOCKS and self.pieces and not self.pieces[-1].endswith("\n")):
            self.pieces.append("\n")

    def _text(self, source: str) -> None:
        if source:
            text = without_entities(source)
            self.pieces.append(text)
            if not self._in_link:
                self.links += links_in(text)


# --- Markdown --------------------------------------------------------------------------------------------------------

_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\(\s*<?([^()\s<>]*(?:\([^()\s<>]*\)[^()\s<>]*)*)>?(?:\s+\"[^\"\n]*\")?\s*\)")
_BOLD = re.compile(r"\*\*(?=[^\s*])([^*\n]*[^*\s])\*\*|(?<!\w)__(?=[^\s_])([^_\n]*[^_\s])__(?!\w)")
_ITALIC = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]*[^*\s])\*(?![\w*])|(?<![\w_])_(?=[^\s_])([^_\n]*[^_\s])_(?![\w_])")
_MENTION = re.compile(r"<@(?:personId|personEmail|all)(?::([^<>|]*))?(?:\|([^<>]*))?>")
_HELD = "\ue000"  # stands for an address, in which nothing is formatting; no text of people holds this character


def of_markdown(source: str) -> Words:
    """Return what a reader sees of Markdown: links by their words, bold and italic without signs; other signs stay.

    Examples
    --------
    >>> of_markdown("**Build** [412](https://ci.example/412_1) of my_own_app &amp; _more_")
    Words(text='Build 412 of my_own_app & more', links=('https://ci.example/412_1',))
    """
    reader = _MarkdownReader()
    text = reader.without_links(source.replace(_HELD, ""))
    if "<@" in text:
        text = _MENTION.sub(lambda who: who[2] or who[1] or "all", text)
    if "*" in text or "_" in text:
        for style in (_BOLD, _ITALIC):
            text = style.sub(lambda words: words[1] or words[2], text)
    first, *rest = (without_entities(part) for part in text.split(_HELD))
    return Words(first + "".join(map("".join, zip(reader.held, rest, strict=True))), tuple(reader.links))


class _MarkdownReader:
    def __init__(self) -> None:
        self.links: list[str] = []
        self.held: list[str] = []  # the addresses that stand in the text, in order

    def without_links(self, source: str) -> str:
        """Return the text with the words of its links, and signs in the place of addresses that are written out."""
        pieces: list[str] = []
        at = 0
        for link in _LINK.finditer(source) if "](" in source else ():
            pieces += [self._hold_addresses(source[at : link.start()]), link[1]]
            self.links += filter(can_be_clicked, [link[2]])
            at = link.end()
        return "".join([*pieces, self._hold_addresses(source[at:])])

    def _hold_addresses(self, text: str) -> str:
        return _ADDRESS.sub(self._hold, text) if _may_hold_an_address(text) else text

    def _hold(self, found: re.Match[str]) -> str:
        address = _without_what_follows(found[0])
        self.links += links_in(address)
        self.held.append(address)
        return _HELD + found[0][len(address) :]
