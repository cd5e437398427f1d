"""Finding images like a given one."""

from __future__ import annotations

import logging
import shutil

import cv2
import pytest
import torch

from mmpretrain import ImageRetrievalInferencer, init_model
from mmpretrain.checkpoints.serialization import read_tensor
from mmpretrain.errors import ConfigError, DataError, MissingFileError
from mmpretrain.registry import DATASETS

from .nets import BACKBONE, STEPS, make, wrapped, write_images


@pytest.fixture
def model():
    torch.manual_seed(0)
    neck = {"type": "GlobalAveragePooling"}
    encoder = {"type": "ImageClassifier", "backbone": BACKBONE, "neck": neck}
    retriever = {"type": "ImageToImageRetriever", "image_encoder": encoder, "prototype": "unused.pth"}
    model = init_model(wrapped(retriever), device="cpu")
    model._weights_missing = False
    return model


def test_each_image_finds_itself(model, tmp_path):
    paths = write_images(tmp_path / "shop", 9)
    dataset = {"type": "CustomDataset", "data_root": str(tmp_path / "shop"), "with_label": False}
    collections = {
        "folder": str(tmp_path / "shop"),
        "list": paths,
        "config": dataset,
        "loader config": {"batch_size": 2, "dataset": dataset},
        "data set": DATASETS.build({**dataset, "pipeline": STEPS}),
    }
    for name, prototype in collections.items():
        find = ImageRetrievalInferencer(model, prototype, prepare_batch_size=4)
        results = find(paths, batch_size=3, topk=2)
        assert [matches[0]["sample_idx"] for matches in results] == list(range(9)), name
        assert [matches[0]["sample"]["img_path"] for matches in results] == paths
        for matches in results:
            assert matches[0]["match_score"].item() == pytest.approx(1, abs=1e-5)
            assert matches[1]["match_score"] <= matches[0]["match_score"]
    assert len(find(paths[0], topk=100)[0]) == 9


def test_features_are_kept(model, tmp_path, caplog, monkeypatch):
    paths, cache = write_images(tmp_path / "shop", 5), tmp_path / "shop.pth"
    before = ImageRetrievalInferencer(model, paths, cache)(paths[1])
    assert read_tensor(cache).shape == (5, 32)
    calls = []
    monkeypatch.setattr(model, "extract_feat", lambda x, f=model.extract_feat: calls.append(1) or f(x))
    again = ImageRetrievalInferencer(model, paths, cache)
    assert not calls
    assert again(paths[1]) == before
    # Other images, and other weights, make others.
    with caplog.at_level(logging.WARNING):
        ImageRetrievalInferencer(model, paths[:4], cache)
        assert read_tensor(cache).shape == (4, 32)
        with torch.no_grad():
            model.image_encoder.backbone.conv1.weight.mul_(2)
        ImageRetrievalInferencer(model, paths[:4], cache)
    assert caplog.text.count("made again") == 2
    # A cache of 1.x is a tensor, and says nothing about images.
    (tmp_path / "shop.pth.json").unlink()
    calls.clear()
    ImageRetrievalInferencer(model, paths[:4], cache)
    assert not calls
    again.save_prototype(tmp_path / "saved.pth")
    assert read_tensor(tmp_path / "saved.pth").shape == (4, 32)


def test_pictures(model, tmp_path):
    paths = write_images(tmp_path / "shop", 4)
    find = ImageRetrievalInferencer(model, paths)
    find(paths[:2], show_dir=tmp_path / "out", resize=64, draw_topk=2)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0.png", "1.png"]
    height, width = cv2.imread(str(tmp_path / "out" / "0.png")).shape[:2]
    assert height == 64
    assert width > 3 * 60


def test_mistakes(model, tmp_path):
    paths = write_images(tmp_path / "shop", 2)
    with pytest.raises(ConfigError, match="ImageClassifier is no retriever"):
        ImageRetrievalInferencer(make(), paths)
    with pytest.raises(MissingFileError, match="no folder"):
        ImageRetrievalInferencer(model, str(tmp_path / "none"))
    for wrong in ([], 3, [None]):
        with pytest.raises(ConfigError, match="prototype is a folder"):
            ImageRetrievalInferencer(model, wrong)
    with pytest.raises(ConfigError, match="topk must be at least 1"):
        ImageRetrievalInferencer(model, paths)(paths[0], topk=0)
    shutil.copy(__file__, tmp_path / "shop" / "9.png")
    with pytest.raises(DataError, match=r"9\.png"):
        ImageRetrievalInferencer(model, tmp_path / "shop")
