"""Features of images."""

from __future__ import annotations

import cv2
import pytest
import torch

from mmpretrain import FeatureExtractor
from mmpretrain.errors import ArgumentError, ConfigError

from .nets import config, make, write_images


def test_every_stage(tmp_path):
    model, paths = make(), write_images(tmp_path, 3)
    extract = FeatureExtractor(model)
    features = {
        stage: extract(paths, batch_size=2, stage=stage) for stage in ("backbone", "neck", "pre_logits")
    }
    assert [tuple(item.shape) for item in features["backbone"][0]] == [(32, 1, 1)]
    assert [tuple(item.shape) for item in features["neck"][0]] == [(32,)]
    assert features["pre_logits"][0].shape == (32,)
    torch.testing.assert_close(features["neck"][2][0], features["pre_logits"][2])
    torch.testing.assert_close(extract(paths[2])[0][0], features["neck"][2][0])
    with torch.no_grad():
        scores = model.head.fc(torch.stack(features["pre_logits"])).softmax(1)
    samples = [model.test_step({k: [v] for k, v in extract.prepare(path).items()})[0] for path in paths]
    torch.testing.assert_close(scores, torch.stack([sample.pred_score for sample in samples]))


def test_changes_to_the_config(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(config().pretty_text)
    extract = FeatureExtractor(path, pretrained=False, device="cpu", backbone={"out_indices": (0, 3)})
    found = extract(cv2.imread(write_images(tmp_path, 1)[0]), stage="backbone")[0]
    assert [tuple(item.shape) for item in found] == [(4, 8, 8), (32, 1, 1)]


def test_mistakes(tmp_path):
    (path,) = write_images(tmp_path, 1)
    with pytest.raises(ArgumentError, match="stage must be"):
        FeatureExtractor(make())(path, stage="head")
    with pytest.raises(ConfigError, match="draws nothing"):
        FeatureExtractor(make())(path, show_dir=tmp_path)
