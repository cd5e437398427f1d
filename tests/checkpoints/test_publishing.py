"""Publishing a checkpoint: what stays behind, what goes along, and the name of the file."""

from __future__ import annotations

import hashlib
import re

import pytest
import torch

from mmpretrain import checkpoints
from mmpretrain.checkpoints.publishing import publish
from mmpretrain.errors import CheckpointError, ConfigError


@pytest.fixture
def trained(tmp_path):
    """A checkpoint as a run with EMA writes it: the averages are in ``state_dict``."""
    large = torch.zeros(1000)
    torch.save(
        {
            "state_dict": {
                "head.fc.weight": torch.ones(2, 3),
                "head.fc.bias": large[:2],
                "n": torch.tensor(3),
            },
            "ema_state_dict": {"module.head.fc.weight": torch.full((2, 3), 2.0), "steps": torch.tensor(9)},
            "meta": {
                "cfg": "model = dict(type='X')\n",
                "dataset_meta": {"classes": ("cat", "dog")},
                "env_info": "host a",
                "epoch": 3,
            },
            "optimizer": {"state": {0: torch.zeros(9)}},
            "param_schedulers": [{}],
            "message_hub": {},
            "hooks": {},
            "rng": [],
        },
        tmp_path / "epoch_3.pth",
    )
    return tmp_path / "epoch_3.pth"


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_only_what_others_need(trained, tmp_path, suffix):
    final = publish(trained, tmp_path / "new" / f"net_2026{suffix}")
    assert re.fullmatch(rf"net_2026-[0-9a-f]{{8}}{re.escape(suffix)}", final.name)
    assert hashlib.sha256(final.read_bytes()).hexdigest().startswith(final.stem.rpartition("-")[2])
    content = checkpoints.open(final)
    assert set(content) == {"meta", "state_dict"}
    assert list(content["meta"]["dataset_meta"]["classes"]) == ["cat", "dog"]
    assert content["meta"]["cfg"] == "model = dict(type='X')\n"
    assert "env_info" not in content["meta"]
    assert content["state_dict"]["head.fc.weight"].eq(1).all()
    assert content["state_dict"]["head.fc.bias"].untyped_storage().nbytes() == 8
    assert [path.name for path in final.parent.iterdir()] == [final.name]


def test_trained_weights_and_their_average(trained, tmp_path):
    content = checkpoints.open(publish(trained, tmp_path / "a.pth", ema=False))
    assert content["state_dict"]["head.fc.weight"].eq(2).all()
    assert content["state_dict"]["n"] == 3
    plain = tmp_path / "plain.pth"
    torch.save({"w": torch.ones(1)}, plain)
    with pytest.raises(CheckpointError, match="no averaged weights"):
        publish(plain, tmp_path / "b.pth", ema=False)


def test_weights_alone_get_the_classes_that_are_given(tmp_path, caplog):
    torch.save({"w": torch.ones(1)}, tmp_path / "plain.pth")
    final = publish(
        tmp_path / "plain.pth", tmp_path / "a.pth", dataset_meta={"classes": ("x",)}, version="2.0"
    )
    assert checkpoints.open(final)["meta"] == {
        "dataset_meta": {"classes": ("x",)}, "mmpretrain_version": "2.0",
    }  # fmt: skip
    publish(tmp_path / "plain.pth", tmp_path / "b.pth")
    assert "no names of classes" in caplog.text


def test_publishing_again_changes_nothing(trained, tmp_path):
    first = publish(trained, tmp_path / "a.pth")
    before = first.stat().st_mtime_ns
    assert publish(trained, tmp_path / "a.pth") == first
    assert first.stat().st_mtime_ns == before


def test_bad_input(trained, tmp_path):
    with pytest.raises(ConfigError, match=r"must end with \.pth or \.safetensors"):
        publish(trained, tmp_path / "a.onnx")
    torch.save({"meta": {}}, tmp_path / "empty.pth")
    with pytest.raises(CheckpointError, match="no weights"):
        publish(tmp_path / "empty.pth", tmp_path / "a.pth")


def test_tensors_that_share_memory_can_be_safetensors(tmp_path):
    shared = torch.arange(6.0)
    torch.save({"state_dict": {"a": shared, "b": shared, "c": shared[2:]}}, tmp_path / "shared.pth")
    content = checkpoints.open(publish(tmp_path / "shared.pth", tmp_path / "a.safetensors"))
    assert content["state_dict"]["b"].equal(shared)
    assert content["state_dict"]["c"].equal(shared[2:])
