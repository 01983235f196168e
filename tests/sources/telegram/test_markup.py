"""The HTML of a message: without its tags it is the text, its tags nest, and nothing in it runs."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from telethon.extensions import html as telethon_html
from telethon.tl import types as t

from chatframes.sources.telegram.markup import MAX_ENTITIES, PLAIN, TAGS, as_html, links, mentions, slices

URL = "https://example.org/?a=\"<b>\"&c='d'#e"
MAKERS = [
    *(t.MessageEntityBold, t.MessageEntityItalic, t.MessageEntityUnderline, t.MessageEntityStrike),
    *(t.MessageEntityCode, t.MessageEntitySpoiler, t.MessageEntityHashtag, t.MessageEntityUrl, t.MessageEntityEmail),
    t.MessageEntityBlockquote,
    lambda offset, length: t.MessageEntityPre(offset, length, "py\">'\u0000 thon"),
    lambda offset, length: t.MessageEntityTextUrl(offset, length, URL),
    lambda offset, length: t.MessageEntityTextUrl(offset, length, "javascript:alert(1)"),
    lambda offset, length: t.MessageEntityMentionName(offset, length, 7),
    lambda offset, length: t.MessageEntityCustomEmoji(offset, length, 5),
]
TEXTS = st.text(st.sampled_from("ab <>&\"';#x\n😀👩\u200d") | st.characters(exclude_categories=["Cs"]), max_size=25)
SPANS = st.tuples(st.integers(-2, 30), st.integers(-2, 30) | st.just(2**31 - 1))
ENTITIES = st.lists(st.builds(lambda make, span: make(*span), st.sampled_from(MAKERS), SPANS), max_size=8)


# Of each kind of entity one around the word of "<word>": the tags, and what it adds to `links` and to `mentions`.
EACH: list[tuple[Any, str, str, tuple[str, ...], tuple[str, ...]]] = [
    (t.MessageEntityBold(1, 4), "<strong>", "</strong>", (), ()),
    (t.MessageEntityItalic(1, 4), "<em>", "</em>", (), ()),
    (t.MessageEntityUnderline(1, 4), "<u>", "</u>", (), ()),
    (t.MessageEntityStrike(1, 4), "<del>", "</del>", (), ()),
    (t.MessageEntityCode(1, 4), "<code>", "</code>", (), ()),
    (t.MessageEntitySpoiler(1, 4), '<span class="spoiler">', "</span>", (), ()),
    (t.MessageEntityBlockquote(1, 4, collapsed=True), "<blockquote expandable>", "</blockquote>", (), ()),
    (t.MessageEntityPre(1, 4, "py"), '<pre><code class="language-py">', "</code></pre>", (), ()),
    (t.MessageEntityDiffInsert(1, 4), "<ins>", "</ins>", (), ()),
    (t.MessageEntityDiffReplace(1, 4, "old"), "<ins>", "</ins>", (), ()),
    (t.MessageEntityDiffDelete(1, 4), "<del>", "</del>", (), ()),
    (t.MessageEntityCustomEmoji(1, 4, 5), '<tg-emoji emoji-id="5">', "</tg-emoji>", (), ()),
    (
        t.MessageEntityFormattedDate(1, 4, datetime(2026, 11, 7, tzinfo=UTC)),
        '<time datetime="2026-11-07T00:00:00+00:00">', "</time>", (), (),
    ),
    (t.MessageEntityUrl(1, 4), '<a href="https://word">', "</a>", ("word",), ()),
    (t.MessageEntityTextUrl(1, 4, "https://x.org/?a=1&b=2"), '<a href="https://x.org/?a=1&amp;b=2">', "</a>",
     ("https://x.org/?a=1&b=2",), ()),
    (t.MessageEntityEmail(1, 4), '<a href="mailto:word">', "</a>", (), ()),
    (t.MessageEntityMentionName(1, 4, 7), '<a href="tg://user?id=7">', "</a>", (), ("7",)),
    (t.InputMessageEntityMentionName(1, 4, t.InputUser(7, 1)), '<a href="tg://user?id=7">', "</a>", (), ("7",)),
    (t.MessageEntityMention(1, 4), "", "", (), ("word",)),
    *[
        (kind(1, 4), "", "", (), ())
        for kind in (t.MessageEntityHashtag, t.MessageEntityBotCommand, t.MessageEntityPhone, t.MessageEntityCashtag,
                     t.MessageEntityBankCard, t.MessageEntityUnknown)
    ],
]  # fmt: skip


def test_each_kind_of_entity_has_its_tags_its_links_and_its_mentions() -> None:
    assert [type(entity) for entity, *_ in EACH] == list(dict.fromkeys(type(entity) for entity, *_ in EACH))
    assert {type(entity) for entity, *_ in EACH} == TAGS.keys() | PLAIN
    for entity, opening, closing, found, named in EACH:
        pieces = slices("<word>", [entity])
        assert as_html("<word>", pieces) == f"&lt;{opening}word{closing}&gt;", entity
        assert (links(pieces), mentions(pieces)) == (found, named), entity


class Nesting(HTMLParser):
    """Counts tags that close what is not open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.wrong += not self.open or self.open.pop() != tag


def nests(markup: str) -> bool:
    nesting = Nesting()
    nesting.feed(markup)
    nesting.close()
    return not nesting.wrong and not nesting.open


def stripped(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


@given(TEXTS, ENTITIES)
@example("run this\nprint(1)\nthanks", [t.MessageEntityPre(9, 8, "python")])
@example("abcdefghij", [t.MessageEntityBold(0, 6), t.MessageEntityItalic(3, 7)])
@example("&lt; &amp;#x80; {}", [t.MessageEntityCode(0, 18)])
@example("😀😀", [t.MessageEntityBold(1, 2), t.MessageEntityItalic(0, 1)])
def test_markup_without_its_tags_is_the_text_and_its_tags_nest(text: str, entities: list[Any]) -> None:
    markup = as_html(text, slices(text, entities))
    if markup is not None:
        assert stripped(markup) == text
        assert nests(markup)
        assert "javascript:" not in re.sub(r">[^<]*<", "><", markup)


def test_a_borrowed_renderer_fails_both() -> None:
    """The negative control: Telethon's own HTML of the same."""
    code = telethon_html.unparse("run\nprint(1)", [t.MessageEntityPre(4, 8, "python")])
    assert stripped(code) != "run\nprint(1)"
    assert not nests(telethon_html.unparse("abcdefghij", [t.MessageEntityBold(0, 6), t.MessageEntityItalic(3, 7)]))


@pytest.mark.parametrize(
    ("entities", "markup"),
    [
        ([t.MessageEntitySpoiler(0, 3)], '<span class="spoiler">abc</span>d'),
        ([t.MessageEntityBold(0, 4), t.MessageEntityItalic(0, 4)], "<strong><em>abcd</em></strong>"),
        ([t.MessageEntityBold(1, 1), t.MessageEntityItalic(0, 3)], "<em>a<strong>b</strong>c</em>d"),
        (
            [t.MessageEntityBold(0, 2), t.MessageEntitySpoiler(1, 3)],
            '<strong>a<span class="spoiler">b</span></strong><span class="spoiler">cd</span>',
        ),
        ([t.MessageEntityPre(0, 4, "")], "<pre>abcd</pre>"),
        ([t.MessageEntityBlockquote(0, 4, collapsed=True)], "<blockquote expandable>abcd</blockquote>"),
        ([t.MessageEntityUrl(0, 4)], '<a href="https://abcd">abcd</a>'),
        ([t.MessageEntityEmail(0, 4)], '<a href="mailto:abcd">abcd</a>'),
        ([t.MessageEntityTextUrl(0, 4, "https://x.org/?a=1&b=2")], '<a href="https://x.org/?a=1&amp;b=2">abcd</a>'),
        ([t.InputMessageEntityMentionName(0, 4, t.InputUser(7, 1))], '<a href="tg://user?id=7">abcd</a>'),
        ([t.MessageEntityCustomEmoji(0, 4, 5)], '<tg-emoji emoji-id="5">abcd</tg-emoji>'),
        ([t.MessageEntityDiffReplace(0, 2, "xy"), t.MessageEntityDiffDelete(2, 2)], "<ins>ab</ins><del>cd</del>"),
        ([t.MessageEntityFormattedDate(0, 4, None)], "abcd"),
        ([t.MessageEntityHashtag(0, 4)], "abcd"),
    ],
)
def test_each_entity_has_its_tag(entities: list[Any], markup: str) -> None:
    assert as_html("abcd", slices("abcd", entities)) == markup


def test_entities_without_end_cost_what_they_should() -> None:
    text = "word " * 2_000
    entities = [t.MessageEntityBold(place, 9_000) for place in range(5_000)]
    markup = as_html(text, slices(text, entities))
    assert markup is not None
    assert stripped(markup) == text
    assert markup.count("<strong>") <= MAX_ENTITIES**2
