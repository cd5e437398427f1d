"""``mmpretrain vis-cam`` and its old name."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import mmpretrain
from mmpretrain.cli.main import entry_point
from mmpretrain.cli.vis_cam import METHOD_NAMES
from mmpretrain.explain import METHODS

CONFIG = """
model = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNet', depth=18, base_channels=4),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=4, in_channels=32))
data_preprocessor = dict(mean=[120., 120., 120.], std=[60., 60., 60.], to_rgb=True)
test_dataloader = dict(dataset=dict(type='CustomDataset', pipeline=[
    dict(type='LoadImageFromFile'),
    dict(type='ResizeEdge', scale=72, edge='short'),
    dict(type='CenterCrop', crop_size=64),
    dict(type='PackInputs')]))
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("cam")
    (folder / "net.py").write_text(CONFIG)
    image = np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)
    cv2.imwrite(str(folder / "image.png"), image)
    from mmpretrain import checkpoints, init_model

    model = init_model(folder / "net.py", device="cpu")
    meta = {"dataset_meta": {"classes": ("ant", "bee", "cat", "dog")}, "cfg": CONFIG}
    checkpoints.save({"state_dict": model.state_dict(), "meta": meta}, folder / "net.pth")
    return {name: str(folder / name) for name in ("net.py", "net.pth", "image.png")}


def run(*words: str) -> int:
    try:
        entry_point(["vis-cam", *words])
    except SystemExit as error:
        return int(error.code or 0)
    return 0


def test_a_picture_is_saved(files, tmp_path, capsys):
    out = tmp_path / "cam.png"
    assert run(files["image.png"], files["net.py"], files["net.pth"], "--save-path", str(out)) == 0
    assert cv2.imread(str(out)).shape == (64, 64, 3)
    text = capsys.readouterr().out
    assert "gradcam of backbone.layer4.1.bn2" in text
    assert str(out) in text


def test_all_flags_of_1x(files, tmp_path, monkeypatch, capsys):
    out = tmp_path / "cam.jpg"
    words = f"""{files["image.png"]} {files["net.py"]} {files["net.pth"]} --target-layers backbone.layer3
        backbone.layer4.1 --method LayerCAM --target-category 1 dog --eigen-smooth --aug-smooth --vit-like
        --num-extra-tokens 0 --device cpu --save-path {out} --cfg-options model.backbone.style=pytorch"""
    script = Path(mmpretrain.__file__).parent.parent / "tools" / "visualization" / "vis_cam.py"
    monkeypatch.setattr(sys, "argv", [str(script), *words.split()])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(script), run_name="__main__")
    assert not ended.value.code
    assert cv2.imread(str(out)).shape == (64, 128, 3)
    text = capsys.readouterr().out
    assert "class 1 (bee)" in text
    assert "class 3 (dog)" in text
    assert "layercam of backbone.layer3, backbone.layer4.1" in text


def test_auto_says_how_faithful(files, tmp_path, capsys):
    out = tmp_path / "cam.png"
    assert run(files["image.png"], files["net.pth"], "--method", "auto", "--save-path", str(out)) == 0
    assert "faithfulness" in capsys.readouterr().out


def test_the_model_is_printed(files, capsys):
    assert run("none.png", files["net.py"], files["net.pth"], "--preview-model") == 0
    assert "(layer4): ResLayer" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none.png", "net.pth"], "there is no image 'none.png'"),
        (["image.png", "net.pth", "--method", "gradkam"], "Did you mean 'gradcam'"),
        (["image.png", "net.pth", "--target-category", "cow"], "there is no class 'cow'"),
        (["image.png", "net.pth", "--target-category", "9"], "from 0 to 3"),
        (["image.png", "net.pth", "--target-layers", "backbone.layer9"], "no layer 'backbone.layer9'"),
        (["image.png", "net.pth", "--cfg-options", "a=1"], "need one and a checkpoint"),
        (["image.png", "net.pth"], "--save-path FILE"),
    ],
)
def test_mistakes(files, words, message, capsys):
    assert run(*(files.get(word, word) for word in words)) == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_names_of_methods():
    assert set(METHOD_NAMES) == set(METHODS)
