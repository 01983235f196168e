"""The name of a file as its owner wrote it, however a server says it."""

from __future__ import annotations

import asyncio
import time

import pytest
from help.fakes import FakeTime, line, picture
from help.loopback import always, serving
from hypothesis import given
from hypothesis import strategies as st

from chatframes.transfer.file_names import file_name


def raw(text: str) -> str:
    """A header of UTF-8 bytes, as the transport hands it on."""
    return text.encode().decode("latin-1")


NAMES = {
    "both, the plain one first": (
        "attachment; filename=\"____.png\"; filename*=UTF-8''%E8%B3%87%E6%96%99.png",
        "資料.png",
    ),
    "both, the plain one last": ("attachment; filename*=UTF-8''%E8%B3%87.png; filename=\"_.png\"", "資.png"),
    "with a language": ("attachment; filename*=utf-8'de'%C3%9Cbersicht%20(1).png", "Übersicht (1).png"),
    "Latin-1, by RFC 8187": ("inline; filename*=ISO-8859-1''%A3%20rates.png", "£ rates.png"),
    "another charset": ("attachment; filename*=GBK''%D7%CA%C1%CF.png; filename=x.png", "资料.png"),
    "in quotes": ("attachment; filename*=\"UTF-8''na%C3%AFve.png\"", "naïve.png"),
    "in capitals and with spaces": ("ATTACHMENT; FileName* = UTF-8''%e2%82%ac.png ; FILENAME = e.png", "€.png"),
    "a charset that there is not": ("attachment; filename*=klingon''%41; filename=\"a.png\"", "a.png"),
    "bytes of another charset": ("attachment; filename*=UTF-8''%FC.png; filename=\"u.png\"", "u.png"),
    "no charset": ('attachment; filename*=a.png; filename="b.png"', "b.png"),
    "an empty extended one": ("attachment; filename*=UTF-8''; filename=\"b.png\"", "b.png"),
    "raw UTF-8": (raw('attachment; filename="Übersicht 資料.png"'), "Übersicht 資料.png"),
    "raw UTF-8 without quotes": (raw("attachment; filename=Übersicht.png"), "Übersicht.png"),
    "raw UTF-8 in the extended one": (raw("attachment; filename*=UTF-8''Übersicht.png"), "Übersicht.png"),
    "Latin-1": ('attachment; filename="Übersicht.png"', "Übersicht.png"),
    "decoded already": ('attachment; filename="資料.png"', "資料.png"),
    "as in a mail": ('attachment; filename="=?UTF-8?B?6LOH5paZLnBuZw==?="', "資料.png"),
    "as in a mail, in two words": (
        'attachment; filename="=?utf-8?q?=C3=9Cber?= =?utf-8?q?sicht.png?="',
        "Übersicht.png",
    ),
    "in numbered parts": (
        "attachment; filename*0*=UTF-8''%C3%9Cber; filename*1=sicht; filename*2*=.png",
        "Übersicht.png",
    ),
    "in numbered parts, one of them as it is": (
        "attachment; filename*0*=UTF-8''%C3%9C-; filename*1=\"%41.png\"",
        "Ü-%41.png",
    ),
    "in numbered parts, none of them encoded": ('a; filename*1="%41.png"; filename*0="foo-"', "foo-%41.png"),
    "in numbered parts, and whole": ("a; filename*0*=UTF-8''a; filename*=ISO-8859-1''%A3.png", "£.png"),
    "in numbered parts, one of them missing": ("a; filename*0=foo; filename*2=bar", "foo"),
    "a space before the star": ("attachment; filename *=UTF-8''%C3%BC.png", "ü.png"),
    "a mail's word and more": ('attachment; filename="=?UTF-8?Q?=C3=BC?= (1).png"', "ü (1).png"),
    "a mail's word and its ending": ('attachment; filename="=?UTF-8?B?8J+YgA==?=.png"', "😀.png"),
    "a mail's word of no charset": ('attachment; filename="=?klingon?Q?a?="', "=?klingon?Q?a?="),
    "a kind in quotes": ('"foo; filename=bar;baz"; filename=qux.png', "qux.png"),
    "commas": ("attachment; filename=a,b.png", "a,b.png"),
    "half a character": ("attachment; filename*=utf-7''+2D0-.png; filename=a.png", "a.png"),
    "half a character, as Python writes it": (
        "attachment; filename*=raw_unicode_escape''%5cud83d; filename=a.png",
        "a.png",
    ),
    "a codec that is no charset": ("attachment; filename*=rot13''n.png; filename=a.png", "a.png"),
    "a percent sign that was encoded": ("attachment; filename*=UTF-8''A-%2541.png", "A-%41.png"),
    "a percent sign that means nothing": ("attachment; filename*=UTF-8''100%.png", "100%.png"),
    "a semicolon in it": ('attachment; filename="a; filename*=b.png"; size=5', "a; filename*=b.png"),
    "quotes in it": ('attachment; filename="holi\\"day.jpg"', 'holi"day.jpg'),
    "spaces and no quotes": ("attachment; filename=my holiday.jpg; x=y", "my holiday.jpg"),
    "a quote that never ends": ('attachment; filename="a.png', "a.png"),
    "no kind before it": ("filename=a.png", "a.png"),
    "a percent sign": ('attachment; filename="100%25.png"', "100%25.png"),
    "a folder": ('attachment; filename="../../etc/passwd"', "passwd"),
    "a folder of Windows": ('attachment; filename="C:\\Users\\me\\a.png"', "a.png"),
    "a folder that was encoded": ("attachment; filename*=UTF-8''..%2F..%5Ca.png", "a.png"),
    "a line break": ("attachment; filename*=UTF-8''a%0D%0Ab%00.png", "ab.png"),
    "twice": ("attachment; filename=a.png; filename=b.png", "a.png"),
}
NO_NAMES = [
    "",
    "attachment",
    "inline; size=5",
    'attachment; filename=""',
    "attachment; filename=..",
    "attachment; filename*=UTF-8''%2F",
    "attachment; filename*1=a.png",
    "attachment; xfilename=a.png",
    'attachment; filename="   "',
    "attachment; filename*=UTF-8'a.png",
]


@pytest.mark.parametrize("case", NAMES)
def test_the_name_is_as_its_owner_wrote_it(case: str) -> None:
    disposition, name = NAMES[case]
    assert file_name(disposition) == name


@pytest.mark.parametrize("disposition", [None, *NO_NAMES])
def test_no_name_is_none(disposition: str | None) -> None:
    assert file_name(disposition) is None


@pytest.mark.parametrize("case", ["both, the plain one first", "raw UTF-8", "Latin-1"])
def test_it_comes_so_over_a_real_connection(case: str) -> None:
    disposition, name = NAMES[case]

    async def main() -> str | None:
        answer = always(200, picture(1), ("Content-Disposition", disposition))
        async with (
            serving(answer) as server,
            line(server.url, FakeTime().clock) as call,
            call.link.download(f"{server.url}/1") as body,
        ):
            return body.name

    assert asyncio.run(main()) == name


def test_of_two_headers_the_first_that_names_it_counts() -> None:
    async def main() -> str | None:
        headers = [
            ("Content-Disposition", value) for value in ("inline", "attachment; filename=a.png", "a; filename=b")
        ]
        async with (
            serving(always(200, picture(1), *headers)) as server,
            line(server.url, FakeTime().clock) as call,
            call.link.download(f"{server.url}/1") as body,
        ):
            return body.name

    assert asyncio.run(main()) == "a.png"


@given(st.text(max_size=300))
def test_whatever_a_server_says_it_is_a_name_or_none(text: str) -> None:
    for disposition in (text, f"attachment; filename={text}", f'attachment; filename="{text}"', f"a; filename*={text}"):
        name = file_name(disposition)
        assert name is None or (name and "/" not in name and "\\" not in name)


def test_a_hostile_header_is_read_in_no_time() -> None:
    began = time.process_time()
    for text in (
        'filename="' + "\\" * 60_000,
        "filename*=" + "a" * 60_000,
        ";" * 60_000,
        " " * 60_000 + "=",
        "=?" * 30_000,
    ):
        file_name(text)
        file_name(f'attachment; filename="{text}"')
    assert time.process_time() - began < 2
