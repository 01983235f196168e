"""What a person sees and does in JupyterLab, with mouse and keyboard, in a real browser.

(How the old way loses the cells behind a fetch is shown in test_kernel.)

Pictures of the pages are kept in ``outputs/screenshots`` (or ``$CHATFRAMES_SCREENSHOTS``), to be looked at.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest
from help.holding import HoldingWebex
from help.hostile import PAYLOADS
from help.kernels import PATIENCE_SECONDS
from help.labs import Lab, Page
from playwright.sync_api import expect

import chatframes as cf
from chatframes.world.sandbox import World

# All of them are long, each a real JupyterLab in a real browser; the suite opens pages in test_notebooks.py and page/.
pytestmark = pytest.mark.browser

FETCHES = """
df = cf.fetch(cf.Webex("Project Apollo"), images=True, config=config)
---
print("after the first:", len(df))
---
df = await cf.fetch_async(cf.Webex("Project Apollo"), images=True, config=config)
---
print("after the second:", int(df["n_images"].sum()))
---
import ipywidgets
place = ipywidgets.Output()
with place:
    cf.fetch(cf.Webex("Project Apollo"), config=config)
place
---
print(sum(type(one).__name__ == "HTML" for one in ipywidgets.widgets.widget._instances.values()))
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


def cells(text: str, **names: object) -> list[str]:
    """Cut a text into cells, behind one that makes the names known."""
    known = "".join(f"\n{name} = {value!r}" for name, value in names.items())
    return ["import chatframes as cf" + known, *(part.strip() for part in text.split("---"))]


def said(page: Page, number: int) -> str:
    page.run(number)
    page.until_ran(number)
    return page.output(number)


def until(page: Page, reached: Callable[[], bool]) -> None:
    """Wait until something has come about that no page shows."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < give_up
        page.browser.wait_for_timeout(20)


# --- cells -------------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_run_all_runs_the_cells_behind_a_fetch_too(lab: Lab) -> None:
    with (
        cf.sandbox(messages=300, images=60, latency_ms=20) as world,
        lab.page("run-all", cells(FETCHES, config=world.config)) as page,
    ):
        page.run_all()
        page.until_ran(7, 7)
        assert [page.prompt(number) for number in range(1, 8)] == [f"[{number}]:" for number in range(1, 8)]
        assert page.errors() == []
        assert "after the first: 300" in page.output(3)
        assert "after the second: 60" in page.output(5)
        for number in (2, 4):
            page.until_output(number, "done in")
            assert page.area(number).locator("progress").count() == 1
        page.until_output(6, "done in")  # in a place of its own, which would show no page put there later
        assert page.output(7) == "1", "of the cards that are finished one is still a widget"
        page.screenshot("cards")


OTHER_WAYS = """
import threading
thread = threading.Thread(target=lambda: cf.fetch(cf.Webex("Project Apollo"), images=True, config=config))
thread.start()
thread.join()
---
import ipywidgets
place, button = ipywidgets.Output(), ipywidgets.Button(description="Go")
def go(_):
    with place:
        cf.fetch(cf.Webex("Project Apollo"), images=True, config=config)
button.on_click(go)
ipywidgets.VBox([button, place])
---
df = cf.fetch(cf.Webex("Project Apollo"), images=True, config=config)
---
cf.fetch(cf.Webex("No such room"), config=config)
"""


@pytest.mark.long
def test_a_card_has_its_place_whoever_calls_and_a_reopened_notebook_shows_how_each_call_ended(lab: Lab) -> None:
    with (
        cf.sandbox(messages=300, images=60, latency_ms=200) as world,
        lab.page("other-ways", cells(OTHER_WAYS, config=world.config)) as page,
    ):
        for number in (1, 2, 3):
            page.run(number)
            page.until_ran(number)
        page.until_output(2, "done in")
        page.press_button("Go")
        page.until_output(3, "done in")
        assert page.area(3).locator("progress").count() == 1
        page.run(4)
        page.until_output(4, re.compile("[1-9][0-9]* of [0-9]+ attachments"))
        page.menu("Kernel", "Interrupt Kernel")
        page.until_output(4, "stopped in")
        page.until_ran(4)  # or the cell behind a failing one is dropped
        page.run(5)
        page.until_output(5, "failed in")
        page.saved()
    with lab.page("other-ways") as page:
        for number, ending in ((2, "done in"), (4, "stopped in"), (5, "failed in")):
            page.until_output(number, ending)
        page.screenshot("reopened")


# --- ImageControls -----------------------------------------------------------------------------------------------

CONTROLS = """
controls = cf.ImageControls()
controls
---
df = cf.fetch(cf.Webex("Held room"), images=controls, config=config, progress=False)
print(controls.settings, cf.attachments(df)["status"].tolist(), cf.report(df).skipped)
---
print(cf.ImageControls())
"""


@pytest.mark.long
def test_toggle_and_size_are_changed_by_mouse_and_keyboard_and_obeyed(lab: Lab) -> None:
    with (
        HoldingWebex(messages=3, answered=3, size_bytes=1_500_000) as server,
        lab.page("controls", cells(CONTROLS, config=server.config)) as page,
    ):
        page.run_all()
        page.until_ran(4)
        assert "enabled=False" in page.output(3)
        assert "{'disabled': 3}" in page.output(3)
        assert server.asked == 0

        page.click_checkbox("Download images")
        page.until_output(2, "Images of more than 10 MiB")
        assert "['ok', 'ok', 'ok']" in said(page, 3)
        assert server.asked == 3

        page.type_into("Largest image (MiB)", 1)
        page.until_output(2, "Images of more than 1 MiB")
        assert "{'too_large': 3}" in said(page, 3)

        page.type_into("Largest image (MiB)", 2)
        page.until_output(2, "Images of more than 2 MiB")
        assert "['ok', 'ok', 'ok']" in said(page, 3)
        page.screenshot("controls", 2)

        # By keyboard alone: Shift+Tab from the size leads to the toggle, Space turns it off.
        asked = server.asked
        page.labelled("Largest image (MiB)").focus()
        page.browser.keyboard.press("Shift+Tab")
        page.browser.keyboard.press("Space")
        page.until_output(2, "Only text is fetched")
        assert page.labelled("Largest image (MiB)").is_disabled()
        assert "{'disabled': 3}" in said(page, 3)
        assert server.asked == asked
        assert "images off" in said(page, 4), "remembered"
        page.labelled("Download images").first.focus()
        page.browser.keyboard.press("Space")
        page.until_output(2, "Images of more than 2 MiB")
        assert "images up to 2 MiB" in said(page, 4)


# --- FetchPanel --------------------------------------------------------------------------------------------------

PANEL = """
panel = cf.FetchPanel(config=config, remember=False)
panel
---
print(len(panel.frame), int(panel.frame["n_images"].sum()), cf.report(panel.frame).status)
---
import pandas as pd
saved = pd.read_parquet("apollo.parquet")
print(len(saved), sum(map(len, saved["images"])))
---
print("free")
---
import asyncio
from chatframes import loop
print("tasks:", len(asyncio.all_tasks(loop.get())))
"""


@pytest.fixture
def slow() -> Iterator[World]:
    with cf.sandbox(messages=600, images=300, latency_ms=200) as world:
        yield world


def pick_chat(page: Page, words: str, title: str) -> None:
    """Search by typing, and choose the chat of this title with the mouse."""
    page.type_into("Search", words)
    options = page.labelled("Chat").locator("option")
    expect(options).to_have_count(1, timeout=PATIENCE_SECONDS * 1000)
    assert options.inner_text().replace("\xa0", " ").startswith(title)
    page.labelled("Chat").select_option(index=0)


def files_done(page: Page) -> int:
    return int(page.area(2).locator("progress[aria-label=attachments]").get_attribute("value") or 0)


def pictures_there(page: Page) -> int:
    """Count the pictures of the panel that the browser could decode, whether they are in sight or not."""
    decoded = "images => Promise.all(images.map(image => image.decode().then(() => 1, () => 0)))"
    return sum(page.area(2).locator("img").evaluate_all(decoded))


def open_panel(page: Page) -> None:
    page.run_all()
    page.until_ran(2)
    expect(page.labelled("Chat").locator("option").nth(3)).to_be_attached(timeout=PATIENCE_SECONDS * 1000)
    pick_chat(page, "polLO", "Project Apollo")
    page.pick("Days", "Everything")
    page.click_checkbox("Download images")
    page.until_output(2, "Images of more than 10 MiB")


@pytest.mark.long
def test_a_panel_searches_fetches_cancels_fetches_again_and_saves(lab: Lab, slow: World) -> None:
    with lab.page("panel", cells(PANEL, config=slow.config)) as page:
        open_panel(page)
        slow.reset_stats()
        page.press_button("Fetch")
        page.until_output(2, "attachments/s")
        first = files_done(page)
        page.browser.wait_for_function(
            f"document.querySelector('.jp-Notebook progress[aria-label=attachments]').value > {first}"
        )
        assert "free" in said(page, 5), "the kernel has time for other cells"
        page.until_output(2, re.compile("[0-9]+ pictures.* so far"))
        assert pictures_there(page) > 0, "while it fetches"
        page.screenshot("in-the-middle")
        page.press_button("Cancel")
        page.until_output(2, re.compile("Stopped: [0-9]+ messages? came before that"))
        seen = pictures_there(page)
        assert 0 < seen <= 24, "they stay when it is stopped"
        assert f"{seen} picture" in page.output(2)
        page.screenshot("stopped")
        messages, images, status = said(page, 3).split()
        assert int(messages) > 0
        assert 0 < int(images) < 300
        assert status == "partial"
        assert "stopped in" in page.output(2)
        until(page, lambda: said(page, 6) == "tasks: 0")
        asked = sum(slow.stats()["content_gets"].values())
        assert asked < 300 + 44, "most was never asked for"

        page.press_button("Fetch")
        page.until_output(2, "done in")
        page.until_output(2, "300 of 300 images, page 1 of 13")
        assert (pictures_there(page), "so far" in page.output(2)) == (24, False), "the gallery is in their place"
        assert said(page, 3) == "600 300 complete"
        page.type_into("File", "apollo.parquet")
        page.press_button("Save as Parquet")
        page.until_output(2, re.compile("Saved 600 messages to /.*/apollo.parquet"))
        assert said(page, 4) == "600 300"
        page.screenshot("panel-with-its-gallery")
        shown = page.saved().cells[1:]
        assert slow.config["webex"]["access_token"] not in str(shown)
        assert "the same as code" in page.output(2).lower()


@pytest.mark.long
def test_running_the_panels_cell_again_leaves_no_orphan(lab: Lab, slow: World) -> None:
    with lab.page("again", cells(PANEL, config=slow.config)) as page:
        open_panel(page)
        page.press_button("Fetch")
        page.until_output(2, "attachments/s")
        page.run(2)
        page.until_ran(2)
        expect(page.labelled("Chat").locator("option").nth(3)).to_be_attached(timeout=PATIENCE_SECONDS * 1000)
        assert page.notebook.get_by_role("button", name="Fetch", exact=True).count() == 1
        until(page, lambda: said(page, 6) == "tasks: 0")
        until(page, lambda: slow.stats()["open_connections"] == 0)


@pytest.mark.long
def test_an_error_in_the_panel_is_a_sentence_and_a_missing_token_a_field(lab: Lab) -> None:
    with cf.sandbox(messages=30, images=3) as world:
        config = {"webex": {"base_url": world.config["webex"]["base_url"]}}
        with lab.page("login", cells(PANEL.partition("---")[0], config=config)) as page:
            page.run_all()
            page.until_output(2, "developer.webex.com")
            page.type_into("Access token", world.config["webex"]["access_token"])
            page.press_button("Use")
            expect(page.labelled("Chat").locator("option").nth(3)).to_be_attached(timeout=PATIENCE_SECONDS * 1000)
            assert page.labelled("Access token").count() == 0
            page.press_button("Fetch")
            page.until_output(2, "No chat is chosen")
            assert world.config["webex"]["access_token"] not in str(page.saved())


# --- looking -----------------------------------------------------------------------------------------------------

GALLERY = """
df = cf.fetch(cf.Webex("Project Apollo"), images=True, config=config, progress=False)
---
cf.gallery(df)
---
cf.report(df)
---
cf.preview(df[df["n_images"] > 0], rows=3)
"""


@pytest.mark.long
def test_a_gallery_of_five_hundred_shows_decoded_pictures_and_keeps_the_file_small(lab: Lab) -> None:
    with (
        cf.sandbox(messages=900, images=500, faults=["gone"]) as world,
        lab.page("gallery", cells(GALLERY, config=world.config)) as page,
    ):
        page.run_all()
        page.until_ran(5)
        shown = page.pictures(3)
        reasons = page.area(3).get_by_text("deleted, or moved away").count()
        assert shown + reasons == 24
        assert shown > 12
        page.screenshot("gallery")
        tiles = page.area(3).locator("img")
        page.pick("Show", "missing ones")
        expect(tiles).to_have_count(0, timeout=PATIENCE_SECONDS * 1000)
        page.until_output(3, "failed: deleted, or moved away")
        page.pick("Show", "images")
        expect(tiles).to_have_count(24, timeout=PATIENCE_SECONDS * 1000)
        assert page.pictures(3) == 24
        page.area(3).get_by_role("button", name="Next", exact=True).last.click()  # there is one below the pictures, too
        page.until_output(3, "page 2 of")
        assert page.pictures(3) == 24
        close, last, small = page.notebook.get_by_role("button", name="Close"), tiles.last, tiles.last.bounding_box()
        page.area(3).get_by_role("button", name="Enlarge").last.click()
        expect(close).to_be_in_viewport(timeout=PATIENCE_SECONDS * 1000)
        last.evaluate("image => image.decode()")
        page.screenshot("enlarged")
        assert last.bounding_box()["width"] > 1.5 * small["width"]
        assert page.pictures(3) == 24
        close.click()
        expect(close).to_have_count(0, timeout=PATIENCE_SECONDS * 1000)
        assert page.pictures(5) >= 3
        page.saved()
        assert page.path.stat().st_size < 3_000_000


HOSTILE = """
from chatframes.page.highlights import highlights_html
from chatframes.page.html import show_html
from help.hostile import PAYLOADS, hostile_frame
from IPython.display import display

for payload in PAYLOADS[{first}:{first} + 3]:
    frame = hostile_frame(payload)
    panel = cf.FetchPanel(cf.Webex(payload), config={}, remember=False)
    panel._line.say(payload)
    panel._account.listed = True
    display(frame, cf.report(frame), cf.preview(frame), cf.plot_activity(frame, by="author_name"))
    show_html(panel._view.report, highlights_html(frame))
    gallery = cf.gallery(frame, page_size=5)
    gallery._tiles[0].button.click()  # the first picture, with all that is known of it
    display(gallery, panel, cf.attachments(frame), cf.details(frame, "poll"), cf.members(frame))
    display(cf.preview(frame, columns=[name for name in frame.columns if name != "images"]))
"""


@pytest.mark.long
def test_nothing_that_strangers_wrote_comes_to_life_in_the_page(lab: Lab) -> None:
    # A few in each cell, one cell after the other: a kernel drops messages that nobody has the time to read.
    parts = "---".join(HOSTILE.replace("{first}", str(first)) for first in range(0, len(PAYLOADS), 3))
    marked = "[onerror], [onload], [onclick], [onmouseover], [onfocus], [ontoggle], [onbegin]"
    with lab.page("hostile", cells(parts)) as page:
        said(page, 1)
        for number, first in enumerate(range(0, len(PAYLOADS), 3), 2):
            page.run(number)
            page.until_ran(number)
            area, payloads = page.area(number), len(PAYLOADS[first : first + 3])
            for what, found in (
                (payloads, area.get_by_role("button", name="Save as Parquet")),
                (4 * payloads, area.locator("img")),  # three in the preview, one on the gallery's first page
            ):
                expect(found).to_have_count(what, timeout=PATIENCE_SECONDS * 1000)
            assert page.pictures(number) == 4 * payloads
            assert area.locator(f"iframe, form, script, object, embed, {marked}, a[href^=javascript]").count() == 0
        assert page.errors() == []
        assert page.browser.evaluate("window.harmed") is None
        page.screenshot("hostile")


# --- Telegram's login --------------------------------------------------------------------------------------------

LOGIN = """
world = cf.sandbox(messages=20, images=2)
telegram = {key: value for key, value in world.config["telegram"].items() if key != "session"}
login = cf.TelegramLogin({"telegram": telegram})
login
---
world.scan(login.link.get_secret_value(), password=True)
---
print(login.state, len(cf.fetch(cf.Telegram("@apollo"), config={"telegram": telegram}, progress=False)))
"""


TYPED = """
heard = []
for field in (login._card.phone, login._card.code, login._card.password):
    field.observe(lambda change: change["new"] and heard.append(len(change["new"])), "value")
---
print(heard, login.state)
"""


@pytest.mark.long
def test_telegrams_login_is_typed_and_pressed_with_mouse_or_keyboard_and_nothing_typed_is_left(lab: Lab) -> None:
    with lab.page("typed", cells(LOGIN + "---" + TYPED)) as page:
        for number in (1, 2, 5):
            page.run(number)
            page.until_ran(number)
        keyboard = page.browser.keyboard
        page.labelled("Phone").click()
        keyboard.type("+9996625678")
        page.press_button("Send me a code")  # right from the field
        page.until_output(2, "A code is in your Telegram app")
        page.labelled("Code").click()
        keyboard.type("2222")
        keyboard.press("Enter")
        expect(page.labelled("Code")).to_have_value("", timeout=PATIENCE_SECONDS * 1000)
        expect(page.labelled("Code")).to_have_attribute("placeholder", re.compile("^taken"))
        page.screenshot("taken", 2)
        keyboard.type("22222")  # another one in its place
        keyboard.press("Tab")
        keyboard.press("Space")
        page.until_output(2, "This account has a password as well")
        page.type_into("Password", "dome and telescope")
        page.press_button("Log in")
        page.until_output(2, "Logged in to Telegram")
        assert said(page, 6) == "[11, 4, 5, 18] done", "each as a whole, and never key by key"
        kept = str(page.saved())
        assert not [secret for secret in ("+9996625678", "dome and telescope") if secret in kept]


@pytest.mark.long
def test_telegrams_login_is_a_form_with_a_qr_code_and_nothing_of_it_is_saved(lab: Lab) -> None:
    with lab.page("telegram", cells(LOGIN)) as page:
        for number in (1, 2):
            page.run(number)
            page.until_ran(number)
        page.press_button("QR code instead")
        page.until_output(2, "Link Desktop Device")
        expect(page.area(2).locator("img")).to_be_visible(timeout=PATIENCE_SECONDS * 1000)
        assert page.pictures(2) == 1
        page.screenshot("qr", 2)
        page.run(3)
        page.until_output(2, "This account has a password as well")
        assert page.area(2).locator("img").count() == 0
        page.type_into("Password", "dome and telescope")
        page.press_button("Log in")
        page.until_output(2, "Logged in to Telegram")
        assert said(page, 4) == "done 20"
        kept = str(page.saved())
        assert "dome and telescope" not in kept
        assert "tg://login" not in kept
        assert "image/png" not in kept
