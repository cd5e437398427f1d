"""Where numbers, pictures and configs of a run go. Services without a local mode are stood in for."""

from __future__ import annotations

import json
import os
import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image

from mmpretrain.config import Config
from mmpretrain.errors import ConfigError, OptionalDependencyError
from mmpretrain.registry import VISBACKENDS
from mmpretrain.visualization import BaseVisBackend, Visualizer, force_init_env

IMAGE = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
SCALARS = {"loss": torch.tensor(0.5), "acc": np.float64(80.0), "lr": 0.1}
NUMBERS = {"loss": 0.5, "acc": 80.0, "lr": 0.1}
PACKAGES = {
    "TensorboardVisBackend": "tensorboard",
    "WandbVisBackend": "wandb",
    "MLflowVisBackend": "mlflow",
    "ClearMLVisBackend": "clearml",
    "NeptuneVisBackend": "neptune",
    "DVCLiveVisBackend": "dvclive",
    "AimVisBackend": "aim",
}


def config(folder):
    hooks = [dict(type="A", x=1), dict(type="B")]
    return Config(dict(work_dir=str(folder), model=dict(type="M", size=[1, 2]), hooks=hooks))


def feed(backend, folder):
    """One of each."""
    backend.add_config(config(folder))
    backend.add_graph(torch.nn.Linear(1, 1), None)
    backend.add_image("picture", IMAGE, step=2)
    backend.add_scalar("one", torch.tensor([1.5]), step=3)
    backend.add_scalars(SCALARS, step=4)
    backend.close()


@pytest.mark.parametrize("name", ["LocalVisBackend", *PACKAGES])
def test_nothing_happens_before_the_first_record(name, tmp_path):
    backend = VISBACKENDS.build(dict(type=name, save_dir=str(tmp_path / "new")))
    backend.close()
    assert not backend.is_open
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", PACKAGES)
def test_a_missing_package_is_named(name, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, PACKAGES[name], None)
    backend = VISBACKENDS.build(dict(type=name, save_dir=str(tmp_path)))
    with pytest.raises(OptionalDependencyError, match=f"{name} needs {PACKAGES[name]}.*pip install"):
        backend.add_scalar("a", 1.0)


def test_local(tmp_path):
    backend = VISBACKENDS.build(dict(type="LocalVisBackend", save_dir=str(tmp_path)))
    assert backend.experiment is backend
    feed(backend, tmp_path)
    backend.add_scalars({"a": 1, "step": 7}, file_path="more.json")
    lines = [json.loads(line) for line in (tmp_path / "scalars.json").read_text().splitlines()]
    assert lines == [{"one": 1.5, "step": 3}, {**NUMBERS, "step": 4}, {"a": 1, "step": 7}]
    assert json.loads((tmp_path / "more.json").read_text()) == {"a": 1, "step": 7}
    assert np.array_equal(np.array(Image.open(tmp_path / "vis_image" / "picture_2.png")), IMAGE)
    assert Config.fromfile(str(tmp_path / "config.py")) == config(tmp_path)
    with pytest.raises(ConfigError, match=r"must differ from 'scalars\.json'"):
        backend.add_scalars({"a": 1}, file_path="scalars.json")
    with pytest.raises(ConfigError, match=r"must end in '\.json'"):
        backend.add_scalars({"a": 1}, file_path="more.txt")
    with pytest.raises(TypeError, match="uint8"):
        backend.add_image("a", IMAGE.astype(float))
    with pytest.raises(ConfigError, match=r"must end in '\.py'"):
        VISBACKENDS.build(dict(type="LocalVisBackend", save_dir="a", config_save_file="config.json"))


def test_tensorboard(tmp_path, caplog):
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    backend = VISBACKENDS.build(dict(type="TensorboardVisBackend", save_dir=str(tmp_path)))
    backend.add_scalar("text", "good")
    feed(backend, tmp_path)
    events = accumulators.EventAccumulator(str(tmp_path))
    events.Reload()
    assert {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]} == {
        "one": [(3, 1.5)],
        **{name: [(4, pytest.approx(value))] for name, value in NUMBERS.items()},
    }
    assert events.Images("picture")[0].step == 2
    assert "text='good' is left out" in caplog.text


def test_wandb_offline(tmp_path, monkeypatch):
    wandb = pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.chdir(tmp_path)  # the source code below the working folder goes with the config
    backend = VISBACKENDS.build(
        dict(
            type="WandbVisBackend",
            save_dir=str(tmp_path / "runs"),
            init_kwargs=dict(mode="offline", project="test"),
            define_metric_cfg={"acc": "max"},
        )
    )
    backend.open()
    assert wandb.run is not None
    backend.add_scalars(SCALARS, step=1)
    assert {name: wandb.run.summary[name] for name in ("loss", "lr")} == {"loss": 0.5, "lr": 0.1}
    feed(backend, tmp_path)
    assert wandb.run is None
    files = list((tmp_path / "runs").rglob("*.wandb"))
    assert len(files) == 1
    (picture,) = files[0].parent.rglob("*.png")
    assert np.array_equal(np.array(Image.open(picture)), IMAGE)


def test_mlflow_local_store(tmp_path):
    mlflow = pytest.importorskip("mlflow")
    work_dir = tmp_path / "work"
    (work_dir / "sub").mkdir(parents=True)
    (work_dir / "sub" / "run.log").write_text("log")
    (work_dir / "weights.pth").write_text("no")
    backend = VISBACKENDS.build(
        dict(
            type="MLflowVisBackend",
            save_dir=str(work_dir / "store"),
            exp_name="exp",
            run_name="first",
            tags={"kind": "test"},
            params={f"p{i}": "x" * 1000 for i in range(150)},
        )
    )
    feed(backend, work_dir)
    experiment = mlflow.get_experiment_by_name("exp")
    (run,) = mlflow.search_runs([experiment.experiment_id], output_format="list")
    assert (run.info.run_name, run.info.status, run.data.tags["kind"]) == ("first", "FINISHED", "test")
    assert run.data.metrics == {"one": 1.5, **NUMBERS}
    assert run.data.params["hooks.1.type"] == "B"
    assert run.data.params["model.size"] == "[1, 2]"
    assert len(run.data.params["p149"]) == 500
    client = mlflow.MlflowClient()
    artifacts = {a.path for folder in ("", "sub") for a in client.list_artifacts(run.info.run_id, folder)}
    assert artifacts == {"config.py", "picture_2.png", "sub", "sub/run.log"}
    only = VISBACKENDS.build(
        dict(type="MLflowVisBackend", save_dir=str(work_dir / "store"), tracked_config_keys=["model"])
    )
    only.add_config(config(work_dir / "sub"))
    only.close()
    default = mlflow.get_experiment_by_name("Default")
    (run,) = mlflow.search_runs([default.experiment_id], output_format="list")
    assert set(run.data.params) == {"model.type", "model.size"}


class Recorder:
    """Remembers every call on it and on what its calls and items return."""

    def __init__(self, calls, name=""):
        self._calls, self._name = calls, name

    def __getattr__(self, name):
        return Recorder(self._calls, f"{self._name}.{name}".lstrip("."))

    def __getitem__(self, key):
        return Recorder(self._calls, f"{self._name}[{key}]")

    def __setitem__(self, key, value):
        self._calls.append((f"{self._name}[{key}]=", (value,), {}))

    def __call__(self, *args, **kwargs):
        self._calls.append((self._name, args, kwargs))
        return Recorder(self._calls, f"{self._name}()")


@pytest.fixture
def stand_in(monkeypatch):
    def make(package, *parts):
        calls: list = []
        for name in (package, *parts):
            module = ModuleType(name)
            module.__getattr__ = Recorder(calls).__getattr__  # type: ignore[method-assign]
            monkeypatch.setitem(sys.modules, name, module)
        return calls

    return make


def test_clearml(stand_in, tmp_path):
    calls = stand_in("clearml")
    (tmp_path / "best.pth").write_text("")
    feed(VISBACKENDS.build(dict(type="ClearMLVisBackend", init_kwargs=dict(project_name="p"))), tmp_path)
    assert calls[0] == ("Task.init", (), {"project_name": "p"})
    reports = {kwargs["title"]: kwargs for name, _, kwargs in calls if name.endswith("report_scalar")}
    assert {title: kwargs["value"] for title, kwargs in reports.items()} == {"one": 1.5, **NUMBERS}
    assert reports["loss"]["iteration"] == 4
    assert ("Task.init().upload_artifact", ("best.pth", str(tmp_path / "best.pth")), {}) in calls
    assert calls[-1][0] == "Task.init().close"


def test_neptune(stand_in, tmp_path):
    calls = stand_in("neptune", "neptune.types")
    feed(VISBACKENDS.build(dict(type="NeptuneVisBackend")), tmp_path)
    assert calls[0] == ("init_run", (), {"mode": "offline"})
    assert ("init_run()[loss].append", (0.5,), {"step": 4}) in calls
    (content,) = next(args for name, args, _ in calls if name == "File.from_content")
    assert "work_dir" in content
    (image,) = next(args for name, args, _ in calls if name == "File.as_image")
    assert image.max() == pytest.approx(59 / 255)
    assert calls[-1][0] == "init_run().stop"


def test_dvclive(stand_in, tmp_path):
    calls = stand_in("dvclive")
    (tmp_path / "scalars.json").write_text("")
    backend = VISBACKENDS.build(
        dict(type="DVCLiveVisBackend", save_dir=str(tmp_path), init_kwargs=dict(save_dvc_exp=False))
    )
    feed(backend, tmp_path)
    assert calls[0] == ("Live", (), {"dir": str(tmp_path), "save_dvc_exp": False, "cache_images": True})
    assert ("Live().log_metric", ("acc", 80.0), {}) in calls
    assert ("Live().log_artifact", (str(tmp_path / "scalars.json"),), {}) in calls
    assert calls[-1][0] == "Live().end"


def test_aim(stand_in, tmp_path):
    calls = stand_in("aim")
    feed(VISBACKENDS.build(dict(type="AimVisBackend", save_dir="work/run1/vis_data")), tmp_path)
    assert calls[0] == ("Run", (), {"experiment": "run1_vis_data"})
    assert ("Run().track", (), {"name": "loss", "value": 0.5, "step": 4}) in calls
    assert any(name == "Run()[hparams]=" for name, *_ in calls)
    assert calls[-1][0] == "Run().close"


def test_backend_of_1x():
    """A user's backend, written for MMEngine's base class."""

    class Printer(BaseVisBackend):
        def _init_env(self):
            self.lines: list = []

        @property
        @force_init_env
        def experiment(self):
            return self.lines

        @force_init_env
        def add_scalar(self, name, value, step=0, **kwargs):
            self.lines.append((name, value, step))

    backend = Printer("folder")
    backend.add_scalars({"a": 1, "b": 2}, step=5)
    assert backend.experiment == [("a", 1, 5), ("b", 2, 5)]
    with pytest.raises(NotImplementedError):
        BaseVisBackend("folder").open()


def test_all_backends_through_the_visualizer(tmp_path):
    visualizer = Visualizer(vis_backends=[dict(type="LocalVisBackend")], save_dir=str(tmp_path))
    visualizer.add_scalar("a", 1.0, 2)
    visualizer.close()
    assert json.loads((tmp_path / "vis_data" / "scalars.json").read_text()) == {"a": 1.0, "step": 2}
    assert os.listdir(tmp_path) == ["vis_data"]
    assert isinstance(visualizer.get_backend("LocalVisBackend"), BaseVisBackend)
