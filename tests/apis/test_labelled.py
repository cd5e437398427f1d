"""Labelled images, prepared for a model."""

from __future__ import annotations

import pytest
import torch

from mmpretrain import get_model
from mmpretrain.apis.labelled import evaluation_settings, label_map, labelled_loader
from mmpretrain.config import Config
from mmpretrain.errors import ConfigError, DataError
from tests.apis.nets import STEPS, config
from tests.models.selfsup.small import write_images


class Named:
    def __init__(self, *classes):
        self.metainfo = {"classes": classes}


def test_every_image_once_and_in_order(tmp_path):
    for name in ("ant", "bee"):
        write_images(tmp_path / name, 3)
    loader = labelled_loader(config(), {"type": "CustomDataset", "data_prefix": str(tmp_path)}, 4, 0)
    batches = list(loader)
    assert [len(batch["inputs"]) for batch in batches] == [4, 2]
    assert batches[0]["inputs"][0].shape == (3, 32, 32)
    labels = [int(sample.gt_label) for batch in batches for sample in batch["data_samples"]]
    assert labels == [0, 0, 0, 1, 1, 1]


def test_the_data_of_the_config():
    pipeline = [{"type": "Resize", "scale": 32}, STEPS[-1]]
    digits = {"dataset": {"type": "Digits", "split": "val", "pipeline": pipeline}, "batch_size": 100}
    loader = labelled_loader(Config({"val_dataloader": digits, "test_dataloader": {}}), workers=0)
    assert (len(loader.dataset), len(loader)) == (355, 4)
    with pytest.raises(ConfigError, match="neither val_dataloader nor test_dataloader"):
        evaluation_settings(Config({"model": {}}))


def test_labels_by_name(caplog):
    stored = ("ant", "bee", "cat")
    assert label_map(Named(*stored), stored) is None
    assert label_map(Named("ant"), None) is None
    found = label_map(Named("cat", "ant"), stored)
    assert torch.equal(found, torch.tensor([2, 0]))
    with pytest.raises(DataError, match="not in the checkpoint: dog"):
        label_map(Named("ant", "dog"), stored)
    assert label_map(Named("Ameise", "Biene", "Katze"), stored) is None
    assert "other names" in caplog.text


def test_a_model_knows_its_config():
    model = get_model("lenet5_digits")
    loader = labelled_loader(model, workers=0)
    assert len(loader.dataset) == len(labelled_loader(model._config, workers=0).dataset) > 0
    with pytest.raises(ConfigError, match="this Linear does not know its config"):
        labelled_loader(torch.nn.Linear(1, 1))
