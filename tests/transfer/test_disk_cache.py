"""Pictures on the disk: whole or not there, for their owner alone, within the bound, whatever becomes of a process."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from chatframes.transfer import private_files
from chatframes.transfer.disk_cache import BLOCK_BYTES, DiskCache, Note, _sealed

BYTES = 3 * BLOCK_BYTES  # of each picture; with its note it takes one block more
WEIGHT = BYTES + BLOCK_BYTES


def picture(number: int) -> bytes:
    return random.Random(number).randbytes(BYTES)


def keep(cache: DiskCache, number: int) -> None:
    data = picture(number)
    cache.keep(f"key {number}", Note(hashlib.sha256(data).hexdigest(), len(data), "image/png", "ä.png"), data)


def kept(cache: DiskCache, number: int) -> bytes | None:
    note = cache.find(f"key {number}")
    return None if note is None else cache.picture(note, f"key {number}")


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def taken(folder: Path) -> int:
    """What pictures and notes take, in whole blocks, as the disk gives them."""
    sizes = [path.stat().st_size for path in files(folder) if path.name != "lock"]
    return sum(-(-size // BLOCK_BYTES) * BLOCK_BYTES for size in sizes)


def test_what_is_kept_is_there_for_the_next_one_and_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "cache"
    before = os.umask(0)
    try:
        keep(DiskCache(folder, 10**6), 1)
    finally:
        os.umask(before)
    later = DiskCache(folder, 10**6)
    assert kept(later, 1) == picture(1)
    assert (later.find("key 1"), later.find("key 2")) == (
        Note(hashlib.sha256(picture(1)).hexdigest(), BYTES, "image/png", "ä.png"),
        None,
    )
    assert [path.name for path in (folder / "pictures").iterdir()] == [hashlib.sha256(picture(1)).hexdigest()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files(folder)} == {0o600}
    assert {
        stat.S_IMODE(path.stat().st_mode) for path in (folder.parent, folder, *folder.iterdir()) if path.is_dir()
    } == {0o700}
    assert b"key 1" not in b"".join(path.read_bytes() for path in files(folder))  # which may be a signed address


@pytest.mark.parametrize("damage", ["shorter", "longer", "another", "empty", "link", "pipe", "folder"])
@pytest.mark.parametrize("what", ["pictures", "found"])
def test_what_is_not_what_was_kept_counts_as_absent_and_is_replaced(tmp_path: Path, what: str, damage: str) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(picture(1))
    cache = DiskCache(tmp_path / "cache", 10**6)
    keep(cache, 1)
    (path,) = (tmp_path / "cache" / what).iterdir()
    data = path.read_bytes()
    path.unlink()
    if damage == "link":
        path.symlink_to(secret)
    elif damage == "pipe":
        os.mkfifo(path)
    elif damage == "folder":
        path.mkdir()
    else:
        path.write_bytes({"shorter": data[:-1], "longer": data + b" x", "another": data[::-1], "empty": b""}[damage])
    assert kept(cache, 1) is None
    keep(cache, 1)
    assert (kept(cache, 1) == picture(1)) == (damage != "folder")
    assert (cache.problem is None) == (damage != "folder")  # a folder is nobody's to remove
    assert secret.read_bytes() == picture(1)


def test_no_note_is_believed_of_which_a_byte_has_changed(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "cache", 10**6)
    keep(cache, 1)
    (path,) = (tmp_path / "cache" / "found").iterdir()
    data = path.read_bytes()
    for place in range(len(data)):  # the size, say, by which a picture would be too large for ever
        path.write_bytes(data[:place] + bytes([data[place] ^ 8]) + data[place + 1 :])
        assert cache.find("key 1") is None
    path.write_bytes(data)
    assert cache.find("key 1") is not None
    path.rename(path.with_name(hashlib.sha256(b"key 2").hexdigest()))
    assert cache.find("key 2") is None


@pytest.mark.parametrize("raw", [b"[]", b"{}", b"[" * 60_000, b'{"sha256": "../../x", "size": 3}', b"\xff", b"null"])
def test_a_note_that_is_none_is_no_picture(tmp_path: Path, raw: bytes) -> None:
    cache = DiskCache(tmp_path / "cache", 10**6)
    keep(cache, 1)
    (path,) = (tmp_path / "cache" / "found").iterdir()
    path.write_bytes(_sealed(raw, "key 1"))
    assert cache.find("key 1") is None
    assert not path.exists()


def test_the_least_recently_used_go_first_and_the_bound_holds(tmp_path: Path) -> None:
    folder, cache = tmp_path / "cache", DiskCache(tmp_path / "cache", 10 * WEIGHT)
    for number in range(10):
        keep(cache, number)
    assert [kept(cache, number) is not None for number in range(10)] == [True] * 10
    for age, path in enumerate(sorted(files(folder), key=lambda path: path.stat().st_mtime_ns)):
        os.utime(path, ns=(age, age))
    kept(cache, 0)  # used just now
    for number in range(10, 13):
        keep(cache, number)
        assert taken(folder) <= 10 * WEIGHT
    assert [kept(cache, number) is not None for number in (0, 1, 2, 9, 10, 11, 12)] == [True, False, False, *[True] * 4]
    assert len(list((folder / "found").iterdir())) == len(list((folder / "pictures").iterdir()))


@pytest.mark.parametrize("most", [1, BYTES, WEIGHT - 1])
def test_a_bound_smaller_than_one_picture_keeps_none(tmp_path: Path, most: int) -> None:
    cache = DiskCache(tmp_path / "cache", most)
    keep(cache, 1)
    assert (kept(cache, 1), cache.problem, files(tmp_path)) == (None, None, [])


def test_the_bound_holds_for_all_that_use_the_folder_at_once(tmp_path: Path) -> None:
    folder, most = tmp_path / "cache", 6 * WEIGHT
    caches = [DiskCache(folder, most) for _ in range(3)]
    over: list[int] = []

    def work(cache: DiskCache, first: int) -> None:
        for number in range(first, first + 20):
            keep(cache, number)
            pictures = [path for path in folder.rglob("*") if len(path.name) == 64]
            over.append(len(pictures) * WEIGHT // 2 - most)  # each is a note or a picture

    threads = [threading.Thread(target=work, args=(cache, 100 * place)) for place, cache in enumerate(caches)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {cache.problem for cache in caches} == {None}
    assert taken(folder) <= most
    assert len(over) == 60
    assert sum(
        kept(caches[0], number) is not None for place in range(3) for number in range(100 * place, 100 * place + 20)
    )


def test_a_lock_that_is_never_given_up_holds_nobody_up_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from chatframes.transfer import disk_cache

    monkeypatch.setattr(disk_cache, "LOCK_SECONDS", 0.0)
    cache = DiskCache(tmp_path / "cache", 10**6)
    keep(cache, 1)
    handle = private_files.open_to_lock(tmp_path / "cache" / "lock")
    private_files.lock(handle, 0.0)
    keep(cache, 2)
    os.close(handle)
    keep(cache, 3)
    assert (kept(cache, 1), kept(cache, 2), kept(cache, 3)) == (picture(1), None, None)
    assert cache.problem is not None
    assert "another process holds its lock and does not go on; end that process, or take" in cache.problem
    later = DiskCache(tmp_path / "cache", 10**6)
    keep(later, 2)
    assert kept(later, 2) == picture(2)


def _others_can_open(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)


def _a_link(folder: Path) -> None:
    folder.with_name("elsewhere").mkdir(mode=0o700)
    folder.symlink_to(folder.with_name("elsewhere"))


def _a_file(folder: Path) -> None:
    folder.write_bytes(b"mine")


def _a_link_inside(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    folder.with_name("elsewhere").mkdir(mode=0o700)
    (folder / "pictures").symlink_to(folder.with_name("elsewhere"))


def _of_others(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    (folder / "thesis.txt").write_bytes(b"mine")


def _below_a_file(folder: Path) -> None:
    folder.parent.rmdir()
    folder.parent.write_bytes(b"mine")


@pytest.mark.parametrize(
    ("prepare", "says"),
    [
        (_others_can_open, "others can open cache; take that away (chmod 700), or take cache_dir out of config.json."),
        (_a_link, "cache is a link or a file; give the path of a folder, or"),
        (_a_file, "cache is a link or a file"),
        (_a_link_inside, "pictures is a link or a file"),
        (_of_others, "it holds other things ('thesis.txt'); give a folder of its own, or"),
        (_below_a_file, "it cannot be made (Not a directory); give a folder that can be written, or"),
    ],
)
def test_a_folder_that_is_not_safe_is_not_used_and_one_sentence_says_why(tmp_path: Path, prepare, says: str) -> None:
    folder = tmp_path / "place" / "cache"
    folder.parent.mkdir()
    prepare(folder)
    before = files(tmp_path)
    cache = DiskCache(folder, 10**6)
    keep(cache, 1)
    assert kept(cache, 1) is None
    assert cache.problem is not None
    assert says in cache.problem
    assert files(tmp_path) == before


def test_a_full_disk_ends_the_keeping_and_not_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = DiskCache(tmp_path / "cache", 10**6)
    keep(cache, 1)

    def full(self: object, *arguments: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    keep(cache, 2)
    keep(cache, 3)
    assert (kept(cache, 1), kept(cache, 2)) == (picture(1), None)
    assert cache.problem is not None
    assert ": No space left on device; make room there, or take cache_dir out of config.json." in cache.problem
    assert not [path for path in files(tmp_path) if path.name.endswith(".tmp")]


def test_what_a_killed_process_left_is_removed_later_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    keep(DiskCache(folder, 10**6), 1)
    name = hashlib.sha256(b"").hexdigest()
    old, young = (folder / "pictures" / f".{name}.{end}.tmp" for end in ("aaaa", "bbbb"))
    theirs = folder / "pictures" / "notes.txt"
    for path in (old, young, theirs):
        path.write_bytes(b"part")
        os.utime(path, (0, 0))
    os.utime(young)
    keep(DiskCache(folder, 10**6), 2)
    assert (old.exists(), young.exists(), theirs.exists()) == (False, True, True)


# --- killed at every step -------------------------------------------------------------------------------------------

CHILD = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from transfer.test_disk_cache import WEIGHT, DiskCache, keep
left = int(sys.argv[2])

def dying(name):
    function = getattr(os, name)
    def call(*arguments, **options):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    setattr(os, name, call)

for name in ("open", "replace", "unlink", "write", "lseek", "mkdir", "utime", "read"):
    dying(name)
cache = DiskCache(Path(sys.argv[1]), 4 * WEIGHT)
for number in range(6):
    keep(cache, number)
print(left)
"""


def killed_at(step: int, folder: Path) -> bool:
    """Keep six pictures where four have room, in a process that is killed at a step; whether it got that far."""
    code = CHILD.format(tests=str(Path(__file__).parents[1]))
    done = subprocess.run([sys.executable, "-c", code, str(folder), str(step)], capture_output=True, text=True)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


def assert_sound(folder: Path) -> None:
    cache = DiskCache(folder, 4 * WEIGHT)
    found = [kept(cache, number) for number in range(6)]
    assert all(data in (None, picture(number)) for number, data in enumerate(found))
    whole = [path for path in files(folder) if len(path.name) == 64]
    assert sum(-(-path.stat().st_size // BLOCK_BYTES) * BLOCK_BYTES for path in whole) <= 4 * WEIGHT
    keep(cache, 7)
    assert kept(cache, 7) == picture(7)
    assert cache.problem is None


def test_a_process_killed_while_it_keeps_a_picture_leaves_nothing_broken(tmp_path: Path) -> None:
    assert killed_at(14, tmp_path / "cache")
    assert_sound(tmp_path / "cache")


@pytest.mark.long
def test_two_processes_at_once_keep_to_the_bound_together(tmp_path: Path) -> None:
    folder, most = tmp_path / "cache", 4 * WEIGHT
    code = CHILD.format(tests=str(Path(__file__).parents[1])).replace("range(6)", "[*range(6)] * 40")
    steps = [str(10**9), str(10**9), "900"]  # of the third, which is killed in the midst of it
    running = [subprocess.Popen([sys.executable, "-c", code, str(folder), each]) for each in steps]
    most_seen = 0
    while any(process.poll() is None for process in running):
        whole = [path for path in folder.rglob("*") if len(path.name) == 64]
        most_seen = max(most_seen, sum(WEIGHT - BLOCK_BYTES if "pictures" in path.parts else 4096 for path in whole))
    assert [process.returncode for process in running] == [0, 0, -signal.SIGKILL]
    assert WEIGHT < most_seen <= most
    assert_sound(folder)


@pytest.mark.long
def test_a_process_killed_at_any_step_leaves_nothing_broken(tmp_path: Path) -> None:
    step = 1
    while killed_at(step, tmp_path / f"cache {step}"):
        assert_sound(tmp_path / f"cache {step}")
        step += 1
    assert step > 60
