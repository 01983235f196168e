"""A panel that fetches: choose the chat, the days and the images, press Fetch; the table is at `panel.frame`.

What it starts are tasks on the library's own loop, so the kernel stays free and Cancel is heard at once. Buttons may be
pressed on the kernel's main thread, or on a subshell's while a cell runs; `_busy` is the one thing both sides look at
before they begin something, and it has a lock. Everything else happens on the loop's thread, one thing after another.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import ipywidgets
import pandas as pd

from .. import blocking
from ..api import fetching, listing
from ..config import Config, ConfigLike, load_config
from ..errors import AuthError, ChatframesError, ConfigError
from ..image_settings import ImageSettings, image_settings
from ..limits import Service
from ..markup import lines
from ..sources import Source
from ..sources.reddit import Reddit
from ..sources.telegram import Telegram
from ..sources.webex import Webex
from ..table.files import write_parquet
from ..table.report import report
from .card import Card
from .code import code_for
from .controls import ImageControls
from .credentials import LoginSteps
from .days import EVERYTHING, DayControls
from .display import bundle, close_all, take_the_place
from .picker import ChatPicker

__all__ = ["FetchPanel"]

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
    code : str
        The code that does the same.
    box : ipywidgets.VBox
        The widgets, to be put into a layout of your own.

    Raises
    ------
    ConfigError
        For a wrong argument or setting.

    Examples
    --------
    >>> panel = FetchPanel(Webex("Project Apollo", since="2026-10-01", until="2026-10-31"), images=True, config={})
    >>> print(panel.code)
    import chatframes as cf
    <BLANKLINE>
    df = cf.fetch(
        cf.Webex('Project Apollo', since='2026-10-01', until='2026-10-31'),
        images=cf.ImageSettings(enabled=True, max_size_bytes=10485760),
        config=config,
    )
    """

    def __init__(
        self,
        source: Source | None = None,
        *,
        images: object = None,
        config: ConfigLike = None,
        remember: bool = True,
    ) -> None:
        if source is not None and not isinstance(source, Webex | Telegram | Reddit):
            raise ConfigError("FetchPanel(source): source is a cf.Webex(...), cf.Telegram(...) or cf.Reddit(...)")
        self._config = load_config(config)
        self._config_given = config is not None
        self.frame: pd.DataFrame | None = None
        self.images = _controls(images, remember)
        self._images_are_theirs = self.images is images
        self._lock = threading.Lock()
        self._busy = False
        self._listed = False
        self._task: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._may_replace: set[Path] = set()  # files of ours, and those that were asked about
        self._days = (
            DayControls(preset="Last 30 days")
            if source is None
            else DayControls(source.since, source.until, source.tz, preset=EVERYTHING)
        )
        self._picker = ChatPicker(self._list, source, _first_service(self._config))
        self._make_widgets()
        self._write_code()
        take_the_place(self)

    def _make_widgets(self) -> None:
        self.fetch_button = ipywidgets.Button(description="Fetch", button_style="primary")
        self.cancel_button = ipywidgets.Button(description="Cancel", disabled=True)
        self.path = ipywidgets.Text(
            description="File", value="chat.parquet", tooltip="Where the table is saved, as Parquet"
        )
        self.save_button = ipywidgets.Button(description="Save as Parquet", disabled=True)
        self.status = ipywidgets.HTML()
        self._login = LoginSteps(self._let_in)
        self._card = Card()
        self._report = ipywidgets.HTML()
        self._code = ipywidgets.HTML()
        self.box = ipywidgets.VBox(
            (
                self._picker.box,
                self._days.box,
                self.images.box,
                ipywidgets.HBox((self.fetch_button, self.cancel_button)),
                self.status,
                self._login.box,
                self._card.box,
                self._report,
                ipywidgets.HBox((self.path, self.save_button)),
                self._code,
            )
        )
        self.fetch_button.on_click(lambda _: self.fetch())
        self.cancel_button.on_click(lambda _: self.cancel())
        self.save_button.on_click(lambda _: self.save())
        chosen = (*self._choices(self._picker), *self._choices(self._days), *self._choices(self.images))
        for widget in chosen:
            widget.observe(lambda _: self._write_code(), "value")

    @staticmethod
    def _choices(part: object) -> list[Any]:
        return [one for one in vars(part).values() if isinstance(one, ipywidgets.ValueWidget) and not _is_html(one)]

    # --- what is chosen -----------------------------------------------------------------------------------------------

    @property
    def source(self) -> Source:
        """What is chosen now."""
        return self._picker.source(self._days.days)

    @property
    def code(self) -> str:
        """The code that does the same as Fetch."""
        return code_for(self.source, self.images.settings, title=self._picker.title(), config=self._config_given)

    def _write_code(self) -> None:
        try:
            code = self.code
        except ConfigError:
            code = ""
        shown = f'The same as code:<pre style="{_CODE}">{lines(code)}</pre>' if code else ""
        self._code.value = shown

    # --- what can be done ---------------------------------------------------------------------------------------------

    def fetch(self) -> None:
        """Begin to fetch what is chosen, as the button does; while a fetch is going on, nothing."""
        with self._lock:
            if self._busy:
                return
            self._busy = True
        try:
            source, images = self.source, self.images.settings
        except ConfigError as error:
            self._busy = False
            self._say(error)
            return
        self.fetch_button.disabled, self.cancel_button.disabled, self.save_button.disabled = True, False, True
        self._report.value = ""
        self._login.clear()
        self._say("")
        self._begin(self._fetch(source, images), fetch=True)

    def cancel(self) -> None:
        """Stop the fetch that is going on; what it has read becomes `frame`."""
        if self._busy:
            self.cancel_button.disabled = True
            self._say("Stopping …")
            blocking.loop().call_soon_threadsafe(self._cancel)  # behind what began it

    def save(self) -> None:
        """Write `frame` to the file that is named, as the button does."""
        if self.frame is None:
            self._say("There is no table to save yet: press Fetch first.")
            return
        path = Path(self.path.value.strip()).expanduser()
        if path.is_file() and path not in self._may_replace:
            self._may_replace.add(path)
            self._say(f"{path} is there already: press Save as Parquet again to replace it, or give another name.")
            return
        self.save_button.disabled = True
        self._begin(self._save(self.frame, path))

    def close(self) -> None:
        """Stop what is going on, and take the widgets off the page."""
        self.cancel()
        self._login.clear()
        close_all(self.box, but=self.images.box if self._images_are_theirs else None)

    # --- on the library's loop ----------------------------------------------------------------------------------------

    def _begin(self, work: Coroutine[Any, Any, None], *, fetch: bool = False) -> None:
        loop = blocking.loop()

        def start() -> None:
            task = loop.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._ended)
            if fetch:
                self._task = task

        loop.call_soon_threadsafe(start)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            self._say(NOTHING_READ)
        elif (error := task.exception()) is not None:
            self._say(f"This went wrong ({type(error).__name__}); please report it.")
        if task is self._task:
            self._idle()

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
        else:
            self._say("It was done already.")

    def _idle(self) -> None:
        self._task = None
        self._busy = False
        self.fetch_button.disabled, self.cancel_button.disabled = False, True
        self.save_button.disabled = self.frame is None

    async def _fetch(self, source: Source, images: ImageSettings) -> None:
        kept: list[Callable[[], pd.DataFrame]] = []
        frame: pd.DataFrame | None
        try:
            frame = await fetching(
                source, images=images, raw=False, config=self._config, progress=self._card, keep=kept.append
            )
            said = "" if frame.attrs["chatframes"]["status"] == "complete" else "Not all of it came: see the report."
        except asyncio.CancelledError:
            frame = kept[0]() if kept else None
            said = "Stopped; what had been read is at panel.frame." if kept else NOTHING_READ
        except ChatframesError as error:
            frame = getattr(error, "partial", None)
            said = str(error)
            if isinstance(error, AuthError):
                self._ask_to_log_in(source.service)
        if frame is not None:
            self._report.value = report(frame)._repr_html_()
        if frame is not None and (len(frame) or frame.attrs["chatframes"]["status"] == "complete"):
            self.frame = frame
        elif self.frame is not None:
            said += f"\npanel.frame still holds the {len(self.frame):,} messages of before."
        self._say(said)

    async def _save(self, frame: pd.DataFrame, path: Path) -> None:
        try:
            await asyncio.to_thread(write_parquet, frame, path)
            said = f"Saved {len(frame):,} messages to {path}."
            self._may_replace.add(path)
        except (ChatframesError, OSError) as error:
            said = f"Not saved: {error}"
        finally:
            self.save_button.disabled = False
        self._say(said)

    def _list(self, service: str) -> None:
        self._listed = True
        self._say("Asking for the chats …")
        self._begin(self._show_chats(service))

    async def _show_chats(self, service: Any) -> None:
        said, chats = "", None
        try:
            chats = await listing(service, self._config)
        except AuthError as error:
            said = str(error)
            self._ask_to_log_in(service)
        except ChatframesError as error:
            said = str(error)
        self._picker.show_chats(service, chats)
        if service == self._picker.service:
            self._write_code()
            if not self._busy:
                self._say(said)

    # --- logging in ---------------------------------------------------------------------------------------------------

    def _ask_to_log_in(self, service: Service) -> None:
        if service == self._picker.service:
            self._login.ask(service, self._config)

    def _let_in(self, config: Config) -> None:
        self._config = config
        self._say("")
        self._picker.load()

    # --- what is shown ------------------------------------------------------------------------------------------------

    def _say(self, said: object) -> None:
        self.status.value = f'<div role="status">{lines(str(said))}</div>' if said else ""

    def __repr__(self) -> str:
        rows = "nothing fetched yet" if self.frame is None else f"{len(self.frame):,} messages at panel.frame"
        return f"FetchPanel: {rows}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        if not self._listed:
            self._picker.load()
        return bundle(self.box, repr(self))


def _is_html(widget: object) -> bool:
    return isinstance(widget, ipywidgets.HTML)


def _controls(images: object, remember: bool) -> ImageControls:
    if isinstance(images, ImageControls):
        return images
    if images is None:
        return ImageControls(remember=remember)
    chosen = image_settings(images)
    return ImageControls(chosen.enabled, chosen.max_size_bytes, remember=remember)


def _first_service(config: Config) -> Service:
    """Return the first service that something is configured for."""
    if config.webex.access_token is not None or config.webex.refresh_token is not None:
        return "webex"
    if config.telegram.api_id is not None:
        return "telegram"
    return "reddit" if config.reddit.client_id is not None else "webex"
