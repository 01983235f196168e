"""A panel to choose a chat, its days and whether to download images, and to fetch it with a button.

Everything it starts is a task on the library's own loop, so the kernel stays free and Cancel works at once. Buttons may
be pressed on the kernel's main thread, or on a subshell's thread while a cell runs; a lock guards what both threads
read before they start something.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import ipywidgets
import pandas as pd

from ..errors import ConfigError
from ..keywords import checks_keywords
from ..named_sources import sources_of
from ..page.cells import bundle, close_all, close_on_rerun
from ..page.html import show_html
from ..settings.images import ImageSettings
from ..settings.merge import Config, ConfigLike, load_config
from ..sources import Source
from .account import Account
from .days import EVERYTHING, DayControls
from .endings import NOTHING_READ, kept_from_before
from .fetch_code import code_for, code_html
from .fetch_view import FetchView
from .image_controls import controls_for
from .jobs import Jobs, when_settled
from .saving import SaveRow, messages_in
from .status_line import StatusLine

__all__ = ["FetchPanel"]


class FetchPanel:
    """Choose a chat, its days and whether images are downloaded; fetch it, save it, copy the code that does the same.

    As the last line of a cell it is shown and lists the chats this account can see. During a fetch other cells can run,
    and Cancel keeps what has been read. (While a cell is running, a click may have to wait for its end; that depends on
    the front end.)

    Parameters
    ----------
    source : Webex, Telegram or Reddit, optional
        What is chosen at first; its days must be whole days.
    images : None, bool, ImageSettings, dict or widget
        As for `fetch`; None is what this user chose last.
    config : Config, dict, path or None
        As for `fetch`. Read once, now.
    remember : bool
        Keep the choice of images for the next time (`ImageControls`).

    Attributes
    ----------
    frame : pandas.DataFrame or None
        The table of the last fetch, complete or not.
    source : Webex, Telegram or Reddit
        What is chosen now; raises ConfigError when no chat is chosen.
    images : ImageControls
        Can be passed as ``images=`` to any call.
    config : Config
        The configuration it fetches with, for ``config=`` of any call; it includes a login made in the panel.
    code : str
        The code that does the same.
    box : ipywidgets.VBox
        The widgets, to be put into a layout of your own; `list_chats` fills its list.
    picker, days, saving : ChatPicker, DayControls, SaveRow
        Its parts: for the chat, for the days, and for saving the table.
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
            sources = sources_of(source)
            if len(sources) != 1:
                raise ConfigError("A FetchPanel fetches one chat at a time: give it one source, or none.")
            (source,) = sources
        self.frame: pd.DataFrame | None = None
        self.images = controls_for(images, remember)
        self._images_are_the_users = self.images is images
        self._jobs = Jobs()
        self._lock = threading.RLock()
        self._running: set[str] = set()  # "fetch", "save" or both
        self._closed = self._has_ended = False  # the panel; the last fetch, of which only the report is to come
        self._choice_error = ""  # what was said about the choice when Fetch was pressed
        self.days = (
            DayControls(preset="Last 30 days")
            if source is None
            else DayControls(source.since, source.until, source.tz, preset=EVERYTHING)
        )
        self._line = StatusLine()
        config_name = "" if config is None else "config"
        self._account = Account(load_config(config), config_name, source, self._line, self._jobs, self._write_code)
        self.picker = self._account.picker
        self._make_widgets()
        self._write_code()
        close_on_rerun(self)

    def _make_widgets(self) -> None:
        self.fetch_button = ipywidgets.Button(description="Fetch", button_style="primary")
        self.cancel_button = ipywidgets.Button(description="Cancel", disabled=True)
        self.saving = SaveRow(lambda: self._pressed("save", self.save))
        self.status = self._line.widget
        self._view = FetchView()
        self._code = ipywidgets.HTML()
        self.box = ipywidgets.VBox(
            (
                self.picker.box,
                self.days.box,
                self.images.box,
                ipywidgets.HBox((self.fetch_button, self.cancel_button)),
                self.status,
                self._account.login.box,
                self._view.card.box,
                self._view.report,
                self.saving.box,
                self._code,
                self._view.pictures,  # last, so that nothing moves when they come
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
    def config(self) -> Config:
        """The configuration it fetches with."""
        return self._account.config

    @config.setter
    def config(self, config: Config) -> None:
        self._account.config = config

    @property
    def source(self) -> Source:
        """What is chosen now."""
        return self.picker.source(self.days.days())

    @property
    def code(self) -> str:
        """The code that does the same as Fetch."""
        return code_for(self.source, self.images.settings, title=self.picker.title(), config=self._account.config_name)

    def _write_code(self) -> None:
        with self._lock:
            show_html(self._code, code_html(lambda: self.code))

    def _chosen(self, _: object) -> None:
        self._line.replace(self._choice_error)  # it was about the choice before this one
        self._write_code()

    # --- what can be done ---------------------------------------------------------------------------------------------

    def fetch(self) -> None:
        """Start to fetch what is chosen, as the button does; does nothing while a fetch is running."""
        if not self._may_start("fetch"):
            return
        self._has_ended = False
        try:
            self._jobs.begin("fetch", self._fetch(self.source, self.images.settings), self._fetched)
        except ConfigError as error:
            self._running.discard("fetch")
            self._choice_error = self._line.say(error)
        except BaseException:
            self._running.discard("fetch")
            raise

    def cancel(self) -> None:
        """Stop the running fetch; what it has read becomes `frame`."""
        self._jobs.cancel("press fetch")
        if not self._has_ended:
            self._jobs.cancel("fetch", self._cancelling)

    def save(self) -> None:
        """Write `frame` to the file named in the panel, as the button does."""
        if self._may_start("save"):
            self._jobs.begin("save", self._save(), self._saved)

    def list_chats(self) -> None:
        """Ask the service for the chats of this account, as the panel does when it is shown."""
        self.picker.load()

    def wait(self) -> None:
        """Wait until a running fetch, and anything else the panel has started, has ended."""
        self._jobs.wait()

    def close(self) -> None:
        """Stop what is running and take the widgets off the page; a file that is being written is finished first."""
        with self._lock:
            if self._closed:
                return
            self._closed = self._account.closed = True
        for name in ("press fetch", "fetch", "list", "use"):
            self._jobs.cancel(name)
        self._jobs.begin("close", self._take_off_the_page(), self._line.say_defect)

    def _pressed(self, what: str, act: Callable[[], None]) -> None:
        self._jobs.begin(f"press {what}", when_settled(act), self._line.say_defect)

    def _may_start(self, what: str) -> bool:
        """Return whether a fetch or a save may start, and note that it has."""
        with self._lock:
            if self._closed or what in self._running:
                return False
            self._running.add(what)
            return True

    # --- on the library's loop ----------------------------------------------------------------------------------------

    async def _fetch(self, source: Source, images: ImageSettings) -> None:
        self.fetch_button.disabled, self.cancel_button.disabled, self.saving.button.disabled = True, False, True
        self._account.login.clear()
        self._line.say("")
        ended = await self._view.fetch(source, images, self.config)
        message = ended.message
        if ended.error is not None:
            message += self._account.ask_to_log_in(source.service, ended.error)
        elif ended.found_nothing:
            message = f"No messages were found{self._last_active(source)}."
        frame = ended.frame
        if frame is not None and ended.is_worth_keeping:
            self.frame = frame
            self._line.say(message)
            source_report = frame.attrs["chatframes"]["sources"][0]
            self.saving.offer(frame, source_report["chat_name"] or source_report["source"])
        else:
            self._line.say(message, kept_from_before(self.frame))
        self._has_ended = self.cancel_button.disabled = True
        await self._view.show(ended)

    def _cancelling(self) -> None:
        self.cancel_button.disabled = True
        self._line.say("Stopping …")

    def _fetched(self, task: asyncio.Task[None]) -> None:
        self._running.discard("fetch")
        self.fetch_button.disabled, self.cancel_button.disabled = False, True
        self.saving.button.disabled = self.frame is None
        if task.cancelled() and not self._has_ended:  # before it had started
            self._line.say(NOTHING_READ, kept_from_before(self.frame))
        self._line.say_defect(task)

    def _last_active(self, source: Source) -> str:
        day = self.picker.last_active(source)
        return "" if day is None else f" in these days; this chat was last active on {day:%Y-%m-%d}"

    async def _save(self) -> None:
        await self.saving.save(self.frame)

    def _saved(self, task: asyncio.Task[None]) -> None:
        self._running.discard("save")
        self.saving.button.disabled = self.frame is None or "fetch" in self._running
        self._line.say_defect(task)

    async def _take_off_the_page(self) -> None:
        self._account.login.clear()
        for widget in self._choices():
            widget.unobserve(self._chosen, "value")
        self.picker.close()
        close_all(self.box, but=self.images.box if self._images_are_the_users else None)

    # --- what is shown ------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        fetched = "nothing fetched yet" if self.frame is None else f"{messages_in(self.frame)} at panel.frame"
        return f"FetchPanel: {fetched}{'; closed, run the cell that made it again' if self._closed else ''}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        if not self._account.listed and not self._closed:
            self.list_chats()
        return bundle(self.box, repr(self))
