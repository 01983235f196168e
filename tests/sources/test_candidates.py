"""Which chat is meant by a title, and what is said where that cannot be told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chatframes.errors import ChatNotFound
from chatframes.model import Chat
from chatframes.sources.candidates import choose_by_title

pytestmark = pytest.mark.quick


def chat(id: str, title: str, day: int | None = None) -> Chat:
    return Chat(id, title, "group", day and datetime(2026, 10, day, tzinfo=UTC))


def refusal(title: str, *chats: Chat, instead: str = "") -> list[str]:
    with pytest.raises(ChatNotFound) as caught:
        choose_by_title(title, chats, what="Webex room", service="webex", instead=instead)
    return str(caught.value).splitlines()


def test_a_title_as_it_is_written_comes_before_the_same_in_other_letters() -> None:
    chats = [chat("1", "standup"), chat("2", "Standup"), chat("3", " Straße ")]
    for title, id in (("Standup", "2"), ("standup", "1"), ("STRASSE", "3")):
        assert choose_by_title(title, chats, what="Webex room", service="webex").id == id


def test_several_of_one_title_are_listed_the_latest_first_and_eight_at_most() -> None:
    first, *shown = refusal("Standup", *(chat(str(day), "Standup", day) for day in range(1, 11)))
    assert first == "10 Webex rooms are called 'Standup': give the id of one of them:"
    assert shown == [f"  'Standup'  (group, last active 2026-10-{day:02})  {day}" for day in range(10, 2, -1)]


def test_those_that_are_like_it_are_shown_and_all_where_none_is() -> None:
    chats = [chat("1", "Project Apollo"), chat("2", "Lunch", 3)]
    first, *shown = refusal("Projekt Apolo", *chats)
    assert first == "No Webex room of this account is called 'Projekt Apolo'. Did you mean one of these?"
    assert shown == ["  'Project Apollo'  (group, last active never)  1", 'See chats("webex") for all of them.']
    assert [line.split()[-1] for line in refusal("Zzz", *chats)[1:3]] == ["2", "1"]


def test_where_there_is_no_chat_that_is_said() -> None:
    assert refusal("Lunch")[0] == "No Webex room of this account is called 'Lunch': it is in no room at all."


def test_where_it_may_be_no_title_only_those_that_are_like_it_are_shown() -> None:
    said = refusal("lunches", chat("1", "Lunch"), chat("2", "Work"), instead="write '@lunches'")
    assert said[0].endswith("'lunches': write '@lunches'. Or did you mean one of these?")
    assert len(said) == 3
    assert refusal("zzz", chat("1", "Lunch"), instead="write '@zzz'")[1:] == ['See chats("webex") for all of them.']
