"""Pictures changed at random: those that readers do not open are not called good, as far as a header can tell."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from help.undecodable import DECODED, exif, saved

from chatframes.images.decodable import why_undecodable
from chatframes.images.headers import inspect

from .test_decodable import datasets_decodes

ODD_BYTES = [0, 1, 2, 4, 8, 16, 32, 64, 127, 128, 192, 196, 216, 217, 218, 219, 224, 255]
# What is between the markers of a JPEG, and what is in a packed TIFF, GIF, WebP or AVIF, only a decoder could check.
EXACT = [name for name in DECODED if name.split()[0] in ("PNG", "icon", "BMP", "ICO") and "3 MB" not in name]
JPEG = [name for name in DECODED if name.startswith("JPEG")]


def changed_at_random(chance: random.Random, data: bytes) -> bytes:
    new, at = bytearray(data), chance.randrange(chance.choice([min(64, len(data)), min(700, len(data)), len(data)]))
    match chance.randrange(7):
        case 0:
            new[at] ^= 1 << chance.randrange(8)
        case 1:
            new[at : at + 4] = chance.choice([b"\xff\xff\xff\xff", bytes(4), b"\0\0\0\1", b"\1\0\0\0"])
        case 2:
            del new[at : at + chance.choice([1, 2, 4, 12, 50])]
        case 3:
            new[at:at] = new[at : at + chance.choice([1, 2, 4, 12, 50])]
        case 4:
            del new[at:]
        case 5:
            new[at:at] = bytes(chance.choices(ODD_BYTES, k=4))
        case _:
            new[at] = chance.choice(ODD_BYTES)
    return bytes(new)


def judged(names: list[str], seed: int, number: int) -> Iterator[tuple[bytes, bool, bool]]:
    """Yield changed pictures, whether readers open each, and whether we say so."""
    chance = random.Random(seed)
    for _ in range(number):
        data = changed_at_random(chance, DECODED[chance.choice(names)]())
        yield data, datasets_decodes(data), why_undecodable(data) is None


def count(cases: Iterator[tuple[bytes, bool, bool]]) -> tuple[int, int, int, int]:
    """Return how many there are, how many are called good wrongly, how many bad wrongly, and what a look at the type says."""
    all_of_them = list(cases)
    return (
        len(all_of_them),
        sum(said and not opens for _, opens, said in all_of_them),
        sum(opens and not said for _, opens, said in all_of_them),
        sum(inspect(data).mime is not None and not opens for data, opens, _ in all_of_them),
    )


def check(seed: int, number: int) -> None:
    total, wrongly_good, wrongly_bad, naive = count(judged(EXACT, seed, number))
    assert (wrongly_good, wrongly_bad <= total / 15, naive > total / 4) == (0, True, True)
    total, wrongly_good, wrongly_bad, naive = count(judged(JPEG, seed, number))
    assert wrongly_good <= total / 100
    assert wrongly_bad <= total / 25
    assert naive > total / 10


def test_a_sample_of_changed_pictures_is_judged_as_readers_do() -> None:
    check(seed=1, number=250)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 12))
def test_many_changed_pictures_are_judged_as_readers_do(seed: int) -> None:
    check(seed, number=2_000)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_changed_exif_data_is_judged_as_readers_do(form: str) -> None:
    chance, wrong, naive = random.Random(5), [], 0
    tags = [(0x010F, 2, 4, b"abc\0"), (0x0128, 3, 1, b"\0\2\0\0"), (0x8769, 4, 1, b"\0\0\0\x08")]
    for _ in range(150):
        resolution = (0x011A, chance.choice([2, 3, 4, 9, 11]), 1, b"a\0\0\1")
        odd = changed_at_random(chance, exif(chance.choice([1, 6, 8]), resolution, *tags).removeprefix(b"Exif\0\0"))
        try:
            data = saved.__wrapped__(form, exif=b"Exif\0\0" + odd)  # not kept: each is used once
        except ValueError:  # Pillow does not write it
            continue
        opens = datasets_decodes(data)
        wrong += [odd] * (opens != (why_undecodable(data) is None))
        naive += not opens
    assert wrong == []
    assert naive
