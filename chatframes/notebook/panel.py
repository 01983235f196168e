"""A panel that fetches: choose the chat, the days and the images, press Fetch; the table is at `panel.frame`.

What it starts are tasks on the library's own loop, so the kernel stays free and Cancel is heard at once. Buttons may be
pressed on the kernel's main thread, or on a subshell's while a cell runs; what both look at before they begin something
has a lock, and so has what is said.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable
from typing import Any

import ipywidgets
import pandas as pd

from ..api import fetching, listing, sources_of
from ..errors import AuthError, ChatframesError, ConfigError
from ..keywords import checks_keywords
from ..page.cells import bundle, close_all, take_the_place
from ..page.html import Html, lines, show_html, show_status
from ..progress.card import Card
from ..road.defects import unexpected
from ..services import services
from ..settings.images import ImageSettings, image_settings
from ..settings.merge import Config, ConfigLike, load_config
from ..sources import Source
from ..table.report import report
from .code import code_for
from .credentials import LoginSteps
from .days import EVERYTHING, DayControls
from .image_controls import ImageControls
from .jobs import Jobs
from .picker import ChatPicker
from .saving import SaveRow, messages_in

__all__ = ["FetchPanel"]

SETTLE_SECONDS = 0.2
ASKING = "Asking for the chats …"
NOTHING_READ = "Stopped before anything was read."
_CODE = "user-select:all;white-space:pre-wrap;overflow-wrap:anywhere;padding:8px;background:rgba(128,128,128,.12)"


class FetchPanel:
    """Choose a chat, its days and whether images are downloaded; fetch it, save it, copy the code that does the same.

    Shown as the last line of a cell it lists the chats this account can see. A fetch runs beside the notebook: other
    cells run meanwhile, and Cancel keeps what has been read. (While a cell holds the kernel, a click may wait for its
    end: that depends on the front end.)

    Parameters
    ----------
    source : Webex, Telegram or Reddit, optional
        What is chosen to begin with; its days must be whole days.
    images : None, bool, ImageSettings, dict or widget
        As for `fetch`; unless given, what this user chose last.
    config : Config, dict, path or None
        As for `fetch`. Read once, now.
    remember : bool
        Keep the choice of images for the next time (`ImageControls`).

    Attributes
    ----------
    frame : pandas.DataFrame or None
        What the last fetch brought, whole or not.
    source : Webex, Telegram or Reddit
        What is chosen now; raises ConfigError when nothing is.
    images : ImageControls
        Fit for ``images=`` of any call.
    config : Config
        What it fetches with, fit for ``config=`` of any call; a login in the panel is part of it.
    code : str
        The code that does the same.
    box : ipywidgets.VBox
        The widgets, to be put into a layout of your own; `list_chats` fills its list.
    picker, days, saving : ChatPicker, DayControls, SaveRow
        Its parts that choose the chat and the days, and where the table is saved.
    fetch_button, cancel_button, status : ipywidgets.Button, ipywidgets.Button, ipywidgets.HTML
        Its other widgets.

    Raises
    ------
    ConfigError
        For a wrong argument or setting.

    Examples
    --------
    >>> import chatframes as cf
    >>> source = cf.Webex("Project Apollo", since="2026-10-01", until="2026-10-31")
    >>> panel = cf.FetchPanel(source, images=True, config={})
    >>> print(panel.code)
    import chatframes as cf
    <BLANKLINE>
    df = cf.fetch(
        cf.Webex('Project Apollo', since='2026-10-01', until='2026-10-31'),
        images=True,
        config=config,
    )
    """

    @checks_keywords
    def __init__(
        self,
        source: Source | None = None,
        *,
        images: object = None,
        config: ConfigLike = None,
        remember: bool = True,
    ) -> None:
        if source is not None:
            given = sources_of(source)
            if len(given) != 1:
                raise ConfigError("a FetchPanel fetches one chat at a time: give it one source, or none")
            (source,) = given
        self.config = load_config(config)
        self._config_name = "" if config is None else "config"
        self.frame: pd.DataFrame | None = None
        self.images = _controls(images, remember)
        self._images_are_theirs = self.images is images
        self._jobs = Jobs()
        self._lock = threading.RLock()
        self._begun: set[str] = set()  # of "fetch" and "save"
        self._listed = self._closed = False
        self._said = self._complaint = ""
        self.days = (
            DayControls(preset="Last 30 days")
            if source is None
            else DayControls(source.since, source.until, source.tz, preset=EVERYTHING)
        )
        self.picker = ChatPicker(self._list, self._start_over, source, _first_service(self.config))
        self._make_widgets()
        self._write_code()
        take_the_place(self)

    def _make_widgets(self) -> None:
        self.fetch_button = ipywidgets.Button(description="Fetch", button_style="primary")
        self.cancel_button = ipywidgets.Button(description="Cancel", disabled=True)
        self.saving = SaveRow(lambda: self._pressed("save", self.save))
        self.status = ipywidgets.HTML()
        self._login = LoginSteps(self._let_in, self._jobs)
        self._card = Card()
        self._report = ipywidgets.HTML()
        self._code = ipywidgets.HTML()
        self.box = ipywidgets.VBox(
            (
                self.picker.box,
                self.days.box,
                self.images.box,
                ipywidgets.HBox((self.fetch_button, self.cancel_button)),
                self.status,
                self._login.box,
                self._card.box,
                self._report,
                self.saving.box,
                self._code,
            )
        )
        self.fetch_button.on_click(lambda _: self._pressed("fetch", self.fetch))
        self.cancel_button.on_click(lambda _: self.cancel())
        for widget in self._choices():
            widget.observe(self._chosen, "value")

    def _choices(self) -> tuple[Any, ...]:
        return (*self.picker.choices, *self.days.choices, *self.images.choices)

    # --- what is chosen -----------------------------------------------------------------------------------------------

    @property
    def source(self) -> Source:
        """What is chosen now."""
        return self.picker.source(self.days.days())

    @property
    def code(self) -> str:
        """The code that does the same as Fetch."""
        return code_for(self.source, self.images.settings, title=self.picker.title(), config=self._config_name)

    def _write_code(self) -> None:
        with self._lock:
            try:
                code = Html('The same as code:<pre style="{}">{}</pre>').format(_CODE, lines(self.code))
            except ConfigError as error:
                code = Html("<div>{}</div>").format(lines(_sentence(str(error))))
            show_html(self._code, code)

    def _chosen(self, _: object) -> None:
        with self._lock:
            if self._complaint and self._said == self._complaint:  # of what was chosen before
                self._say("")
        self._write_code()

    # --- what can be done ---------------------------------------------------------------------------------------------

    def fetch(self) -> None:
        """Begin to fetch what is chosen, as the button does; while a fetch is going on, nothing."""
        if not self._may_begin("fetch"):
            return
        try:
            self._jobs.begin("fetch", self._fetch(self.source, self.images.settings), self._fetched)
        except ConfigError as error:
            self._begun.discard("fetch")
            self._say(error)
            self._complaint = self._said
        except BaseException:
            self._begun.discard("fetch")
            raise

    def cancel(self) -> None:
        """Stop the fetch that is going on; what it has read becomes `frame`."""
        self._jobs.cancel("press fetch")
        self._jobs.cancel("fetch", self._cancelling)

    def save(self) -> None:
        """Write `frame` to the file that is named, as the button does."""
        if self._may_begin("save"):
            self._jobs.begin("save", self._save(), self._saved)

    def list_chats(self) -> None:
        """Ask the service for the chats of this account, as the panel does when it is shown."""
        self.picker.load()

    def wait(self) -> None:
        """Wait until nothing is under way: a fetch that was begun has ended then."""
        self._jobs.wait()

    def close(self) -> None:
        """Stop what is going on, and take the widgets off the page; a file that is being written is finished."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        for name in ("press fetch", "fetch", "list", "use"):
            self._jobs.cancel(name)
        self._jobs.begin("close", self._leave(), self._ended)

    def _pressed(self, what: str, act: Callable[[], None]) -> None:
        self._jobs.begin(f"press {what}", self._settled(act), self._ended)

    async def _settled(self, act: Callable[[], None]) -> None:
        # A kernel with subshells hears each widget in a thread of its own, and a click before what was typed last.
        await asyncio.sleep(SETTLE_SECONDS)
        act()

    def _may_begin(self, what: str) -> bool:
        with self._lock:
            if self._closed or what in self._begun:
                return False
            self._begun.add(what)
            return True

    # --- on the library's loop ----------------------------------------------------------------------------------------

    async def _fetch(self, source: Source, images: ImageSettings) -> None:
        self.fetch_button.disabled, self.cancel_button.disabled, self.saving.button.disabled = True, False, True
        show_html(self._report, Html())
        self._login.clear()
        self._say("")
        kept: list[Callable[[], pd.DataFrame]] = []
        frame: pd.DataFrame | None
        try:
            frame = await fetching(
                source, images=images, raw=False, config=self.config, progress=self._card, keep=kept.append
            )
            if frame.attrs["chatframes"]["status"] != "complete":
                said = "Something is missing: the report below says what, and why."
            else:
                said = "" if len(frame) else f"No messages were found{self._last_active(source)}."
        except asyncio.CancelledError:
            frame = kept[0]() if kept else None
            stopped = bool(frame is not None and len(frame))
            said = (
                f"Stopped: {messages_in(frame)} came before that, and panel.frame has them."
                if stopped
                else NOTHING_READ
            )
        except ChatframesError as error:
            frame = getattr(error, "partial", None)
            said = str(error) + self._ask_to_log_in(source.service, error)
        except Exception as error:  # a defect of ours, or no memory left: what was read is kept all the same
            said = str(unexpected(error))
            frame = kept[0]() if kept else None
        if frame is not None and (len(frame) or frame.attrs["chatframes"]["status"] == "complete"):
            self.frame = frame
            self._say(said)
            told = frame.attrs["chatframes"]["sources"][0]
            self.saving.offer(frame, told["chat_name"] or told["source"])
        else:
            self._say(said, self._of_before())
        if frame is not None:
            show_html(self._report, report(frame)._html())

    def _cancelling(self) -> None:
        self.cancel_button.disabled = True
        self._say("Stopping …")

    def _fetched(self, task: asyncio.Task[None]) -> None:
        self._begun.discard("fetch")
        self.fetch_button.disabled, self.cancel_button.disabled = False, True
        self.saving.button.disabled = self.frame is None
        if task.cancelled():  # before it had begun
            self._say(NOTHING_READ, self._of_before())
        self._ended(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self._say(unexpected(error))

    def _last_active(self, source: Source) -> str:
        day = self.picker.last_active(source)
        return "" if day is None else f" in these days; this chat was last active on {day:%Y-%m-%d}"

    def _of_before(self) -> str:
        return (
            ""
            if self.frame is None
            else f"panel.frame still holds what was fetched before ({messages_in(self.frame)})."
        )

    async def _save(self) -> None:
        if self.frame is None:
            self.saving.say("There is no table to save yet: press Fetch first.")
            return
        self.saving.button.disabled = True
        self.saving.say(await asyncio.to_thread(self.saving.write, self.frame))

    def _saved(self, task: asyncio.Task[None]) -> None:
        self._begun.discard("save")
        self.saving.button.disabled = self.frame is None or "fetch" in self._begun
        self._ended(task)

    def _list(self, service: str) -> None:
        self._listed = True
        self._jobs.begin("list", self._show_chats(service), self._ended)

    async def _show_chats(self, service: str) -> None:
        self._say(ASKING)
        said = ""
        try:
            chats = await listing(service, self.config)
            if service == self.picker.service:
                self.picker.chats.show(chats)
        except ChatframesError as error:
            said = str(error) + self._ask_to_log_in(service, error)
        finally:
            with self._lock:
                if self._said == ASKING:  # nothing more important has been said meanwhile
                    self._say(said)
        self._write_code()

    def _start_over(self) -> None:
        """Another service was chosen: what was said and asked for belongs to the one before."""
        self._jobs.cancel("list")
        self._login.clear()
        self._say("")

    async def _leave(self) -> None:
        self._login.clear()
        for widget in self._choices():
            widget.unobserve(self._chosen, "value")
        self.picker.close()
        close_all(self.box, but=self.images.box if self._images_are_theirs else None)

    # --- logging in ---------------------------------------------------------------------------------------------------

    def _ask_to_log_in(self, service: str, error: ChatframesError) -> str:
        """Show the form that is needed, if one is, and return what to add to the error."""
        if not isinstance(error, AuthError) or service != self.picker.service or self._closed:
            return ""
        self._login.ask(services()[service], self.config)
        return "\nOr fill in the form below."

    def _let_in(self, config: Config) -> None:
        self.config, self._config_name = config, "panel.config"
        self._write_code()
        if self.picker.lists_chats:
            self.list_chats()
        else:
            self._say("Thank you: press Fetch.")

    # --- what is shown ------------------------------------------------------------------------------------------------

    def _say(self, *said: object) -> None:
        with self._lock:
            self._said = "\n".join(_sentence(str(one)) for one in said if str(one))
            show_status(self.status, self._said)

    def __repr__(self) -> str:
        fetched = "nothing fetched yet" if self.frame is None else f"{messages_in(self.frame)} at panel.frame"
        return f"FetchPanel: {fetched}{'; closed, run the cell that made it again' if self._closed else ''}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        if not self._listed and not self._closed:
            self.list_chats()
        return bundle(self.box, repr(self))


def _sentence(text: str) -> str:
    """Begin with a capital, where a word begins it and not a name that means something as it is written."""
    return text[0].upper() + text[1:] if re.match("[a-z]+ ", text) else text


def _controls(images: object, remember: bool) -> ImageControls:
    if isinstance(images, ImageControls):
        return images
    if images is None:
        return ImageControls(remember=remember)
    chosen = image_settings(images)
    return ImageControls(chosen.enabled, chosen.max_size_bytes, remember=remember)


def _first_service(config: Config) -> str:
    """Return the first service that something is configured for, or the first of all."""
    configured = (name for name, service in services().items() if service.is_configured(config.section(name)))
    return next(configured, next(iter(services())))
