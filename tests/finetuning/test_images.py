"""How images are read and normalised that are no pictures of 8 bits."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mmpretrain.datasets.fingerprints import fingerprints_of
from mmpretrain.datasets.labelled import read_labelled
from mmpretrain.datasets.transforms.functional.as_is import Numbers
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.finetuning.data import Prepared, prepare_data
from mmpretrain.finetuning.images import Reading, common_kind, for_images, measure
from mmpretrain.finetuning.start import Start, find_start
from mmpretrain.registry import MODELS, TRANSFORMS
from tests.finetuning.measured_cases import KINDS, write_kind
from tests.finetuning.small import write_config, write_folder


def through(items: Iterable, description: str, total: int) -> Iterable:
    return items


def prepared(root: Path) -> Prepared:
    return prepare_data(read_labelled(str(root)), through, str(root.parent / "left_out.txt"))


def reading_of(root: Path) -> Reading:
    found = prepared(root).reading
    assert found is not None
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_images_reach_the_model_normalised(tmp_path: Path, kind: str) -> None:
    channels, dtype, _, _ = KINDS[kind]
    data = prepared(write_kind(tmp_path / "data", kind))
    assert len(data.parts["train"]) == 24
    assert not data.bad
    assert data.reading is not None
    assert (data.reading.kind.channels, data.reading.kind.dtype) == (channels, dtype)
    start = for_images(find_start(write_config(tmp_path)), data.reading)
    load = TRANSFORMS.build({"type": "LoadImageFromFile", **data.reading.load})
    images = [load({"img_path": name})["img"] for name in data.parts["train"].names]
    batch = torch.from_numpy(np.stack(images).reshape(24, 32, 32, channels)).permute(0, 3, 1, 2)
    model = MODELS.build({**start.model, "data_preprocessor": start.preprocessor})
    inputs = model.data_preprocessor({"inputs": list(batch)}, False)["inputs"]
    assert inputs.shape == (24, channels, 32, 32)
    if data.reading.mean is not None:
        np.testing.assert_allclose(inputs.mean((0, 2, 3)), 0, atol=0.02)
        np.testing.assert_allclose(inputs.std((0, 2, 3)), 1, atol=0.02)
    assert model(inputs).shape == (24, 7)


def test_colours_of_arrays_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    reading = prepared(write_kind(tmp_path / "data", "arrays of colour")).reading
    assert reading is not None
    assert reading.mean is None
    assert for_images(find_start(write_config(tmp_path)), reading).preprocessor["to_rgb"] is False
    other = prepared(write_kind(tmp_path / "more", "colour of 16 bits")).reading
    assert for_images(find_start(write_config(tmp_path)), other).preprocessor["to_rgb"] is True


def test_ranges(tmp_path: Path) -> None:
    assert reading_of(write_kind(tmp_path / "a", "grey TIFF of floats")).load["value_range"] == [0, 1]
    low, high = reading_of(write_kind(tmp_path / "b", "12 of 16 bits")).load["value_range"]
    assert 0 <= low < 200
    assert 3000 < high < 4095
    low, high = reading_of(write_kind(tmp_path / "c", "two bands with a sign")).load["value_range"]
    assert -2000 <= low < -1500
    assert 1000 < high <= 2000


def test_numbers_that_are_none(tmp_path: Path) -> None:
    root = tmp_path / "data"
    for name in ("a", "b"):
        (root / name).mkdir(parents=True)
        for seed in range(5):
            image = np.random.RandomState(seed).rand(8, 8, 2).astype(np.float32) * 50
            image[0, 0], image[1, 1, 0] = np.nan, np.inf
            np.save(root / name / f"{seed}.npy", image)
    reading = reading_of(root)
    assert np.isfinite([*reading.load["value_range"], *(reading.mean or ()), *(reading.std or ())]).all()
    load = TRANSFORMS.build({"type": "LoadImageFromFile", **reading.load})
    image = load({"img_path": str(root / "a" / "0.npy")})["img"]
    assert np.isfinite(image).all()
    assert image[0, 0].tolist() == [0, 0]
    for file in root.rglob("*.npy"):
        np.save(file, np.full((8, 8), np.nan, np.float32))
    with pytest.raises(DataError, match="hold no numbers that could be measured"):
        prepared(root)


def test_sixteen_bits_beside_eight_are_read_with_eight(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "data", {"a": 6, "b": 6})
    cv2.imwrite(str(root / "a" / "deep.png"), np.full((9, 9), 9000, np.uint16))
    data = prepared(root)
    assert data.reading is None
    assert len(data.parts["train"]) == 13


def test_few_of_another_kind_are_left_out_and_many_refused(tmp_path: Path) -> None:
    root = write_kind(tmp_path / "data", "13 bands of 16 bits")
    np.save(root / "a" / "beside.npy", np.zeros((5, 5)))  # an array beside images may be anything
    cv2.imwrite(str(root / "a" / "preview.png"), np.zeros((9, 9, 3), np.uint8))
    data = prepared(root)
    assert len(data.parts["train"]) == 24
    assert [Path(name).name for name in data.bad] == ["preview.png"]
    listed = (tmp_path / "left_out.txt").read_text()
    assert "It has 8 bits of grey or colour, and most images 13 channels of uint16" in listed
    for number in range(9):
        cv2.imwrite(str(root / "a" / f"preview {number}.png"), np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(DataError, match="the images are of several kinds: 10 of 34 differ from most"):
        prepared(root)


def test_the_stem_keeps_what_it_can(tmp_path: Path) -> None:
    start = find_start(write_config(tmp_path))
    one = Reading(Numbers(1, "uint16", "cv2"), {}, (120.0,), (60.0,), False)
    grey = for_images(start, one)
    assert grey.model["backbone"]["in_channels"] == 1
    assert start.model["backbone"].get("in_channels") is None
    assert grey.preprocessor["mean"] == [120.0]


def test_models_that_take_colour_only() -> None:
    reading = Reading(Numbers(13, "uint16", "tifffile"), {}, (1.0,) * 13, (1.0,) * 13, True)
    timm = Start("timm/x", {"type": "TimmClassifier", "model_name": "x"})
    assert for_images(timm, reading).model["in_chans"] == 13
    other = Start("hf://a/b", {"type": "HuggingFaceClassifier", "model_name": "a/b"})
    with pytest.raises(ConfigError, match="takes images of 3 channels, and these have 13"):
        for_images(other, reading)


def test_images_in_an_archive_are_measured(tmp_path: Path) -> None:
    import zipfile

    root = write_kind(tmp_path / "data", "arrays of floats")
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        for file in root.rglob("*.npy"):
            archive.write(file, file.relative_to(root))
    parts = read_labelled(str(tmp_path / "data.zip"))
    kind = common_kind(fingerprints_of(parts.train.build()))
    assert kind is not None
    assert kind == Numbers(4, "float32", "array")
    assert measure(parts.train, kind, through).mean is not None
