"""What a reader sees of Reddit's Markdown, and where its addresses lead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatframes.sources.reddit.texts import links_in, people_in, plain


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("&#x200B;\n\nHello&nbsp;there, 3 &lt; 4 &amp; 5", "\u200b\n\nHello\xa0there, 3 < 4 & 5"),
        ("&#39;quoted&#39; &quot;words&quot; &hellip; &#8212;", "'quoted' \"words\" … —"),
        ("&amp;lt; is how one writes it", "&lt; is how one writes it"),  # once, as a browser does
        ("AT&T, R&D; &copy without its end; &nosuchthing; &notit;", "AT&T, R&D; &copy without its end; &nosuchthing; &notit;"),
        ("https://a.example/?id=1&region=us&copy=2&reg;=3", "https://a.example/?id=1&region=us&copy=2&reg;=3"),
        ("[map](https://a.example/?a=1&lt;=2) &lt;", "[map](https://a.example/?a=1&lt;=2) <"),
        ("https://a.example/x&nbsp;&#x200B;", "https://a.example/x\xa0\u200b"),  # what stands behind an address
        ("type `&lt;` for &lt;", "type `&lt;` for <"),
        ("```\n&lt;b&gt;\n```\n&lt;", "```\n&lt;b&gt;\n```\n<"),
        ("so:\n\n    &lt;b&gt;\n\n&lt;", "so:\n\n    &lt;b&gt;\n\n<"),
        ("&#0; &#xD800; &#99999999;", "\ufffd \ufffd &#99999999;"),
    ],
)  # fmt: skip
def test_entities_are_resolved_where_a_reader_sees_none(markdown: str, text: str) -> None:
    assert plain(markdown) == text


@pytest.mark.parametrize(
    ("markdown", "links"),
    [
        ("see https://a.example/x, or (https://b.example/y).", ["https://a.example/x", "https://b.example/y"]),
        ("<https://a.example/x> and **https://b.example**", ["https://a.example/x", "https://b.example"]),
        ("the [rules](/r/python/wiki/rules) of [it](/r/python/)", ["https://www.reddit.com/r/python/wiki/rules", "https://www.reddit.com/r/python/"]),
        ("[there](//cdn.example/x)", ["https://cdn.example/x"]),
        ("www.a.example/x is it, [or](www.b.example)", ["http://www.a.example/x", "http://www.b.example"]),
        ("[one]: https://a.example/ref", ["https://a.example/ref"]),
        ('[t](https://a.example/t "a title")', ["https://a.example/t"]),
        ("https://a.example/x&nbsp;", ["https://a.example/x"]),
        ("`https://a.example/x`", ["https://a.example/x"]),
        ("“https://a.example/x”…", ["https://a.example/x"]),
        ("mail@www.example.com nowww.a.example (/r/x) /r/y", []),
    ],
)  # fmt: skip
def test_every_address_that_can_be_clicked_is_a_link(markdown: str, links: list[str]) -> None:
    assert list(links_in(markdown)) == links


@given(st.text(alphabet="&;#x20Balgtnbsp `\n/:htps.w()[]\\", max_size=200))
def test_whatever_is_written_gives_a_text_and_links(markdown: str) -> None:
    assert plain(plain(markdown).replace("&", "")) == plain(markdown).replace("&", "")
    assert all(link.startswith(("http://", "https://", "HTTP")) for link in links_in(markdown))
    assert isinstance(people_in(markdown), list)


@pytest.mark.parametrize(
    "piece", ["&amp;", "&", ")", "`", "https://a.example/&amp;", "](/", "[", "www.", "u/", "![x](", "\n```\n&lt;"]
)
def test_a_long_text_of_anything_comes_to_an_end(piece: str) -> None:
    text = "https://a.example/" + piece * (300_000 // len(piece)) + ";"
    assert plain(text).startswith("https://a.example/")
    assert next(links_in(text)).startswith("https://a.example/")
    assert isinstance(people_in(text), list)
