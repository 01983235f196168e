"""ImageControls: what a user chooses, how it is read, and how it is remembered."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

import chatframes as cf
from chatframes.settings.images import image_settings


def choices() -> Path:
    return Path.home() / ".chatframes" / "choices.json"


def test_at_first_images_are_off_with_ten_mebibytes() -> None:
    assert cf.ImageControls().settings == cf.ImageSettings(enabled=False, max_size_bytes=10 * 2**20)
    assert not choices().exists(), "nothing is written before something is chosen"


def test_what_was_chosen_last_is_there_the_next_time_and_in_no_config() -> None:
    controls = cf.ImageControls()
    controls.toggle.value = True
    controls.size.value = 3
    assert cf.ImageControls().settings == cf.ImageSettings(enabled=True, max_size_bytes=3 * 2**20)
    assert json.loads(choices().read_text()) == {"images": {"enabled": True, "max_size_bytes": 3 * 2**20}}
    assert stat.S_IMODE(choices().stat().st_mode) == 0o600
    assert list(Path.cwd().iterdir()) == []
    assert cf.ImageControls(enabled=False).settings.enabled is False, "what is asked for wins"


def test_without_remembering_nothing_is_read_or_written() -> None:
    cf.ImageControls().toggle.value = True
    forgetful = cf.ImageControls(remember=False)
    assert forgetful.settings == cf.ImageSettings(enabled=False)
    forgetful.size.value = 77
    assert "77" not in choices().read_text()


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "[]",
        "{",
        '{"images": 3}',
        '{"images": {"enabled": "yes"}}',
        '{"images": {"enabled": true, "max_size_bytes": 5}}',
    ],
)
def test_a_damaged_file_of_choices_is_as_good_as_none(kept: str) -> None:
    choices().parent.mkdir()
    choices().write_text(kept)
    controls = cf.ImageControls()
    assert controls.settings == cf.ImageSettings(enabled=False)
    controls.toggle.value = True
    assert cf.ImageControls().settings.enabled


@pytest.mark.posix
def test_without_a_home_folder_and_with_a_pipe_in_the_place_of_the_file_there_are_controls_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    choices().parent.mkdir()
    os.mkfifo(choices())
    assert not cf.ImageControls().settings.enabled

    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    controls = cf.ImageControls()
    controls.toggle.value = True
    assert controls.settings.enabled
    assert "there is no home folder" in controls.explained.value


@pytest.mark.posix
def test_where_nothing_can_be_kept_the_controls_say_so_and_the_choice_holds() -> None:
    choices().parent.write_text("a file where the folder should be")
    controls = cf.ImageControls()
    controls.toggle.value = True
    assert "cannot be remembered for the next time" in controls.explained.value
    assert controls.settings.enabled


def test_the_settings_are_a_snapshot() -> None:
    controls = cf.ImageControls(enabled=True, remember=False)
    before = controls.settings
    controls.size.value = 1
    assert before.max_size_bytes == 10 * 2**20
    assert image_settings(controls).max_size_bytes == 2**20


def test_the_size_can_only_be_changed_while_images_are_on() -> None:
    controls = cf.ImageControls(remember=False)
    assert controls.size.disabled
    controls.toggle.value = True
    assert not controls.size.disabled


def test_labels_say_what_they_are_and_limits_are_explained() -> None:
    controls = cf.ImageControls(enabled=True, remember=False)
    assert controls.toggle.description == "Download images"
    assert controls.size.description == "Largest image (MiB)"
    assert (controls.size.min, controls.size.max) == (0.01, 2047)
    assert "left out, and the report says so" in controls.explained.value
    words = " ".join([controls.explained.value, repr(controls)])
    assert "concurren" not in words


@pytest.mark.parametrize("size", [5, 2**31 - 1])
def test_a_size_that_the_control_cannot_show_is_refused_with_a_way_out(size: int) -> None:
    with pytest.raises(cf.ConfigError, match=r"0.01 to 2,047 MiB.*ImageSettings"):
        cf.ImageControls(max_size_bytes=size)


def test_a_size_may_be_any_number_of_bytes_and_half_a_mebibyte_is_half() -> None:
    controls = cf.ImageControls(enabled=True, max_size_bytes=2_000_000)
    assert controls.settings.max_size_bytes == 2_000_000
    assert repr(controls) == "ImageControls(images up to 1.907 MiB)"
    controls.size.value = 0.5
    assert controls.settings.max_size_bytes == 2**19
    assert cf.ImageControls().settings.max_size_bytes == 2**19
    for odd in (float("nan"), float("inf"), float("-inf"), 1e300, -3.0):
        controls.size.value = odd
        assert 10_000 < controls.settings.max_size_bytes <= 2047 * 2**20
    controls.size.value = 3
    controls.size.value = float("nan")
    assert controls.settings.max_size_bytes == 3 * 2**20


def test_any_call_takes_them_and_obeys() -> None:
    controls = cf.ImageControls(remember=False)
    with cf.sandbox(messages=30, images=10) as world:

        def contents() -> int:
            world.reset_stats()
            cf.fetch(cf.Webex("Project Apollo"), images=controls, config=world.config, progress=False)
            return sum(world.stats()["content_gets"].values())

        assert contents() == 0
        controls.toggle.value = True
        assert contents() >= 10


def test_they_show_themselves_as_widgets_with_words_for_where_there_are_none() -> None:
    shown = cf.ImageControls(enabled=True, remember=False)._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert shown["text/plain"] == "ImageControls(images up to 10 MiB)"
    assert os.environ["HOME"] not in str(shown)
