"""Names of strangers become short, and are shown as they are."""

from __future__ import annotations

import numpy as np

from mmpretrain.evaluation import Record
from mmpretrain.reports.names import CLASS, PATH, class_name, path_name, with_shown_names


def test_class_names():
    assert class_name("cat") == "cat"
    assert class_name("猫 与 狗") == "猫 与 狗"
    assert class_name("a\nb\u202ec") == r"a\nb\u202ec"
    assert class_name("") == class_name("  ") == "–"
    long = class_name("x" * 10_000)
    assert len(long) == CLASS
    assert long.endswith("x…")


def test_the_end_of_a_path_is_shown():
    assert path_name("a/b.png") == "a/b.png"
    long = path_name("d/" * 5_000 + "b.png")
    assert len(long) == PATH
    assert long.startswith("…")
    assert long.endswith("/d/b.png")


def test_paths_stay_to_be_opened():
    paths = ("x" * 1000, "y\u202e")
    shown = with_shown_names(Record(np.eye(2, dtype=np.float32), np.arange(2), paths, ("z" * 999, "b")))
    assert shown.paths == paths
    assert len(shown.classes[0]) == CLASS
