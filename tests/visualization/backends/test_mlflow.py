"""Tests of :mod:`mmpretrain.visualization.backends.mlflow`."""

from __future__ import annotations

import pytest

from mmpretrain.registry import VISBACKENDS
from tests.visualization.backends.backend_cases import NUMBERS, config, feed


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
