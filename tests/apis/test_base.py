"""What every inferencer does."""

from __future__ import annotations

import gc
import logging
import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mmpretrain import ImageClassificationInferencer
from mmpretrain.errors import ConfigError, DataError, MissingFileError

from ..server import serve
from .nets import make, write_images


@pytest.fixture(scope="module")
def inferencer():
    return ImageClassificationInferencer(make())


def scores(results):
    return np.stack([result["pred_scores"] for result in results])


def test_all_kinds_of_inputs_give_the_same(inferencer, tmp_path):
    paths = write_images(tmp_path / "images")
    expected = scores([inferencer(path)[0] for path in paths])
    arrays = [cv2.imread(path) for path in paths]
    given = {
        "list": paths,
        "folder": tmp_path / "images",
        "iterator": lambda: iter(paths),
        "arrays": arrays,
        "bytes": [Path(path).read_bytes() for path in paths],
        "tensors": [torch.from_numpy(array[..., ::-1].transpose(2, 0, 1).copy()) for array in arrays],
        "mixed": lambda: (path if index % 2 else arrays[index] for index, path in enumerate(paths)),
    }
    for name, inputs in given.items():
        for batch_size in (1, 3):
            found = scores(inferencer(inputs() if callable(inputs) else inputs, batch_size=batch_size))
            np.testing.assert_allclose(found, expected, atol=1e-6, err_msg=name)
    batch = np.stack([cv2.resize(array, (48, 44)) for array in arrays])
    np.testing.assert_allclose(
        scores(inferencer(batch, batch_size=7)), scores([inferencer(array)[0] for array in batch]), atol=1e-6
    )


def test_an_address(inferencer, tmp_path):
    pytest.importorskip("aiohttp")
    (path,) = write_images(tmp_path, 1)
    with serve() as site:
        site.files["/a.png"] = Path(path).read_bytes()
        found = inferencer(f"{site.url}/a.png")
    np.testing.assert_allclose(scores(found), scores(inferencer(path)))


def test_one_bad_file_loses_no_other_result(inferencer, tmp_path, caplog):
    paths = write_images(tmp_path)
    expected = scores(inferencer(paths))
    (tmp_path / "bad.png").write_bytes(b"<html>")
    given = [*paths[:3], str(tmp_path / "bad.png"), str(tmp_path / "none.png"), None, *paths[3:]]
    with caplog.at_level(logging.WARNING):
        results = inferencer(given, batch_size=4)
    assert [sorted(result) == ["error"] for result in results] == [False] * 3 + [True] * 3 + [False] * 4
    np.testing.assert_allclose(scores(results[:3] + results[6:]), expected, atol=1e-6)
    assert isinstance(results[3]["error"], DataError)
    assert isinstance(results[4]["error"], MissingFileError)
    assert "3 of 10 inputs cannot be used" in caplog.text
    with pytest.raises(DataError, match="bad"):
        inferencer(given, batch_size=4, on_error="raise")
    with pytest.raises(DataError):
        inferencer(given[3])
    with pytest.raises(DataError):
        inferencer([given[3], given[3]])


def test_what_the_model_cannot_take_loses_no_other_result(inferencer, tmp_path, monkeypatch):
    paths = write_images(tmp_path, 4)

    def step(batch):
        if any(sample.sample_idx == 2 for sample in batch["data_samples"]):
            raise DataError("too small")
        return type(inferencer.model).test_step(inferencer.model, batch)

    monkeypatch.setattr(inferencer.model, "test_step", step)
    results = inferencer(paths, batch_size=4)
    assert ["error" in result for result in results] == [False, False, True, False]


def test_a_stream_keeps_no_images(inferencer):
    """However many inputs there are, memory stays as it is."""
    image = np.random.default_rng(0).integers(0, 255, (60, 60, 3), np.uint8)
    stream = inferencer.stream((image.copy() for _ in range(400)), batch_size=8)
    sizes = []
    tracemalloc.start()
    try:
        for answer in stream:
            assert answer.error is None
            if answer.number % 100 == 99:
                gc.collect()
                sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert len(sizes) == 4
    assert sizes[-1] - sizes[0] < 20 * image.nbytes


def test_pictures_have_names_of_their_own(inferencer, tmp_path):
    first, second = (write_images(tmp_path / name, 2) for name in ("a", "b"))
    (tmp_path / "bad.png").write_bytes(b"")
    inferencer([*first, tmp_path / "bad.png", *second], batch_size=2, show_dir=tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "0-2.png",
        "0.png",
        "1-2.png",
        "1.png",
    ]


def test_data_samples(inferencer, tmp_path):
    samples = inferencer(write_images(tmp_path, 3), return_datasamples=True, batch_size=2)
    assert [sample.img_path[-5:] for sample in samples] == ["0.png", "1.png", "2.png"]


def test_mistakes(inferencer, tmp_path):
    with pytest.raises(ConfigError, match="takes no top_k"):
        inferencer(write_images(tmp_path, 1), top_k=3)
    with pytest.raises(ConfigError, match="batch_size must be at least 1"):
        inferencer(write_images(tmp_path, 1), batch_size=0)
    with pytest.raises(ConfigError, match="built already cannot be changed: backbone"):
        ImageClassificationInferencer(make(), backbone={"depth": 34})
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no images"):
        inferencer(tmp_path / "empty")


def test_missing_weights_are_said(caplog):
    model = make()
    model._weights_missing = True
    with caplog.at_level(logging.WARNING):
        ImageClassificationInferencer(model)
    assert "has random weights" in caplog.text


def test_models_of_a_task():
    names = ImageClassificationInferencer.list_models("resnet18")
    assert "resnet18_8xb32_in1k" in names
    assert not any("arcface" in name for name in ImageClassificationInferencer.list_models())


def test_the_pipeline_of_1x(inferencer):
    image = np.zeros((40, 50, 3), np.uint8)
    assert inferencer.pipeline({"img": image})["inputs"].shape == (3, 32, 32)
