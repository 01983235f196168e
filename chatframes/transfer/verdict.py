"""Say what became of a body that was read: a whole picture that readers open, one they do not, or something else."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from ..images.decodable import why_undecodable
from ..images.headers import inspect
from ..images.shown import ImageBytes
from ..model import Attachment, Outcome

__all__ = ["not_an_image", "of_picture", "too_large"]


def of_picture(
    base: Outcome,
    mime: str | None,
    data: ImageBytes,
    without_end: set[str],
    *,
    says_its_end: bool,
    keep_undecodable: bool,
) -> Outcome:
    """Return the outcome of a body that is a picture and came to its end.

    A missing end mark alone does not mean that the body was cut on its way: where all came that was announced (its
    length, or the piece that is marked as the last), and the same bytes at another try, the file lacks it at its
    server, too.

    Parameters
    ----------
    base : Outcome
        What the headers said.
    mime : str or None
        The type its first bytes show.
    data : ImageBytes
        The body.
    without_end : set of str
        The SHA-256 of each body of this attachment that was as long as announced, but had no end mark; added to here.
    says_its_end : bool
        Whether the body came in pieces of which the last was marked.
    keep_undecodable : bool
        Whether a picture that readers do not open is kept.
    """
    facts, size, sha256 = inspect(data), len(data), hashlib.sha256(data).hexdigest()
    length_met = base.declared_size == size or (base.declared_size is None and says_its_end)
    truncated = None
    if not length_met and (base.declared_size is not None or facts.whole is False):
        truncated = f"the picture ends too early, after {size} bytes"
    elif facts.whole is False and sha256 not in without_end:
        without_end.add(sha256)
        truncated = f"the picture has no end mark after its {size} bytes"
    if truncated is not None:
        return replace(base, reason="truncated", mime=mime, size=size, error=truncated)
    note = "no_end_mark" if facts.whole is False else base.note
    problem = why_undecodable(data, facts)
    kept = problem is None or keep_undecodable
    if problem is not None and kept:
        note = note or "undecodable"
    return replace(
        base,
        status="ok" if kept else "skipped",
        reason=None if kept else "undecodable",
        data=data if kept else None,
        mime=facts.mime or mime,
        size=size,
        width=facts.width,
        height=facts.height,
        sha256=sha256,
        error=problem,
        note=note,
    )


def not_an_image(attachment: Attachment, base: Outcome, mime: str | None, *, empty: bool) -> Outcome:
    """Return the outcome of a body whose first bytes are not those of a picture."""
    base = replace(base, mime=mime)
    declared = base.declared_mime or attachment.declared_mime or ""
    if empty:
        return replace(base, reason="bad_response", error="an empty body")
    if mime in ("text/html", "application/json") and declared.startswith("image/"):
        return replace(base, reason="bad_response", error=f"{mime} served as a picture")
    return replace(base, status="skipped", reason="not_an_image", size=None)


def too_large(base: Outcome, mime: str | None, size: str, cap: int) -> Outcome:
    """Return the outcome of a picture that is larger than the call's limit."""
    error = f"{size}, over the limit of {cap} bytes"
    return replace(base, status="skipped", reason="too_large", mime=mime, error=error)
