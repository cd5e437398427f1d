"""Models from whatever names them."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.apis.model import init_model, open_model
from mmpretrain.checkpoints import serialization, sharded
from mmpretrain.errors import ConfigError, MissingFileError
from mmpretrain.registry import MODELS

MODEL = {"type": "ImageClassifier", "backbone": {"type": "LeNet5", "num_classes": 3}}


@pytest.fixture
def checkpoint():
    state = MODELS.build(MODEL).state_dict()
    return {"state_dict": state, "meta": {"cfg": f"model = {MODEL!r}\n"}}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["epoch_1.pth", "best_acc_epoch_1.pth"], "best_acc_epoch_1.pth"),
        (["epoch_1.pth", "last_checkpoint"], "epoch_1.pth"),
    ],
)
def test_the_folder_of_a_run(checkpoint, tmp_path, files, expected):
    weight = "backbone.features.0.weight"
    for name in files:
        if name == "last_checkpoint":
            (tmp_path / name).write_text("/where/it/was/before/epoch_1.pth")
            continue
        checkpoint["state_dict"][weight] = torch.full_like(
            checkpoint["state_dict"][weight], float(name == expected)
        )
        serialization.save(checkpoint, tmp_path / name)
    assert open_model(tmp_path).state_dict()[weight].eq(1).all()


def test_a_checkpoint_in_pieces(checkpoint, tmp_path):
    sharded.save(checkpoint, tmp_path / "epoch_1.pth")
    loaded = open_model(tmp_path / "epoch_1.pth").state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in checkpoint["state_dict"].items())


def test_a_folder_without_checkpoint(tmp_path):
    with pytest.raises(MissingFileError, match="There is no checkpoint in the folder"):
        open_model(tmp_path)


def test_options_change_the_config(tmp_path):
    """``options`` is the name of 0.x; other arguments change the model."""
    for name in ("options", "cfg_options"):
        changes = {name: {"model.head.topk": (1,), "custom": 3}}
        model = init_model("resnet18_8xb16_cifar10", device="cpu", head={"num_classes": 4}, **changes)
        assert model.head.topk == (1,)
        assert model.head.num_classes == 4
        assert model._config.custom == 3
    with pytest.raises(ConfigError, match="cfg_options must be a dict"):
        init_model("resnet18_8xb16_cifar10", cfg_options=["a=1"])


def test_class_names_of_a_model_without_weights():
    """As in 1.x: those of the data set in the config, else of ImageNet for 1,000 outputs."""
    cifar = init_model("resnet18_8xb16_cifar10", device="cpu")
    assert cifar._dataset_meta["classes"][:2] == ("airplane", "automobile")
    assert cifar._weights_missing
    changed = init_model("resnet18_8xb16_cifar10", device="cpu", head={"num_classes": 1000})
    assert changed._dataset_meta["classes"][0].startswith("tench")
    assert init_model("resnet18_8xb16_cifar10", device="cpu", head={"num_classes": 7})._dataset_meta is None


def test_class_names_of_a_checkpoint_go_first(tmp_path):
    state = init_model("resnet18_8xb16_cifar10", device="cpu").state_dict()
    names = tuple("abcdefghij")
    serialization.save({"state_dict": state}, tmp_path / "plain.pth")
    serialization.save({"state_dict": state, "meta": {"CLASSES": names}}, tmp_path / "old.pth")
    plain = init_model("resnet18_8xb16_cifar10", tmp_path / "plain.pth", device="cpu")
    assert plain._dataset_meta["classes"][0] == "airplane"
    assert not plain._weights_missing
    old = init_model("resnet18_8xb16_cifar10", tmp_path / "old.pth", device="cpu")
    assert old._dataset_meta["classes"] == names
