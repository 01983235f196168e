"""Choose the cases of a large family that the suite tries; the rest are `long`, so that only `.ci/run` tries them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from hypothesis import settings

Test = Callable[..., None]


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


def tried(given: Callable[[Test], Test], few: int, many: int = 100) -> Callable[[Test], Test]:
    """Try a property with `few` examples; its twin beside it, NAME_with_many_examples, tries `many` and is `long`.

    Examples
    --------
    >>> @tried(given(st.text()), few=20)
    ... def test_a_text_is_itself(text): ...
    """

    def both(test: Test) -> Test:
        twin = pytest.mark.long(settings(max_examples=many)(given(test)))
        test.__globals__[f"{test.__name__}_with_many_examples"] = twin
        return settings(max_examples=few)(given(test))

    return both
