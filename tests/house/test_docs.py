"""The documents lead to each other, and what they show is code."""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path

import pytest

from chatframes.model import FAILED, RETRYABLE, SKIPPED
from chatframes.table.schema import MESSAGES

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "benchmarks/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def anchors(text: str) -> set[str]:
    """What the headings of a document are called in links."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(prose)}


def test_there_are_documents() -> None:
    assert {"docs/settings.md", "docs/services.md", "docs/table.md", "docs/decisions.md"} <= set(
        map(name_of, DOCUMENTS)
    )


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_to_a_file_leads_to_one(document: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text("utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        there = (document.parent / target).resolve() if target else document
        assert there.exists(), f"{name_of(document)} links to {link}, and there is no such file"
        assert there.is_relative_to(ROOT), f"{name_of(document)} links to {link}, outside the repository"
        assert not anchor or anchor in anchors(there.read_text("utf-8")), f"{link} names no heading"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_block_of_python_can_be_read(document: Path) -> None:
    blocks = re.findall(r"^ *```python\n(.*?)^ *```", document.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    for block in blocks:
        ast.parse(textwrap.dedent(block))


@pytest.mark.parametrize("document", [path for path in DOCUMENTS if path.parent.name == "docs"], ids=name_of)
def test_the_readme_leads_to_every_document(document: Path) -> None:
    assert f"]({name_of(document)})" in (ROOT / "README.md").read_text("utf-8")


def test_every_column_and_every_reason_is_explained() -> None:
    text = (ROOT / "docs" / "table.md").read_text("utf-8")
    rows = [line for line in text.partition("\n## ")[0].splitlines() if line.startswith("| `")]
    assert set(re.findall(r"`(\w+)`", " ".join(row.split("|")[1] for row in rows))) == set(MESSAGES.names)
    reasons = re.findall(r"^\| (skipped|failed) \| `(\w+)` \| [^|]+ \| (yes)? ?\|$", text, re.MULTILINE)
    assert {reason for status, reason, _ in reasons if status == "skipped"} == SKIPPED
    assert {reason for status, reason, _ in reasons if status == "failed"} == FAILED
    assert {reason for _, reason, again in reasons if again} == RETRYABLE
