"""Words and addresses of a text, in whatever form it comes, and however hostile."""

from __future__ import annotations

import pytest
from help.sampling import sampled

from chatframes.sources.plain_text import links_in, of_html, of_markdown, without_entities

pytestmark = pytest.mark.quick
X = "https://example.org"


@pytest.mark.parametrize(
    ("text", "links"),
    [
        (f"the plan: {X}/plan?a=1&b=2 and more", [f"{X}/plan?a=1&b=2"]),
        (f"({X}/a), {X}/b. {X}/c! <{X}/d> \"{X}/e\" '{X}/f' **{X}/g**", [f"{X}/{letter}" for letter in "abcdefg"]),
        (f"{X}/wiki/Set_(game) ({X}/wiki/Set_(game))", [f"{X}/wiki/Set_(game)"] * 2),
        (f"{X}/x?a=1&region=2&copy=3", [f"{X}/x?a=1&region=2&copy=3"]),
        (f"见{X}/计划。谢谢", [f"{X}/计划"]),
        ("HTTP://EXAMPLE.ORG/A ftp://files.example/x", ["HTTP://EXAMPLE.ORG/A", "ftp://files.example/x"]),
        ("www.example.org/a, and WWW.b.example", ["www.example.org/a", "WWW.b.example"]),
        ("mailto:ada@example.org", ["mailto:ada@example.org"]),
        ("webexteams://im?space=1", ["webexteams://im?space=1"]),
        (f"{X}:8443/#top", [f"{X}:8443/#top"]),
        ("https://münchen.example/ä", ["https://münchen.example/ä"]),
        (f"line\n{X}\nline", [X]),
        (
            "https:// http://... www. ada@www.example.org javascript:alert(1) javascript://%0aalert(1) data:text/html,x a.b.c",
            [],
        ),
        ("", []),
    ],
)
def test_addresses_in_plain_text(text: str, links: list[str]) -> None:
    assert links_in(text) == links


@pytest.mark.parametrize(
    ("html", "text", "links"),
    [
        ("Tom &amp; Jerry at 5 &lt; 6&#33; &nbsp;&#x200B;", "Tom & Jerry at 5 < 6! \xa0\u200b", []),
        (f"<p>{X}/a?x=1&amp;y=2</p>", f"{X}/a?x=1&y=2", [f"{X}/a?x=1&y=2"]),
        (f'<a href="{X}/?a=1&region=2">{X}</a>', X, [f"{X}/?a=1&region=2"]),
        (f"<a href=\"{X}/1\">one</a> {X}/2 <a href='{X}/3'>three</a>", f"one {X}/2 three", [f"{X}/{n}" for n in "123"]),
        ('<a title="a>b" href="https://g.example">t</a>', "t", ["https://g.example"]),
        ("<p title=don't>hello <b class='x'>you</b>", "hello you", []),
        ("<p>a</p><p>b</p><ul><li>c</li><li>d</li></ul>e<br>f", "a\nb\nc\nd\ne\nf", []),
        ('<spark-mention data-object-id="x">Ada</spark-mention> hi', "Ada hi", []),
        ("<blockquote>said</blockquote>so", "said\nso", []),
        ("a < b, c > d <3", "a < b, c > d <3", []),
        ("<a href=javascript:alert(1)>x</a><a href=''>y</a><a>z</a>", "xyz", []),
        ("<!-- not seen --> seen", "seen", []),
        ("&region; &bogus; &#99999999; a&b;", "&region; &bogus; &#99999999; a&b;", []),
    ],
)
def test_html_becomes_what_a_reader_sees(html: str, text: str, links: list[str]) -> None:
    words = of_html(html)
    assert (words.text, [*words.links]) == (text, links)


@pytest.mark.parametrize(
    ("source", "text", "links"),
    [
        (f"**Build** [412]({X}/c) _failed_ *now*", "Build 412 failed now", [f"{X}/c"]),
        (f"[a]({X}/_x_) {X}/_y_z_ snake_case_name", f"a {X}/_y_z_ snake_case_name", [f"{X}/_x_", f"{X}/_y_z_"]),
        (f'[w]({X}/Set_(game)) [t]({X} "title") <{X}/b>', f"w t <{X}/b>", [f"{X}/Set_(game)", X, f"{X}/b"]),
        ("2 * 3 * 4 and a ** b", "2 * 3 * 4 and a ** b", []),
        ("[x](javascript:alert(1)) [y]() [z", "x y [z", []),
        ("5 &lt; 6 &#xE000; &amp;", "5 < 6 \ue000 &", []),
        (f"\ue000 {X} &#xE000;", f" {X} \ue000", [X]),
        ("<@personId:abc|Ada> <@personEmail:ada@x.example> <@all>", "Ada ada@x.example all", []),
    ],
)
def test_markdown_becomes_what_a_reader_sees(source: str, text: str, links: list[str]) -> None:
    words = of_markdown(source)
    assert (words.text, [*words.links]) == (text, links)


HOSTILE = [
    "<", "<a ", '<a "', "<a '", '<a href="', "<a =", "<a =\"' ", "<!", "&", "&#", "[", "[a](", "[a](x", "[a](((", '[a](x "', "![",
    "*", "**a ", "_", "__a", " _a", "<@personId:", "www.", "www.a", "/www.", "mailto:a,", "mailto:@", "https://", "https://)", "://",
    "https://x(", ")", "\ue000", "a" * 50 + ".", "\n<", "<p>", "</", "`", "&amp;", "</a><a href=x>",
]  # fmt: skip


@pytest.mark.parametrize("piece", sampled(HOSTILE, 10))
@pytest.mark.parametrize("read", [of_html, of_markdown, links_in, without_entities])
def test_no_text_of_a_megabyte_is_slow(piece: str, read: object) -> None:
    """Nothing is measured here: what took quadratic time would not come to its end today."""
    text = piece * (200_000 // len(piece))
    assert read(text) is not None  # type: ignore[operator]
    assert read(text + ' "x">https://e.example') is not None  # type: ignore[operator]
