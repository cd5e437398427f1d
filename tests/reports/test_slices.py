"""Groups that are worse, found and not found."""

from __future__ import annotations

import numpy as np

from mmpretrain.reports.images import ImageFacts, measure
from mmpretrain.reports.slices import find_slices, find_value_slices


def test_small_images_are_found_worse(record):
    facts = measure(record.paths, "Images")
    slices = [s for s in find_slices(record.right, record.paths, facts) if s.worse]
    assert slices[0].kind in {"size", "aspect"}, "small images also have another shape"
    assert slices[0].size == 15
    assert slices[0].own == 0
    assert slices[0].elsewhere == 100
    assert {s.kind for s in slices} <= {"size", "aspect", "sharpness"}, "enlarged images are blurred"


def test_chance_is_not_significant():
    random = np.random.RandomState(0)
    alarms = 0
    for _ in range(20):
        sides, values = random.randint(20, 90, (200, 2)).tolist(), random.rand(200, 2).tolist()
        facts = [ImageFacts(w, h, light, edges, "PNG") for (w, h), (light, edges) in zip(sides, values)]
        paths = [f"{random.randint(5)}/x.png" for _ in range(200)]
        alarms += any(s.worse for s in find_slices(random.rand(200) < 0.8, paths, facts))
    assert alarms <= 3


def test_images_that_cannot_be_read(tmp_path):
    (tmp_path / "x.png").write_bytes(b"no image")
    paths = [str(tmp_path / "x.png"), str(tmp_path / "gone.png")] * 10
    assert measure(paths, "Images") == [None] * 20
    assert find_slices(np.arange(20) % 2 == 0, paths, [None] * 20) == []


def test_a_folder_can_be_a_group():
    paths = [f"{'good' if i % 2 else 'bad'}/{i}.png" for i in range(60)]
    (worse,) = (s for s in find_slices(np.arange(60) % 2 == 1, paths, []) if s.worse)
    assert (worse.kind, worse.value, worse.own) == ("folder", "bad", 0)


def test_a_folder_that_is_a_class_is_no_group():
    right, classes = np.arange(60) % 2 == 1, np.arange(60) % 2
    paths = [f"{'good' if i % 2 else 'bad'}/{i}.png" for i in range(60)]
    assert find_slices(right, paths, [], classes) == []
    assert [s.value for s in find_slices(right, paths, [], np.arange(60) % 3)] == ["bad", "good"]


def test_groups_with_larger_errors():
    random = np.random.RandomState(0)
    sides = np.where(np.arange(80) % 4 == 0, 10, random.randint(50, 90, 80))
    facts = [ImageFacts(int(side), int(side), 100.0, 5.0, "PNG") for side in sides]
    errors = random.rand(80) + 3 * (sides == 10)
    errors[5] = np.nan
    (worse,) = (s for s in find_value_slices(errors, [], facts) if s.worse)
    assert (worse.kind, worse.rank, worse.size) == ("size", "lowest", 20)
    assert 3 < worse.own < 4
    assert not any(s.worse for s in find_value_slices(random.rand(80), [], facts))
