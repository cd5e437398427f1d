"""Planted faults are found, and nothing else."""

from __future__ import annotations

import shutil

import cv2
import numpy as np
import pytest
import torch

from mmpretrain.audit import audit
from mmpretrain.audit.samples import Samples
from mmpretrain.datasets.labelled import Labelled, Parts
from tests.audit.cases import drawing, read, write_parts


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    root = write_parts(tmp_path_factory.mktemp("faults"))
    train, val = root / "train", root / "val"
    shutil.copy(val / "disc" / "003.png", train / "disc" / "leak-equal.png")
    picture = drawing("cross", 1004)
    cv2.imwrite(str(train / "cross" / "leak-small.jpg"), cv2.resize(picture, (48, 48)))
    shutil.copy(train / "disc" / "005.png", train / "cross" / "zz-copy.png")
    (train / "disc" / "bad.png").write_bytes(b"no image")
    (val / "cross" / "empty.png").write_bytes(b"")
    cv2.imwrite(str(train / "disc" / "dark.png"), drawing("disc", 7) // 40)
    cv2.imwrite(str(train / "disc" / "bright.png"), 255 - drawing("disc", 8) // 40)
    cv2.imwrite(str(train / "disc" / "flat.png"), np.full((64, 64, 3), 90, np.uint8))
    cv2.imwrite(str(train / "disc" / "blurred.png"), cv2.GaussianBlur(drawing("disc", 9), (0, 0), 9))
    cv2.imwrite(str(train / "disc" / "tiny.png"), drawing("disc", 10)[20:34, 20:34])
    cv2.imwrite(str(train / "disc" / "long.png"), np.tile(drawing("disc", 11), (1, 5, 1)))
    cv2.imwrite(str(train / "disc" / "grey.png"), drawing("disc", 12)[..., 0])
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(drawing("disc", 13)).save(train / "disc" / "turned.jpg", exif=exif)
    return audit(read(root)), root


def names(found, kind):
    audit, _ = found
    return {"/".join(audit.samples.names[one.index].split("/")[-3:]) for one in audit.of_kind(kind)}


def test_leaks(found):
    assert names(found, "leak") == {"train/disc/leak-equal.png", "train/cross/leak-small.jpg"}
    equal, alike = found[0].of_kind("leak")
    assert equal.detail == "equal files"
    assert alike.detail.startswith("alike by ")
    assert found[0].samples.names[alike.other].endswith("val/cross/004.png")


def test_duplicates_say_that_labels_differ(found):
    (one,) = found[0].of_kind("duplicate")
    pair = {found[0].samples.names[index].split("/")[-1] for index in (one.index, one.other)}
    assert pair == {"005.png", "zz-copy.png"}
    assert one.detail == "equal files, with another label"


def test_unreadable(found):
    assert names(found, "unreadable") == {"train/disc/bad.png", "val/cross/empty.png"}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("dark", "dark.png"),
        ("bright", "bright.png"),
        ("flat", "flat.png"),
        ("blurred", "blurred.png"),
        ("tiny", "tiny.png"),
        ("shape", "long.png"),
        ("rotated", "turned.jpg"),
        ("grey", "grey.png"),
    ],
)
def test_odd_images(found, kind, name):
    others = {"bright.png", "dark.png", "flat.png"} if kind == "grey" else set()  # without colour, too
    assert {path.rpartition("/")[2] for path in names(found, kind)} - others == {name}


def test_a_clean_set(tmp_path):
    found = audit(read(write_parts(tmp_path, 20, 5)))
    assert set(found.counts) <= {"label", "outlier"}
    assert found.counts["label"] <= 2


def test_wrong_labels_with_features():
    """Labels that features contradict come first."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(200) % 4
    features = 4 * torch.eye(4)[labels] + torch.randn(200, 4, generator=generator)
    wrong = [3, 50, 77]
    for index in wrong:
        labels[index] = (labels[index] + 1) % 4
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (200, 8, 8), dtype=np.uint8)

    class Held:
        def __len__(self):
            return 200

        def get_data_info(self, index):
            return {"img": images[index]}

    part = Labelled(tuple(f"sample {i}" for i in range(200)), tuple((int(x),) for x in labels), tuple("abcd"))
    samples = Samples.of(Parts(part))
    samples = Samples(samples.names, samples.parts, samples.part, samples.labels, samples.classes, (Held(),))
    found = audit(samples, features=features, basis="planted features")
    suspects = found.of_kind("label")
    assert {one.index for one in suspects[:3]} == set(wrong)
    assert all(one.suggested == (samples.labels[one.index][0] - 1) % 4 for one in suspects[:3])
    assert found.basis == "planted features"
    probs = torch.full((200, 4), 0.1).scatter(1, labels[:, None], 0.7)
    probs[10] = torch.tensor([0.02, 0.02, 0.02, 0.94])
    given = audit(samples, features=features, probs=probs)
    assert [one.index for one in given.of_kind("label")] == [10]


def test_notes_about_the_set():
    part = Labelled(tuple(map(str, range(60))), ((0,),) * 57 + ((1,),) * 3, ("ant", "bee", "cat"))
    from mmpretrain.audit.run import balance

    notes = list(balance(Samples.of(Parts(part))))
    assert notes == [
        "train: no image of cat.",
        "train: fewer than 10 images of bee (3).",
        "train: ant has 57 images, the smallest class 3.",
    ]
