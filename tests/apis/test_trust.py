"""Every door that opens a checkpoint takes its config for data."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from mmpretrain.apis import ImageClassificationInferencer
from mmpretrain.apis.model import open_model
from mmpretrain.checkpoints import save
from mmpretrain.cli.main import entry_point
from mmpretrain.errors import ConfigError
from mmpretrain.registry import MODELS


def config(more: str = "", loading: str = "", extra: str = "") -> str:
    """Return the text of a config, with more arguments of the model, of the first step, and more lines."""
    return f"""model = dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=10), neck=None,
    head=dict(type='ClsHead', loss=dict(type='CrossEntropyLoss')), {more})
data_preprocessor = dict(mean=[0.0], std=[255.0], num_classes=10)
test_dataloader = dict(dataset=dict(type='CustomDataset', pipeline=[
    dict(type='LoadImageFromFile', color_type='grayscale', {loading}),
    dict(type='Resize', scale=(32, 32)), dict(type='PackInputs')]))
{extra}"""


@pytest.fixture
def checkpoint(tmp_path, monkeypatch):
    """Write a checkpoint with a config inside, and an image."""
    monkeypatch.chdir(tmp_path)
    model = MODELS.build(
        dict(type="ImageClassifier", backbone=dict(type="LeNet5", num_classes=10), head=dict(type="ClsHead"))
    )
    Image.fromarray(np.zeros((32, 32), np.uint8)).save("a.png")

    def write(text, name="a.pth", **meta):
        meta = {"cfg": text, "dataset_meta": {"classes": tuple("0123456789")}, **meta}
        (tmp_path / name).parent.mkdir(exist_ok=True)
        save({"state_dict": model.state_dict(), "meta": meta}, tmp_path / name)
        return name

    return write


EVIL = {
    "import": config(extra="import pathlib; pathlib.Path('reached').touch()\n"),
    "expression": config(extra="x = open('reached', 'w')\n"),
    "base": config(extra="_base_ = 'other.py'\n"),
    "type": config("train_cfg=dict(augments=dict(type='os.system', command='touch reached'))"),
    "layer": config().replace("type='LeNet5'", "type='subprocess.Popen', args=['touch', 'reached']"),
    "step": config().replace("type='Resize'", "type='os.system'"),
    "hub": config().replace("type='LeNet5'", "type='TIMMBackbone', model_name='hf-hub:a/b'"),
}


@pytest.mark.parametrize("name", EVIL)
@pytest.mark.parametrize("door", ["inferencer", "folder", "command"])
def test_no_door_runs_what_a_checkpoint_says(checkpoint, tmp_path, capsys, door, name):
    file = checkpoint(EVIL[name], "run/best_accuracy_epoch_1.pth" if door == "folder" else "evil.pth")
    source = "run" if door == "folder" else file
    if door == "command":
        with pytest.raises(SystemExit) as ended:
            entry_point(["predict", "a.png", "--model", source, "--device", "cpu"])
        assert ended.value.code == 2
        said = capsys.readouterr().err
        assert "Traceback" not in said
    else:
        with pytest.raises(ConfigError) as caught:
            ImageClassificationInferencer(source, device="cpu")
        said = str(caught.value)
    assert "--trust" in said
    assert "evil.pth" in said or "best_accuracy_epoch_1.pth" in said
    assert not (tmp_path / "reached").exists()


def test_a_config_that_is_data_works_and_fetches_nothing(checkpoint, capsys):
    more = "init_cfg=dict(type='Pretrained', checkpoint='http://127.0.0.1:9/a.pth'), pretrained='x.pth'"
    loading = "backend_args=dict(backend='http')"
    file = checkpoint(config(more, loading, "custom_imports = dict(imports=['nowhere'])\n"))
    entry_point_ends_well(["predict", "a.png", "--model", file, "--device", "cpu"])
    assert "a.png" in capsys.readouterr().out


def entry_point_ends_well(words):
    with pytest.raises(SystemExit) as ended:
        entry_point(words)
    assert ended.value.code == 0


def test_a_trusted_config_runs(checkpoint, tmp_path, capsys):
    file = checkpoint(EVIL["import"])
    entry_point_ends_well(["predict", "a.png", "--model", file, "--device", "cpu", "--trust"])
    assert (tmp_path / "reached").exists()
    assert open_model(file, device="cpu", trust=True)._config.model.type == "ImageClassifier"


def test_the_config_of_0x_is_found(checkpoint):
    file = checkpoint(None, config=config(), CLASSES=["zero"] * 10)
    assert isinstance(open_model(file, device="cpu"), torch.nn.Module)


@pytest.mark.parametrize("classes", [3, {"a": 1}, [["a"]], "abc", [torch.tensor(1)]])
def test_odd_class_names_are_left_out(checkpoint, classes):
    file = checkpoint(config(), dataset_meta={"classes": classes})
    assert "pred_class" not in ImageClassificationInferencer(file, device="cpu")("a.png")[0]
