"""``mmpretrain publish``."""

from __future__ import annotations

import torch

from mmpretrain import checkpoints
from tests.cli.commands import call


def test_publish(capsys, tmp_path):
    torch.save({"state_dict": {"w": torch.ones(2)}, "optimizer": {}}, tmp_path / "latest.pth")
    done = call(
        capsys, "publish_model", tmp_path / "latest.pth", tmp_path / "net.pth", "--dataset-type", "CIFAR10"
    )
    assert done.code == 0, done.err
    (final,) = tmp_path.glob("net-*.pth")
    assert done.out == f"Successfully generated the publish-ckpt as {final}.\n"
    assert checkpoints.open(final)["meta"]["dataset_meta"]["classes"][0] == "airplane"


def test_bad_input_is_one_sentence(capsys, tmp_path):
    torch.save({"state_dict": {"w": torch.ones(2)}}, tmp_path / "a.pth")
    for words in (
        ("missing.pth", tmp_path / "b.pth"),
        (tmp_path / "a.pth", tmp_path / "b.txt"),
        (tmp_path / "a.pth", tmp_path / "b.pth", "--dataset-type", "CIFAR11"),
        (tmp_path / "a.pth", tmp_path / "b.pth", "--dataset-type", "CustomDataset"),
        (tmp_path / "a.pth", tmp_path / "b.pth", "--no-ema"),
    ):
        done = call(capsys, "publish", *words)
        assert (done.code, done.err.count("\n")) == (2, 1), done.err
    assert [path.name for path in tmp_path.iterdir()] == ["a.pth"]
