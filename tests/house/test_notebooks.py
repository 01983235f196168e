"""The notebooks run from top to bottom in a clean kernel, and show what they promise."""

from __future__ import annotations

import ast
import asyncio
import base64
import io
import re
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from datetime import date
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import nbformat
import pytest
from help.kernels import PATIENCE_SECONDS, REPOSITORY, clean_environment
from help.sampling import sampled
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbformat import NotebookNode
from PIL import Image

import chatframes as cf

NAMES = ["quickstart", "webex", "telegram", "reddit", "analyse", "export", "widgets"]
# Those whose cells the suite runs; the other notebooks' runs are `long`.
RUN = [name if name == "quickstart" else pytest.param(name, marks=pytest.mark.long) for name in NAMES]
ADDRESSES = {  # all that a notebook may lead to
    "quickstart": {"https://developer.webex.com"},
    "webex": {"https://developer.webex.com"},
    "telegram": {"https://my.telegram.org", "https://t.me"},
    "reddit": set(),
    "analyse": set(),
    "export": set(),
    "widgets": set(),
}
WIDGET = "application/vnd.jupyter.widget-view+json"
PICTURES = ("image/jpeg", "image/png")
CHROMIUM_SWITCHES = (
    "no-sandbox disable-gpu disable-quic no-first-run disable-sync disable-background-networking "
    "disable-component-update"
).split()
HOSTILE = "<script>alert('not today')</script>"

# What a chat's members write must stay text wherever a notebook shows it.
SHOW_HOSTILE_TEXT = """
import pandas as pd

hostile = df[df["text"].str.contains("<script")].copy()
df.attrs["chatframes"]["sources"][0]["chat_name"] = hostile["text"].iloc[0]
with pd.option_context("display.max_colwidth", None):
    display(hostile[["author_name", "text"]], cf.report(df))
"""


def stored(name: str) -> NotebookNode:
    return nbformat.read(REPOSITORY / "notebooks" / f"{name}.ipynb", as_version=nbformat.NO_CONVERT)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def execute(notebook: NotebookNode) -> list[str]:
    """Run every cell in a kernel of its own; return the names of the files it left in its folder."""
    with tempfile.TemporaryDirectory(prefix="cf-") as short, pytest.MonkeyPatch.context() as patch:
        folder = Path(short)  # short: the paths of sockets have a limit
        working = folder / "working"
        working.mkdir()
        environment = clean_environment(folder / "jupyter")
        for variable, value in environment.items():
            patch.setenv(variable, value)
        manager = AsyncKernelManager(
            kernel_name="python3", transport="ipc", connection_file=str(folder / "kernel.json")
        )
        client = NotebookClient(
            notebook, km=manager, timeout=PATIENCE_SECONDS, resources={"metadata": {"path": str(working)}}
        )
        asyncio.run(client.async_execute(env=environment, cleanup_kc=True))
        return sorted(path.name for path in working.rglob("*"))


class Executed:
    """A notebook that was run, and what its cells showed."""

    def __init__(self, name: str) -> None:
        self.notebook = stored(name)
        self.left_behind = execute(self.notebook)

    @property
    def outputs(self) -> list[NotebookNode]:
        return [output for cell in code_cells(self.notebook) for output in cell.outputs]

    def said(self, cell_id: str) -> str:
        """Everything a cell showed as text."""
        (cell,) = [cell for cell in code_cells(self.notebook) if cell.id == cell_id]
        return "\n".join(text for output in cell.outputs for text in _texts(output))

    @property
    def cards(self) -> list[str]:
        """What the cards of calls ended as."""
        pages = [output.data["text/html"] for output in self.outputs if "text/html" in output.get("data", {})]
        return [page for page in pages if "progress of chatframes" in page]


def _texts(output: NotebookNode) -> Iterator[str]:
    if output.output_type == "stream":
        yield output.text
    else:
        data = output.get("data", {})
        yield from (data[kind] for kind in ("text/plain", "text/html") if kind in data)


@pytest.fixture(scope="module")
def truth() -> list[dict[str, Any]]:
    """The messages of the sandbox's main room."""
    with cf.sandbox() as world:
        return world.expected("Project Apollo")


@pytest.fixture(scope="module")
def executed() -> Callable[[str], Executed]:
    """Each notebook is run once, when it is first asked for."""
    runs: dict[str, Executed] = {}

    def run(name: str) -> Executed:
        if name not in runs:
            runs[name] = Executed(name)
        return runs[name]

    return run


# --- as they are stored --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_notebook_is_clean_and_valid(name: str) -> None:
    notebook = stored(name)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    for cell in code_cells(notebook):
        assert cell.outputs == []
        assert cell.execution_count is None


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_notebook_holds_no_secret_and_nothing_of_a_machine(name: str) -> None:
    text = (REPOSITORY / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8")
    assert re.findall(r"[A-Za-z0-9+/=_-]{40,}", text) == [], "long enough for a token"
    assert re.findall(r"/(?:home|root|tmp|Users|work)/|[A-Z]:\\\\", text) == []
    assert set(re.findall(r"https?://[^/)\s\"]+", text)) == ADDRESSES[name]


@pytest.mark.parametrize("name", NAMES)
def test_cells_are_short_and_each_section_says_what_it_is_about(name: str) -> None:
    notebook = stored(name)
    assert notebook.cells[0].cell_type == "markdown"
    assert re.match(r"# .+\n\nAt the end you will ", notebook.cells[0].source)
    for cell in code_cells(notebook):
        lines = cell.source.splitlines()
        assert len(lines) <= 9, cell.id
        assert max(map(len, lines)) <= 100, cell.id


def test_what_the_notebooks_import_comes_with_the_notebooks_extra() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [*project["dependencies"], *project["optional-dependencies"]["notebook"], "chatframes"]
    known = {re.match(r"[\w-]+", one)[0].lower() for one in named}
    sources = {**packages_distributions(), "chatframes": ["chatframes"]}  # an editable install does not list it
    for name in NAMES:
        trees = [ast.parse(cell.source) for cell in code_cells(stored(name))]
        for node in (
            node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)
        ):
            module = (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).partition(".")[0]
            if module not in sys.stdlib_module_names:
                assert {one.lower() for one in sources[module]} & known, f"{name}: {module}"


def test_the_quickstart_has_fewer_than_ten_code_cells() -> None:
    assert len(code_cells(stored("quickstart"))) < 10


@pytest.mark.parametrize("name", NAMES)
def test_one_marked_cell_switches_to_ones_own_account(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = stored(name)
    (place,) = [at for at, cell in enumerate(notebook.cells) if "own-account" in cell.metadata.get("tags", ())]
    heading, marked = notebook.cells[place - 1 : place + 1]
    assert heading.source.startswith("## Your own account")
    lines = marked.source.splitlines()
    assert lines
    assert all(line.startswith("# ") for line in lines), "as stored it does nothing"

    secret = "5ec2e7" * 5 + "ab"
    monkeypatch.setattr("getpass.getpass", lambda prompt: secret)
    monkeypatch.setenv("WEBEX_ACCESS_TOKEN", secret)
    monkeypatch.setenv("TELEGRAM_API_ID", "12345")
    monkeypatch.setenv("TELEGRAM_API_HASH", secret)
    monkeypatch.setenv("REDDIT_CLIENT_ID", "an-app")
    monkeypatch.setenv("REDDIT_CLIENT_SECRET", secret)
    before = {"cf": cf}
    exec("\n".join(line.removeprefix("# ") for line in lines), before)
    config = before["config"]
    assert isinstance(config, cf.Config)
    given = {"telegram": config.telegram.api_hash, "reddit": config.reddit.client_secret}.get(
        name, config.webex.access_token
    )
    assert given.get_secret_value() == secret
    assert secret not in repr(config)
    assert secret not in marked.source

    # What it sets is what the first cell had set, and no cell before it has asked the sandbox for anything.
    (first,) = code_cells(NotebookNode(cells=notebook.cells[:place]))
    assert set(before) - {"cf", "getpass", "__builtins__"} <= _names_set_by(first.source)


def _names_set_by(source: str) -> set[str]:
    names = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name))
    return {name.id for name in names if isinstance(name.ctx, ast.Store)}


# --- run from a clean kernel ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RUN)
def test_every_cell_runs_in_order_without_an_error_or_a_warning(name: str, executed: Callable[[str], Executed]) -> None:
    run = executed(name)
    cells = code_cells(run.notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        for output in cell.outputs:
            assert output.output_type != "error", cell.id
            assert output.get("name") != "stderr", f"{cell.id}: {output.get('text')}"
            assert not any("Traceback" in text for text in _texts(output)), cell.id


@pytest.mark.parametrize("name", RUN)
def test_a_notebook_shows_a_real_picture(name: str, executed: Callable[[str], Executed]) -> None:
    shown = [
        output.data[kind] for output in executed(name).outputs for kind in PICTURES if kind in output.get("data", {})
    ]
    assert shown
    for data in shown:
        with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
            picture.load()
            assert min(picture.size) >= 100


@pytest.mark.parametrize("name", RUN)
def test_a_notebook_leaves_no_file_behind(name: str, executed: Callable[[str], Executed]) -> None:
    assert executed(name).left_behind == []


def test_the_quickstarts_card_ends_full_and_says_what_came(
    executed: Callable[[str], Executed], truth: list[dict[str, Any]]
) -> None:
    run = executed("quickstart")
    files = sum(len(message["media"]) for message in truth)
    (card,) = run.cards
    assert "300 messages" in card
    assert re.search(rf'value="{files}" max="{files}"', card)
    (said,) = [
        output.data["text/plain"] for output in run.outputs if "done in" in output.get("data", {}).get("text/plain", "")
    ]
    assert f"300 messages, {files} of {files} attachments" in said
    assert "MB of images" in said
    assert not any(WIDGET in output.get("data", {}) for output in run.outputs), "nothing that needs a kernel to be seen"


def test_a_card_without_pictures_has_no_bar_of_files_and_a_stopped_one_stays_where_it_was(
    executed: Callable[[str], Executed],
) -> None:
    cards = executed("webex").cards
    assert {"<progress" in card for card in cards} == {True, False}
    (stopped,) = [card for card in cards if "stopped in" in card]
    value, most = re.search(r'aria-label="attachments" value="(\d+)" max="(\d+)"', stopped).groups()
    assert int(value) < int(most)


def test_the_quickstart_looks_asks_and_reports(executed: Callable[[str], Executed]) -> None:
    run = executed("quickstart")
    assert re.search(r"JPEG \d+x\d+, \d+ kB", run.said("look"))
    assert "not_an_image" in run.said("files")
    assert "complete, 300 messages" in run.said("report")
    assert "60 ok" in run.said("report")
    assert "pictures" in run.said("ask")


PROMISES = {
    "webex": [
        ("rooms", ["Project Apollo", "Tomasz Verhoeven", "direct"]),
        ("ambiguous", ["2 Webex rooms are called 'Standup'"]),
        ("typo", ["Did you mean", "'Project Apollo'"]),
        ("zones", ["2026-10-13 15:00 to 2026-10-14 15:00"]),
        ("bounds", ["'2026-10-31' is not before"]),
        ("limit", ["too_large", "larger than max_size_bytes"]),
        ("outcomes", ["too_large"]),
        ("missing", ["gone", "malware", "unscannable"]),
        ("gap", ["IncompleteWarning"]),
        ("gap-report", ["partial, ", "missing", "asks to wait"]),
        ("patience", ["complete, 300 messages"]),
        ("failed", ["HTTP 401"]),
        ("last", ["cancelled"]),
        ("threads", ["Please measure the play"]),
        ("several", ["Project Apollo", "Kitchen"]),
        ("await", ["(300, 60)"]),
        ("stream", ["1000 messages", "complete, 3,000 messages"]),
        ("raw", ["'roomType': 'group'", "'personEmail'"]),
        ("bots", ["bot&#x27;s", "Webex shows a bot only"]),
    ],
    "telegram": [
        ("chats", ["Project Apollo", "Apollo News", "channel", "Tomasz Verhoeven", "direct"]),
        ("names", [f"{name}  20  Project Apollo" for name in ("@apollo", "https://t.me/apollo", "-1002111267418")]),
        ("ambiguous", ["2 Telegram chats are called 'Standup'", "Did you mean", "'Project Apollo'"]),
        ("fetch", ["JPEG 640x427"]),
        ("report", ["complete, 300 messages", "60 ok", "basic group", "Apollo garage"]),
        ("older", ["Project Apollo", "300", "Apollo garage", "12"]),
        ("outcomes", ["sticker", "gif", "link_preview", "location", "no_bytes", "not_an_image"]),
        ("small", ["too_large", "larger than max_size_bytes"]),
        ("limit", ["complete, 50 messages", "limit=50", "covered"]),
        ("reactions", ["👍 3", "custom:", "paid 25"]),
        ("albums", ["The whole series"]),
        ("forwards", ["Apollo News", "Somebody Hidden", "somebody whose name is gone"]),
        ("topics", ["General", "Optics", "Field trips"]),
        ("channel", ["https://t.me/apollo_news/"]),
        ("text", ["<strong>failed</strong>", "['https://"]),
        ("wait", ["IncompleteWarning"]),
        ("wait-report", ["partial, ", "missing", "asks to wait until"]),
        ("failed", ["bot's", "shows bots no history"]),
        ("keep", ["telegram", "webex", "60"]),
    ],
    "reddit": [
        ("fetch", ["post", "JPEG"]),
        ("report", ["open", "known", "num_comments"]),
        ("threads", ["   "]),
        ("everything", ["comment", "post"]),
        ("one", ["depth"]),
        ("deleted", ["[removed]", "[deleted]"]),
        ("pictures", ["photo", "gif", "link_preview", "not_an_image", "no_bytes"]),
        ("end", ["open", "1,000 messages", "known", "does not say"]),
        ("long-wait", ["partial", "asks to wait until"]),
        ("strangers", ["blocked_address"]),
        ("no-key", ["No Reddit credentials", "Responsible Builder Policy", "cf.sandbox()"]),
        ("three", ["webex", "telegram", "reddit"]),
    ],
    "analyse": [
        ("export", ["complete", "messages per day"]),
        ("columns", ["Apollo CI", "Can somebody open the lab door?"]),
        ("authors", ["webex", "telegram"]),
        ("days", ["<b>webex</b>", "<b>reddit</b>"]),
        ("threads", ["t3_", "21        4"]),
        ("members", ["<b>joined</b>", "<b>left</b>", "people per day"]),
        ("answers", ["0.5", "0.9", "reddit", "days 00:0"]),
        ("links", ["https://wiki.apollo.example/optics"]),
        ("sites", ["www.example.org", "wiki.apollo.example"]),
        ("polls", ["Tea or coffee?", "votes"]),
        ("who-moved", ["created_at", " left", " added "]),
        ("poll-bars", ["3 of 3 rows"]),
        ("duckdb", ["not_an_image", "bytes"]),
        ("polars", ["Field report", "7400"]),
        ("same", ["      3      2"]),
        ("most", ["JPEG"]),
        ("pillow", ["640 x 427, brightness 103"]),
    ],
    "export": [
        ("first", ["1,170 messages in 3 chats", "to 2026-10-25 00:00", "262 ok"]),
        ("again", ["the first day: 1170 messages, 262 pictures; files asked for: 2"]),
        ("again", ["some days later: 1586 messages, 350 pictures; files asked for: ", "new or read again"]),
        ("again", ["once more: 1586 messages, 350 pictures; files asked for: 0\n"]),
        ("verify", ["nothing is wrong with 1 part, 1,586 messages, 350 pictures"]),
        ("look", ["Gallery of 350 images, 0 missing", "<img"]),
        ("sizes", ["pictures", "all the rest"]),
        ("weeks", ["2026-10-26", "webex", "139"]),
        ("words", ["Apollo CI", "144"]),
        ("fate", ["not_an_image", "no_bytes"]),
        ("frame", ["author_name", "webex"]),
        ("hours", ["Monday", "Sunday"]),
        ("plain", ["n_images"]),
        ("stream", ["letters"]),
        ("picture", ["times"]),
    ],
    "widgets": [
        ("panel", ["FetchPanel: nothing fetched yet"]),
        ("frame", ["author_name"]),
        ("controls", ["ImageControls(images up to 2 MiB)"]),
        ("events", ["200, 'complete'"]),
        ("gallery", ["Gallery of 120 images", "<img"]),
        ("preview", ["<img", "3 of"]),
        ("report", ["complete, 600 messages", "messages per day"]),
        ("activity", ["<b>"]),
        ("login", ["TelegramLogin"]),
    ],
}


@pytest.mark.parametrize(
    ("name", "cell_id", "expected"),
    [
        pytest.param(name, *promise, marks=() if name in RUN else pytest.mark.long)
        for name, promises in PROMISES.items()
        for promise in promises
    ],
)
def test_a_notebook_shows_what_its_prose_promises(
    name: str, cell_id: str, expected: list[str], executed: Callable[[str], Executed]
) -> None:
    said = executed(name).said(cell_id)
    assert [words for words in expected if words not in said] == []


def test_a_day_is_a_day_of_the_time_zone_that_was_asked_for(
    executed: Callable[[str], Executed], truth: list[dict[str, Any]]
) -> None:
    counts = ast.literal_eval(executed("webex").said("dates").splitlines()[-1])
    for zone, count in counts.items():
        days = [message["created_at"].astimezone(ZoneInfo(zone)).date() for message in truth]
        assert count == days.count(date(2026, 10, 14))
    assert counts["UTC"] != counts["Asia/Tokyo"]


def test_what_webex_could_not_scan_arrives_once_the_admin_allows_it(executed: Callable[[str], Executed]) -> None:
    run = executed("webex")
    assert "unscannable" in run.said("missing")
    assert "unscannable" not in run.said("unscannable")


# --- seen by a person ----------------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize(("name", "hostile_messages"), sampled([("quickstart", 1), ("telegram", 2)], 1))
def test_in_a_browser_the_picture_is_seen_and_hostile_messages_stay_text(
    name: str, hostile_messages: int, tmp_path: Path
) -> None:
    from nbconvert import HTMLExporter
    from playwright.sync_api import sync_playwright

    notebook = stored(name)
    notebook.cells.append(nbformat.v4.new_code_cell(SHOW_HOSTILE_TEXT, id="hostile"))
    execute(notebook)
    page_file = tmp_path / f"{name}.html"
    page_file.write_text(HTMLExporter().from_notebook_node(notebook)[0], encoding="utf-8")

    troubles: list[str] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[f"--{switch}" for switch in CHROMIUM_SWITCHES],
        )
        context = browser.new_context(viewport={"width": 1000, "height": 900})
        # nbconvert's page asks public hosts for scripts that typeset formulas and widgets; here nothing leaves.
        context.route("http*://**/*", lambda route: route.abort())
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(f"script error: {error}"))
        page.on("dialog", lambda dialog: (troubles.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(page_file.as_uri())
        page.wait_for_function("[...document.images].every(image => image.complete)")
        widths = page.evaluate("[...document.images].map(image => image.naturalWidth)")
        seen = page.inner_text("body")
        markup = page.evaluate(
            "[...document.scripts].filter(script => script.text.includes('not today')).length"
            " + document.querySelectorAll('[onerror]').length"
        )
        browser.close()
    assert len(widths) == 1
    assert widths[0] >= 100
    assert seen.count(HOSTILE) == hostile_messages + 1, "in the table, and once in the report"
    assert "complete, 300 messages" in seen
    assert markup == 0
    assert troubles == []
