"""Tests of :mod:`mmpretrain.engine.runner.retrieval_loops`."""

from __future__ import annotations

import torch

from tests.engine import tiny


class PairModel(torch.nn.Module):
    """Knows its images by number."""

    def data_preprocessor(self, data, training):
        return data

    def forward(self, inputs, data_samples=None, mode="tensor"):
        return {"image_feat": inputs, "names": [index for index, _ in data_samples]}

    def predict_all(self, features, data_samples, num_images, num_texts):
        assert features["image_feat"].shape == (num_images, 4)
        assert features["names"] == [index for index, _ in data_samples]
        right = [{"pred": 1, "label": 1}] * num_images
        return right, [*right[: num_texts // 2], *[{"pred": 0, "label": 1}] * (num_texts - num_texts // 2)]


def test_retrieval_loops(make_runner):
    loader = tiny.loader(6, 4, shuffle=False)
    loader["dataset"].img_size, loader["dataset"].text_size = 6, 4
    runner = make_runner(
        model=PairModel(), test_dataloader=loader, test_cfg=dict(type="RetrievalTestLoop"),
        val_dataloader=loader, val_cfg=dict(type="RetrievalValLoop"),
    )  # fmt: skip
    assert runner.test() == {"i2t/acc": 100.0, "t2i/acc": 50.0}
    assert runner.val() == {"i2t/acc": 100.0, "t2i/acc": 50.0}
