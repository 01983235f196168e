"""Choose the cases of a large family that the suite tries; the rest are `long`, so that only `.ci/run` tries them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest


def sampled(cases: Iterable[object], keep: int) -> list[object]:
    """Give all `cases` for `pytest.mark.parametrize`: `keep` of them, evenly spread, as they are, the rest as `long`.

    Examples
    --------
    >>> [getattr(case, "values", case) for case in sampled("abcd", keep=2)]
    ['a', ('b',), 'c', ('d',)]
    """
    listed = list(cases)
    kept = {round(place * len(listed) / keep) for place in range(keep)}
    return [case if place in kept else _long(case) for place, case in enumerate(listed)]


def _long(case: object) -> object:
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.long)
