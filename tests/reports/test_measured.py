"""What is measured of the images of a test."""

from __future__ import annotations

import numpy as np

from mmpretrain.reports import no_images
from mmpretrain.reports.measured import measure_some
from mmpretrain.reports.parts import paths_of


def test_rows(record):
    measured = measure_some(len(record), paths_of(record.paths))
    assert measured.unreadable == 0
    assert measured.paths(record.paths) == list(record.paths)
    texts = [text for _, text in measured.rows()]
    assert texts[0] == "12 × 8 – 44 × 40 – 44 × 40"
    assert texts[2] == "PNG 60"


def test_without_images():
    measured = measure_some(9, no_images)
    assert measured.facts == measured.rows() == []
    gone = measure_some(9, lambda index: "/not/there.png")
    assert gone.unreadable == 9
    assert gone.rows() == []


def test_some_of_many(monkeypatch):
    monkeypatch.setattr("mmpretrain.reports.measured.MEASURED", 5)
    measured = measure_some(30, lambda index: np.full((4, 4), index, np.uint8))
    assert len(measured.facts) == 5
    assert measured.chosen.tolist() == sorted(set(measured.chosen.tolist()))
