"""An ``audit.yaml`` is data of a stranger, and may belong to other data."""

from __future__ import annotations

import logging

import pytest

from mmpretrain.datasets.leave_out import read_audit, samples_to_keep
from mmpretrain.errors import DataError, MissingFileError
from mmpretrain.registry import DATASETS


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return str(path)


def listing(*names, root="."):
    return f"version: 1\nroot: {root}\nleave_out:\n" + "".join(f"- name: {name}\n" for name in names)


def test_by_path_by_ending_and_by_number(tmp_path):
    audit = write(tmp_path / "audit.yaml", listing("a/1.png", "train/b/2.png", "sample 3"))
    paths = [str(tmp_path / "a" / "1.png"), "/moved/train/b/2.png", "/moved/val/b/2.png", None, None]
    assert samples_to_keep(paths, audit) == [2, 4]


def test_a_stale_one_says_so(tmp_path, caplog):
    audit = write(tmp_path / "audit.yaml", listing("a/1.png", "gone/1.png", "gone/2.png"))
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").touch()  # it is there, but in another part
    with caplog.at_level(logging.WARNING):
        assert samples_to_keep(["x/9.png"], audit) == [0]
    assert "2 of the 3 samples that it leaves out are not there: 'gone/1.png', 'gone/2.png'" in caplog.text


def test_names_that_fit_several(tmp_path):
    audit = write(tmp_path / "audit.yaml", listing("b/2.png"))
    with pytest.raises(DataError, match="fits 2 samples"):
        samples_to_keep(["/x/b/2.png", "/y/b/2.png"], audit)
    with pytest.raises(DataError, match="leaves out every sample"):
        samples_to_keep(["/x/b/2.png"], audit)


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "version: 2", "version: 1\nleave_out: all", "version: 1\nleave_out: [3]", "\x00",
        "version: 1\nleave_out: [{name: [a]}]", "version: 1\nroot: [a]\nleave_out: []", "{",
        "!!python/object/apply:os.system ['true']", "a: &a [*a]\nversion: 1",
        'version: 1\nleave_out: ["a\\0b"]',
    ],
)  # fmt: skip
def test_other_files(tmp_path, text):
    with pytest.raises(DataError):
        read_audit(write(tmp_path / "audit.yaml", text))


def test_no_file(tmp_path):
    with pytest.raises(MissingFileError, match="no audit"):
        samples_to_keep([], str(tmp_path / "none.yaml"))


def test_indices_count_all_samples(tmp_path):
    """A split keeps its numbers when samples are left out."""
    audit = write(tmp_path / "audit.yaml", listing("sample 1", "sample 4"))
    digits = {"type": "Digits", "split": "val", "audit": audit}
    whole = DATASETS.build({"type": "Digits", "split": "val"})
    assert len(DATASETS.build(digits)) == len(whole) - 2
    some = DATASETS.build({**digits, "indices": [0, 1, 2, -1]})
    labels = [some.get_data_info(index)["gt_label"] for index in range(len(some))]
    assert labels == [whole.get_data_info(index)["gt_label"] for index in (0, 2, len(whole) - 1)]
    assert len(DATASETS.build({**digits, "indices": 5})) == 3
