"""``mmpretrain reparameterize`` and ``mmpretrain merge-lora``."""

from __future__ import annotations

import json

import torch

import mmpretrain
from tests.analysis.test_deploy import CASES, classifier, lora, trained
from tests.cli.commands import call

PIPELINE = [dict(type="LoadImageFromFile"), dict(type="Resize", scale=(64, 64)), dict(type="PackInputs")]


def saved(cfg, tmp_path):
    cfg.test_dataloader = dict(dataset=dict(type="CustomDataset", pipeline=PIPELINE))
    cfg.dump(tmp_path / "config.py")
    model = trained(cfg)
    meta = {"dataset_meta": {"classes": ("a", "b", "c")}}
    torch.save({"state_dict": model.state_dict(), "meta": meta}, tmp_path / "trained.pth")


def test_reparameterize(capsys, tmp_path):
    from PIL import Image

    saved(classifier(dict(CASES["RepVGG"]), in_channels=1280), tmp_path)
    words = [tmp_path / "config.py", tmp_path / "trained.pth", tmp_path / "deploy.pth"]
    done = call(capsys, "reparameterize_model", *words)
    assert done.code == 0, done.err
    assert f'Done! Save at path "{tmp_path / "deploy.pth"}"' in done.out
    assert call(capsys, "reparameterize", *words).code == 2, "it exists"
    Image.new("RGB", (80, 60), "red").save(tmp_path / "a.png")
    results = []
    for model in (["--checkpoint", words[1], "--model", words[0]], ["--model", words[2]]):
        done = call(capsys, "predict", tmp_path / "a.png", *model, "--out", "json")
        assert done.code == 0, done.err
        results.append(json.loads(done.out)[0])
    assert results[0]["class"] == results[1]["class"]
    assert abs(results[0]["score"] - results[1]["score"]) < 1e-4


def test_merge_lora(capsys, tmp_path):
    saved(lora(False), tmp_path)
    words = [tmp_path / "config.py", tmp_path / "trained.pth", tmp_path / "merged.pth"]
    assert call(capsys, "merge-lora", *words[:2], tmp_path / "a.txt").code == 2
    done = call(capsys, "merge_lora_weight", *words)
    assert done.code == 0, done.err
    model = mmpretrain.init_model(tmp_path / "config.py", device="cpu")
    merged = torch.load(tmp_path / "merged.pth", weights_only=True)["state_dict"]
    assert merged.keys() < {key.replace("backbone.module.", "backbone.") for key in _all_keys(model)}


def _all_keys(model):
    return {name.replace("original_layer.", "") for name, _ in model.named_parameters()}
