"""Writes the sandbox's Telegram chats: the messages, their authors and times, and what is attached.

Nothing here is Telegram's own shape yet, but everything that trips a reader of Telegram is placed here: ten messages
in one second exactly where ranges are cut, ids with holes, replies to what was deleted, anonymous admins, forwards
from nobody, pictures sent as files, and media that carry no bytes at all.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil
from random import Random

from ..community import talk
from ..community.people import END, MAIN_CHAT, Community, Person, key_of
from ..community.writing import window_borders
from .drafts import (
    Draft,
    Origin,
    Room,
    Thing,
    Words,
    username,
)
from .things import Things
from .voices import REACTIONS, SECOND, Voices

_FIRST = (
    "photo png spoiler sticker album octet preview gif paid_half heavy again webp moving exact edit_photo nameless jpg"
).split()
_USUAL = ["photo"] * 9 + ["album"] * 3 + ["png", "sticker", "preview", "jpg", "webp", "again"]


class Writer:
    """Writes the Telegram of one community; `padding_bytes` makes every JPEG that much heavier."""

    def __init__(self, community: Community, messages: int, images: int, padding_bytes: int = 0) -> None:
        self.count, self.images = messages, images
        self.seed, self.since, self.days = community.seed, community.since, (END - community.since).days
        self.random = Random(f"chatframes/telegram/{self.seed}")
        self.me, self.bot = community.me, community.bot
        self.voices = Voices(community, self.random)
        self.team, self.left = self.voices.team, self.voices.left
        self.nightly = Person(key_of(self.seed, "person", "Nightly"), "Nightly", "Nightly", "", "us", "bot")
        self.people = (*community.people, self.nightly)
        self.things = Things(self.seed, self.random, padding_bytes)
        self.shaped = self.albums = 0

    def rooms(self) -> list[Room]:
        """Everything; call once."""
        since = self.since
        friend = self.team[1]
        news = Room("news", "channel", "Apollo News", since - timedelta(days=11), username="apollo_news")
        news.drafts = self._news(news.created_at)  # before the group, which forwards posts
        apollo = Room("apollo", "supergroup", MAIN_CHAT, since, username="apollo")
        apollo.drafts = self._apollo(news.drafts)
        others = [
            Room("garage", "group", "Apollo garage", since - timedelta(days=12), self._garage()),
            news,
            Room("crew", "group", "Launch crew", since - timedelta(days=5), self._crew()),
            Room("friend", "person", friend.name, since, self._friend(friend), username(friend), friend),
            Room("workshop", "supergroup", "Workshop", since - timedelta(days=20), self._workshop(), forum=True),
            Room("standup a", "group", "Standup", since - timedelta(days=90), self._standup(14)),
            Room("standup b", "group", "Standup", since - timedelta(days=30), self._standup(5)),
            Room("quiet", "supergroup", "Quiet corner", since - timedelta(days=400)),
            Room("nightly", "bot", "Nightly", since, self._nightly(), username(self.nightly), self.nightly),
        ]
        rooms = [apollo, *others]
        self._number(rooms)
        return rooms

    def _number(self, rooms: list[Room]) -> None:
        """Put drafts in order and give them ids: dense with holes in channels, shared by the account elsewhere."""
        shared: list[Draft] = []
        for room in rooms:
            room.drafts.sort(key=lambda draft: draft.when)  # stable: threads stay in order
            if room.kind not in ("supergroup", "channel"):
                shared += room.drafts
                continue
            id_ = 0
            for draft in room.drafts:
                hole = self.random.randrange(2, 5) if id_ and self.random.random() < 0.03 else 1
                id_ = draft.id = id_ + hole
        id_ = 40
        for draft in sorted(shared, key=lambda draft: draft.when):
            id_ = draft.id = id_ + self.random.randrange(1, 7)
        for room in rooms:
            room.drafts = [draft for draft in room.drafts if not draft.deleted]

    # the main chat

    def _apollo(self, news: list[Draft]) -> list[Draft]:
        drafts: list[Draft] = []
        if self.count > 1 or (self.count and not self.images):  # it was a basic group once
            drafts.append(Draft(self.since, "apollo", service="channel_migrate_from", about="garage"))
        pictures = self._pictures(self.count - len(drafts), self.images)
        drafts += pictures
        room = self.count - len(drafts)
        drafts += self._at_borders(room // 2)
        odd = min(room // 3, self.count - len(drafts))
        for group in self._oddities([post for post in news if post.thing and post.words]):
            size = sum(not draft.deleted for draft in group)
            if size <= odd:
                odd -= size
                drafts += group
        missing = self.count - sum(not draft.deleted for draft in drafts)
        while missing > 0:
            some = list(self.voices.some_talk(self.since, supergroup=True, praised=pictures))[:missing]
            missing -= len(some)
            drafts += some
        return drafts

    def _at_borders(self, budget: int) -> list[Draft]:
        """Ten in one second exactly where ranges are cut, and neighbours one second away."""
        wanted = {self.since, *window_borders(self.days)[1:-1], *window_borders(self.days + 1)[1:-1]}
        borders = sorted({moment.replace(microsecond=0) for moment in wanted if moment >= self.since})
        each = (budget - 3) // len(borders)
        drafts: list[Draft] = []
        for border in borders:
            drafts += self.voices.burst(border, max(1, min(10, each - 2)))
            if each > 2:
                drafts += self.voices.burst(border + SECOND, 1)
                if border > self.since:
                    drafts += self.voices.burst(border - SECOND, 1)
        drafts += self.voices.burst(END - SECOND, 3)
        return drafts[: max(budget, 0)]

    def _oddities(self, news: list[Draft]) -> list[list[Draft]]:
        """Groups that belong together, the most useful first, for small chats."""
        say, answer, things, file = self.voices.say, self.voices.answer, self.things, "The file we talked about."
        gone = replace(say("Forget what I said."), deleted=True)
        agree = answer(gone, "I agree with what you deleted.")
        doubt = answer(agree, "What was it?", names_top=True)
        styled = (
            Words("🚀🔭 "), Words("bold after emoji", "bold"), Words(" 👩🏽‍🚀 "), Words("gain=11", "code"), Words(", "),
            Words("log & <more>", "link", "https://files.apollo.example/share?id=7&view=full"), Words(" 🇳🇴 "),
            Words(self.team[2].nick, "name", self.team[2].key), Words(" ✨ "), Words("the ending", "spoiler"),
            Words(" "), Words("🛰", "emoji", "5368324170671202286"), Words(" "), Words("#apollo", "hashtag"),
            Words(" "), Words("slowly", "italic", "", True), Words(", "),
            Words("again", "link", "https://wiki.apollo.example/optics", True),
        )  # fmt: skip
        pinned = say("Rules: 1) be kind 2) close the dome.", pinned=True)
        deep = [say("How deep can a thread go?")]
        for depth in range(5):
            deep.append(answer(deep[-1], f"At least {depth + 1}.", names_top=depth > 2))
        url = "https://www.example.org/night-sky?a=1&b=2"
        poll = ("Which night?", "Friday 🌙", "Saturday", "Cloudy anyway")
        shout, quoted = self.team[3], say("The dome **stays** open, I said it in May.")
        moment = self.voices.moment()
        return [
            [gone, agree, doubt],
            [say(styled)],
            [say("They say the launch is on {day}.", origin=Origin(moment - SECOND, name="Somebody Hidden"))],
            [say("The whole night in one film.", thing=things.odd("video"))],
            [say(file, thing=things.paper("pdf"))],
            [say("", thing=Thing("poll", lines=poll))],
            [say("", thing=things.odd("gif"))],
            [say("My last week. It was a pleasure!", self.left)],
            [say("Announcement by the admins: the dome is closed on {day}.", "apollo")],
            [say("", thing=Thing("expired"))],
            [pinned, Draft(self.voices.later(pinned.when), self.me, service="pin_message", answers=pinned)],
            [say("Forwarding this.", origin=Origin(moment, person=shout), reactions=(("👍", 3), ("🔥", 1)))],
            [self._forwarded(news[0])],
            [say("Emoji of our own.", reactions=(("custom:5368324170671202286", 4), ("paid", 25), ("❤", 2)))],
            [self._edited("Edited in the open.", hidden=False), self._edited("Only a reaction came.", hidden=True)],
            deep,
            [say("", thing=things.odd("lottie"))],
            [say("", thing=things.odd("voice"))],
            [say("This answers a post of the channel.", elsewhere="chat", answers=news[1])],
            [say("What a story!", elsewhere="story")],
            [say("Not to be saved.", protected=True), say("Not for every country.", restricted=True)],
            [say("Found by a bot: {site}", via_bot=True)],
            [say(Words(talk.RIGHT_TO_LEFT))],
            [
                say(file, thing=things.paper("zip")),
                say("Raw frames.", thing=things.odd("raw")),
                say("", thing=things.odd("svg")),
            ],
            [say(Words(" ".join(talk.LONG_PARAGRAPH.format(i=i) for i in range(1, 26))[:4_000]))],
            [say(Words(talk.HOSTILE)), say((Words(talk.HOSTILE, "bold"), Words(" & ", "plain"), Words("<b>", "code")))],
            [say("", thing=Thing("geo")), say("", thing=Thing("venue")), say("", thing=Thing("contact"))],
            [say("", thing=Thing("dice")), say("", thing=Thing("live_geo"))],
            [say("", thing=Thing("todo", lines=("Before the launch", "Charge batteries", "Water plants")))],
            [say("My vote is in.", thing=Thing("poll", lines=("Tea or coffee?", "Tea", "Coffee")))],
            [say((Words("Read "), Words(url, "url"), Words(" today")), thing=Thing("preview_bare", lines=(url,)))],
            [say((Words(url, "url"),), thing=Thing("preview_empty", lines=(url,)))],
            [say((Words("See "), Words(url, "url")), thing=Thing("preview_pending", lines=(url,)))],
            [say("I write as our channel.", "news")],
            [Draft(self.voices.moment(), shout, service="chat_add_user", about=self.team[4])],
            [Draft(self.voices.moment(), self.me, service="chat_edit_title", about=MAIN_CHAT)],
            [Draft(self.voices.moment(), self.left, service="chat_delete_user", about=self.left)],
            [say("", thing=Thing("story")), say("", thing=Thing("invoice")), say("", thing=Thing("giveaway"))],
            [quoted, answer(quoted, "I quote you on that.", quotes=True)],
            [say(Words(talk.MANY_LINES)), say(Words(talk.EMOJI)), say(Words(talk.FORMULA))],
            [
                say("From somebody who left.", origin=Origin(moment, person=self.left)),
                say(file, thing=things.paper("csv")),
            ],
        ]

    def _forwarded(self, post: Draft) -> Draft:
        """A post of the channel, its picture left out, with the counters that travel with posts."""
        copy = self.voices.say(
            post.words, origin=Origin(post.when, post=post), views=post.views, forwards=post.forwards
        )
        copy.when = max(copy.when, self.voices.later(post.when))
        return copy

    def _edited(self, line: str, *, hidden: bool) -> Draft:
        draft = self.voices.say(line)
        draft.edited_at, draft.edit_hidden = self.voices.later(draft.when), hidden
        return draft

    # pictures and files

    def _pictures(self, room: int, images: int) -> list[Draft]:
        """Messages that bring exactly `images` pictures: one each, or several behind a paywall where room is short."""
        most = min(room, max(room * 2 // 3, ceil(images / 10)))
        drafts: list[Draft] = []
        crowded, images = max(images - most, 0), min(images, most)
        while crowded:  # rarely: more pictures than messages
            size = min(10, crowded + 1)
            crowded, images = crowded + 1 - size, images - 1
            drafts.append(self.voices.say("Only for supporters.", thing=self.things.paid(size)))
        while images:
            some = self._picture_post(images, drafts)
            images -= len(some)
            drafts += some
        return drafts

    def _picture_post(self, left: int, before: list[Draft]) -> list[Draft]:
        """One photograph, or an album of at most `left` as one message for each; each shape comes early once."""
        shape = _FIRST[self.shaped] if self.shaped < len(_FIRST) else self.random.choice(_USUAL)
        self.shaped += 1
        if shape == "album":
            self.albums += 1
            when, author, size = self.voices.moment(), self.voices.author(), min(left, self.random.randrange(2, 7))
            album = [Draft(when, author, thing=self.things.photo(), album=self.albums) for _ in range(size)]
            album[self.random.randrange(size)].words = self.voices.words("The whole series, {n} s each.")
            return album
        draft = self.voices.say("")
        if shape == "again":
            shown = [old for old in before if old.thing and old.thing.shape in ("photo", "document")]
            if shown:  # the same content, in another message
                old = self.random.choice(shown)
                person = old.author if isinstance(old.author, Person) else None
                draft.thing, draft.origin = old.thing, Origin(old.when, person=person)
                draft.when = max(draft.when, self.voices.later(old.when))
                return [draft]
        draft.thing = self.things.picture(shape)
        if shape == "edit_photo":
            draft.service = "chat_edit_photo"
        elif shape == "preview":
            url = draft.thing.lines[0]
            draft.words = (Words("Look: "), Words(url, "url"))
        elif shape == "paid_half" or (shape != "sticker" and self.random.random() < 0.6):
            photo = draft.thing.files[0].photo
            assert photo is not None
            draft.words = self.voices.words(self.random.choice(talk.CAPTIONS[photo.subject][1]))
        return [draft]

    # the other chats

    def _garage(self) -> list[Draft]:
        """The basic group that became the main chat."""
        start = self.since - timedelta(days=12)
        drafts = [Draft(start, self.me, service="chat_create", about="Apollo garage")]
        lines = [line for conversation in talk.CONVERSATIONS[:4] for line in conversation][:10]
        for number, line in enumerate(lines):
            when = start + timedelta(days=1, hours=7 * number, seconds=number)
            drafts.append(Draft(when, self.random.choice(self.team), self.voices.words(line)))
        drafts[4].answers = drafts[3]
        drafts.append(Draft(self.since - SECOND, self.me, service="chat_migrate_to", about="apollo"))
        return drafts

    def _news(self, start: datetime) -> list[Draft]:
        drafts = [Draft(start, "news", service="channel_create", about="Apollo News")]
        for number in range(105):
            conversation = self.random.choice(talk.CONVERSATIONS)
            draft = self._post(self.voices.moment(start), conversation[0], number)
            if number % 8 == 3:
                draft.thing = self.things.photo() if number % 16 == 3 else self.things.picture("preview")
                if draft.thing.lines:
                    draft.words = (Words("More: "), Words(draft.thing.lines[0], "url"))
            drafts.append(draft)
        self.albums += 1
        when = self.voices.moment(start)
        for number in range(4):
            draft = self._post(when, "Four nights, one sky." if number == 0 else "", 110)
            draft.thing, draft.album = self.things.photo(), self.albums
            drafts.append(draft)
        for number in range(10):
            drafts.append(self._post(END - timedelta(hours=number + 1), talk.BOT_LINES[number % 4], 111 + number))
        return drafts

    def _post(self, when: datetime, line: str, number: int) -> Draft:
        pick = self.random
        draft = Draft(
            when, "news", self.voices.words(line), views=pick.randrange(90, 40_000), forwards=pick.randrange(90)
        )
        draft.comments = pick.randrange(30) if number % 3 else None
        draft.signature = pick.choice(self.team).name if number % 4 == 1 else None
        if number % 2:
            draft.reactions = tuple((key, pick.randrange(1, 300)) for key in pick.sample(REACTIONS, 2))
        draft.pinned = number == 20
        if number % 12 == 7:
            draft.edited_at = self.voices.later(when)
        return draft

    def _crew(self) -> list[Draft]:
        start = self.since - timedelta(days=5)
        drafts = [
            Draft(start, self.team[6], service="chat_create", about="Launch crew"),
            Draft(start + 60 * SECOND, self.team[6], service="chat_edit_photo", thing=self.things.photo()),
            Draft(start + 90 * SECOND, self.team[6], service="chat_add_user", about=self.me),
            self.voices.say("First light!", when=self.voices.moment(start), thing=self.things.photo()),
            self.voices.say("", when=self.voices.moment(start), thing=self.things.picture("png")),
        ]
        while len(drafts) < 80:
            drafts += list(self.voices.some_talk(start))[: 80 - len(drafts)]
        return drafts

    def _friend(self, friend: Person) -> list[Draft]:
        """Two years of silence between an old handful and a new dozen."""
        new = END - min(timedelta(days=4), timedelta(days=self.days) / 2)
        old = new - timedelta(days=731)
        pair = (self.me, friend)
        lines = [*talk.DIRECT, *talk.KITCHEN_NEW, "Thanks!", "Any time.", "Good night 🌙"]
        drafts = [
            Draft(old + timedelta(days=3, seconds=n) * n, pair[n % 2], self.voices.words(line))
            for n, line in enumerate(talk.KITCHEN_OLD[:5])
        ]
        drafts += [
            Draft(new + timedelta(minutes=7, seconds=1) * n, pair[n % 2], self.voices.words(line))
            for n, line in enumerate(lines[:11])
        ]
        drafts[7].answers, drafts[8].answers = drafts[6], drafts[7]
        drafts[9].reactions = (("❤", 1),)
        drafts[-1].thing = self.things.photo()
        drafts.append(Draft(new + timedelta(hours=3), friend, service="phone_call"))
        return drafts

    def _workshop(self) -> list[Draft]:
        start = self.since - timedelta(days=20)
        drafts = [Draft(start, self.me, service="channel_create", about="Workshop")]
        for number, title in enumerate(("Optics", "Field trips")):
            when = start + timedelta(hours=number + 1)
            drafts.append(Draft(when, self.team[number], service="topic_create", about=title))
        topics = (None, *drafts[1:])
        while len(drafts) < 60:
            talk_ = list(self.voices.some_talk(start + timedelta(days=1), supergroup=True))[: 60 - len(drafts)]
            topic = topics[len(drafts) % 3]
            for draft in talk_:
                draft.topic, draft.names_top = topic, False
            drafts += talk_
        drafts[-1].thing = self.things.photo()
        return drafts

    def _standup(self, count: int) -> list[Draft]:
        return [
            Draft(
                self.voices.moment(), self.random.choice(self.team), self.voices.words(self.random.choice(talk.STANDUP))
            )
            for _ in range(count)
        ]

    def _nightly(self) -> list[Draft]:
        start = END - min(timedelta(days=2), timedelta(days=self.days) / 2)
        lines = ("/start", "Hello! I report every night.", "/status", *talk.BOT_LINES[:3])
        return [
            Draft(start + timedelta(hours=n), self.me if line[0] == "/" else self.nightly, self.voices.words(line))
            for n, line in enumerate(lines)
        ]
