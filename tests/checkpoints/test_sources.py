"""One door: whatever takes weights takes them from everywhere, and says what is wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mmpretrain import checkpoints
from mmpretrain.apis import ImageClassificationInferencer, get_model, init_model
from mmpretrain.checkpoints import serialization, sharded, sources, zoo
from mmpretrain.cli.convert import convert
from mmpretrain.cli.predict import predict
from mmpretrain.cli.test import test as run_test
from mmpretrain.config import Config
from mmpretrain.errors import CheckpointError, ConfigError, MissingFileError, MMPretrainError
from mmpretrain.models.init import PretrainedInit
from mmpretrain.registry import MODELS
from tests.engine import tiny

CONFIG = """
model = dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=3),
             head=dict(type='ClsHead', loss=dict(type='CrossEntropyLoss')))
data_preprocessor = dict(mean=[0.0], std=[255.0], num_classes=3)
pipeline = [dict(type='LoadImageFromFile', color_type='grayscale'), dict(type='Resize', scale=32),
            dict(type='PackInputs')]
test_dataloader = dict(batch_size=1, num_workers=0, dataset=dict(
    type='CustomDataset', data_root={root!r}, pipeline=pipeline, classes=['a', 'b', 'c']))
test_evaluator = dict(type='Accuracy')
test_cfg = dict()
"""
PAGE = b"<!DOCTYPE html><html><body>Sign in first.</body></html>"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A config with its data, and checkpoints: of that model, of a short run, and of torchvision's layout."""
    folder = tmp_path_factory.mktemp("made")
    for name in "abc":
        (folder / "data" / name).mkdir(parents=True)
        Image.fromarray(np.zeros((32, 32), np.uint8)).save(folder / "data" / name / "1.png")
    (folder / "small.py").write_text(CONFIG.format(root=str(folder / "data")))
    text = Config.fromfile(folder / "small.py").pretty_text
    weights = MODELS.build(Config.fromfile(folder / "small.py").model).state_dict()
    weights = {key: torch.full_like(value, 0.25) for key, value in weights.items()}
    serialization.save(
        {"state_dict": weights, "meta": {"cfg": text, "dataset_meta": {"classes": ["a", "b", "c"]}}},
        folder / "small.pth",
    )
    foreign = {"stage2.0.branch1.0.weight": torch.zeros(1), "conv5.0.weight": torch.zeros(1)}
    serialization.save({"state_dict": foreign}, folder / "foreign.pth")
    runner = tiny.make_runner(work_dir=str(folder / "work"), train_cfg=dict(by_epoch=True, max_epochs=1))
    runner.train()
    return folder


# -- the doors: each takes a source, and returns what it loaded, or None where that does not come out -----


def by_load_from(source, made, tmp_path):
    runner = tiny.make_runner(work_dir=str(tmp_path / "w"), load_from=source)
    runner.load_or_resume()
    return runner.model.head.weight


def by_resume(source, made, tmp_path):
    runner = tiny.make_runner(work_dir=str(tmp_path / "w"), load_from=source, resume=True)
    runner.load_or_resume()
    assert runner.epoch == 1
    return runner.model.head.weight


def by_pretrained(source, made, tmp_path):
    model = MODELS.build(Config.fromfile(made / "small.py").model)
    PretrainedInit(source)(model)
    return first(model)


def by_init_model(source, made, tmp_path):
    return first(init_model(made / "small.py", source, "cpu"))


def by_get_model(source, made, tmp_path):
    return first(get_model(str(made / "small.py"), pretrained=source))


def by_inferencer(source, made, tmp_path):
    return first(ImageClassificationInferencer(source, device="cpu").model)


def by_pretrained_of_inferencer(source, made, tmp_path):
    return first(ImageClassificationInferencer(made / "small.py", source, device="cpu").model)


def by_predict(source, made, tmp_path):
    predict([str(made / "data" / "a")], model=[source], device="cpu")


def by_predict_with_checkpoint(source, made, tmp_path):
    predict([str(made / "data" / "a")], model=[str(made / "small.py")], checkpoint=source, device="cpu")


def by_test(source, made, tmp_path):
    out = tmp_path / "metrics.json"
    run_test(None, str(made / "small.py"), source, work_dir=str(tmp_path / "w"), out=str(out))
    assert json.loads(out.read_text())["accuracy/top1"] == pytest.approx(100 / 3)


def by_convert(source, made, tmp_path):
    convert(source, tmp_path / "out.pth")
    converted = serialization.load(tmp_path / "out.pth")["state_dict"]
    assert {"conv5.0.weight", "backbone.layers.3.conv.weight"} & set(converted)


DOORS: list[Callable] = [
    by_load_from, by_resume, by_pretrained, by_init_model, by_get_model, by_inferencer,
    by_pretrained_of_inferencer, by_predict, by_predict_with_checkpoint, by_test, by_convert,
]  # fmt: skip
OF_RUNS = (by_load_from, by_resume)


def first(model):
    return model.state_dict()["backbone.features.0.weight"]


# -- the sources: each puts a checkpoint somewhere, and returns what names it -------------------------------


def a_path(file, site, tmp_path, made):
    return str(file)


def a_folder(file, site, tmp_path, made):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "epoch_1.pth").write_bytes(file.read_bytes())
    (tmp_path / "run" / "last_checkpoint").write_text("/where/it/was/before/epoch_1.pth")
    return str(tmp_path / "run")


def pieces(file, site, tmp_path, made):
    sharded.save(serialization.load(file), tmp_path / "pieces.pth")
    return str(tmp_path / "pieces.pth")


def a_url(file, site, tmp_path, made):
    site.files["/small.pth"] = file.read_bytes()
    return f"{site.url}/small.pth"


def a_url_that_is_cut(file, site, tmp_path, made):
    site.cut_after = [2000, 1000]
    return a_url(file, site, tmp_path, made)


def the_hub(file, site, tmp_path, made):
    site.files["/org/name/resolve/main/a.pth"] = file.read_bytes()
    return "hf://org/name/a.pth"


def a_name(file, site, tmp_path, made):
    zoo._added["small_1xb1"] = zoo.ModelInfo(
        "Small_1xb1", "Small", made / "small.py", weights=a_url(file, site, tmp_path, made)
    )
    return "SMALL_1xb1"


def a_url_without_anything(file, site, tmp_path, made):
    return f"{site.url}/none.pth"


def a_web_page(file, site, tmp_path, made):
    site.files["/page.pth"] = PAGE
    return f"{site.url}/page.pth"


def a_silent_server(file, site, tmp_path, made):
    site.keep_silent("/slow.pth")
    return f"{site.url}/slow.pth"


def half_a_file(file, site, tmp_path, made):
    site.files["/half.pth"] = file.read_bytes()[: file.stat().st_size // 2]
    return f"{site.url}/half.pth"


def no_path(file, site, tmp_path, made):
    (tmp_path / "network.pth").touch()
    return str(tmp_path / "netwrok.pth")


def no_checkpoint_in_a_folder(file, site, tmp_path, made):
    (tmp_path / "runs" / "one").mkdir(parents=True)
    (tmp_path / "runs" / "one" / "epoch_1.pth").touch()
    return str(tmp_path / "runs")


def a_page_on_disk(file, site, tmp_path, made):
    (tmp_path / "page.pth").write_bytes(PAGE)
    return str(tmp_path / "page.pth")


def an_unknown_name(file, site, tmp_path, made):
    return "resnet50_8xb32_in1"


RIGHT = [a_path, a_folder, pieces, a_url, a_url_that_is_cut, the_hub, a_name]
WRONG = [
    (a_url_without_anything, MissingFileError, r"none\.pth: it answers 404.*Put the file none\.pth into"),
    (a_web_page, CheckpointError, r"page\.pth: this is a web page, and not a checkpoint"),
    (a_silent_server, MissingFileError, r"slow\.pth: no answer within 0\.05 s"),
    (half_a_file, CheckpointError, "this is the beginning of a checkpoint: the rest is missing"),
    (no_path, MissingFileError, r"no file or folder '.*netwrok\.pth'.* Did you mean '.*network\.pth'"),
    (no_checkpoint_in_a_folder, MissingFileError, "no checkpoint in the folder .* name one of .*one"),
    (a_page_on_disk, CheckpointError, r"page\.pth is damaged or no checkpoint: this is a web page"),
    (
        an_unknown_name,
        MissingFileError,
        "no file or folder .*the model zoo has no model .* Did you mean 'resnet50",
    ),
]


def checkpoint_for(door, made) -> Path:
    if door in OF_RUNS:
        return made / "work" / "epoch_1.pth"
    return made / ("foreign.pth" if door is by_convert else "small.pth")


@pytest.fixture
def site(site, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", site.url)
    yield site
    zoo._added.clear()


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("source", RIGHT)
def test_a_right_source(door, source, site, made, tmp_path):
    file = checkpoint_for(door, made)
    loaded = door(source(file, site, tmp_path, made), made, tmp_path)
    if loaded is not None:
        key = "head.weight" if door in OF_RUNS else "backbone.features.0.weight"
        assert torch.equal(loaded, serialization.load(file)["state_dict"][key])


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(("source", "kind", "said"), WRONG)
def test_a_wrong_source(door, source, kind, said, site, made, tmp_path, monkeypatch):
    if source is a_silent_server:
        monkeypatch.setenv("MMPRETRAIN_TIMEOUT", "0.05")
    text = source(checkpoint_for(door, made), site, tmp_path, made)
    with pytest.raises(MMPretrainError, match=said) as caught:
        door(text, made, tmp_path)
    assert isinstance(caught.value, (kind, ConfigError))  # `test` collects what is wrong in a ConfigError
    cache = tmp_path / "cache"
    assert not [path for path in cache.rglob("*") if path.is_file() and not path.name.endswith(".lock")]


@pytest.mark.parametrize("source", ["", "  ", None, 3, b"a.pth", "a\0b", "x" * 5000])
def test_what_is_no_source(source):
    with pytest.raises((ConfigError, MissingFileError), match=r"names no weights|is not the name|no file or"):
        checkpoints.find(source)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.pth")
    with pytest.raises(CheckpointError, match="is a pipe or a device"):
        checkpoints.find(tmp_path / "pipe.pth")


def test_test_finds_the_checkpoint_of_the_config(made, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"there is no work folder '\./work_dirs/small'"):
        run_test(None, str(made / "small.py"))
    (tmp_path / "work_dirs" / "small").mkdir(parents=True)
    (tmp_path / "work_dirs" / "small" / "epoch_9.pth").write_bytes((made / "small.pth").read_bytes())
    run_test(None, str(made / "small.py"))
    assert "epoch_9.pth: the one with the highest number" in capsys.readouterr().err


def test_the_last_checkpoint_is_resumed_and_the_best_is_used(made, tmp_path):
    for name in ("best_acc_epoch_1.pth", "epoch_2.pth"):
        (tmp_path / name).write_bytes((made / "small.pth").read_bytes())
    (tmp_path / "last_checkpoint").write_text(str(tmp_path / "epoch_2.pth"))
    assert Path(checkpoints.find(tmp_path).path).name == "best_acc_epoch_1.pth"
    assert Path(checkpoints.find(tmp_path, prefer="last").path).name == "epoch_2.pth"


def test_the_latest_checkpoint_under_the_name_of_0x(tmp_path):
    for epoch in (1, 2):
        serialization.save({"state_dict": {"w": torch.full((1,), epoch)}}, tmp_path / f"epoch_{epoch}.pth")
    (tmp_path / "last_checkpoint").write_text(str(tmp_path / "epoch_2.pth"))
    sources.check(tmp_path / "latest.pth")
    assert checkpoints.read(checkpoints.find(tmp_path / "latest.pth"))["state_dict"]["w"] == 2
    with pytest.raises(MissingFileError):
        checkpoints.find(tmp_path / "elsewhere" / "latest.pth")
