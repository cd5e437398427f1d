"""Logs of all generations, against what MMPretrain 1.2 says of one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmpretrain.analysis.logs import Log, train_time
from mmpretrain.errors import DataError, MissingFileError

#: The log of a LeNet that MMPretrain 1.2 trained for four epochs of 23 iterations.
LOG = Path(__file__).parent / "data" / "log_1x.json"
OLD = [
    {"env_info": "sys.platform: linux", "seed": 0, "mmcls_version": "0.25.0"},
    {"mode": "train", "epoch": 1, "iter": 10, "lr": 0.1, "time": 0.5, "loss": 2.0},
    {"mode": "train", "epoch": 1, "iter": 20, "lr": 0.1, "time": 0.3, "loss": 1.5},
    {"mode": "val", "epoch": 1, "iter": 5, "lr": 0.1, "accuracy_top-1": 40.0},
    {"mode": "train", "epoch": 2, "iter": 10, "lr": 0.1, "time": 0.6, "loss": 1.0},
    {"mode": "train", "epoch": 2, "iter": 20, "lr": 0.1, "time": 0.2, "loss": 0.5},
    {"mode": "val", "epoch": 2, "iter": 5, "lr": 0.1, "accuracy_top-1": 60.0},
]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_times_of_the_reference():
    times = Log.read(LOG).times()
    found = train_time(times)
    assert (found.slowest[0], found.fastest[0]) == (4, 2)
    assert found.slowest[1] == pytest.approx(0.0491, abs=5e-5)
    assert found.fastest[1] == pytest.approx(0.0373, abs=5e-5)
    assert found.deviation == pytest.approx(0.0044, abs=5e-5)
    assert found.mean == pytest.approx(0.0450, abs=5e-5)
    found = train_time(times, outliers=True)
    assert (found.slowest[0], round(found.slowest[1], 4)) == (1, 0.0565)
    assert (round(found.fastest[1], 4), round(found.deviation, 4)) == (0.0345, 0.0080)


def test_curves():
    log = Log.read(LOG)
    loss, accuracy = log.curve("loss"), log.curve("accuracy/top1")
    assert loss.places.tolist()[:3] == [5, 10, 15]
    assert not loss.in_epochs
    assert loss.values[0] == pytest.approx(2.30006685)
    assert accuracy.places.tolist() == [1, 2, 3, 4]
    assert accuracy.in_epochs
    assert accuracy.values[-1] == pytest.approx(81.12676)


def test_a_log_of_0x(tmp_path):
    log = Log.read(write(tmp_path / "a.log.json", OLD))
    assert log.times() == {1: [0.5, 0.3], 2: [0.6, 0.2]}
    assert log.curve("loss").places.tolist() == [10, 20, 30, 40]
    assert log.curve("accuracy_top-1").places.tolist() == [1, 2]
    assert train_time(log.times()).slowest == (1, 0.3)


def test_a_run_that_counts_iterations(tmp_path):
    rows = [{"lr": 0.1, "time": t, "loss": t, "iter": n, "step": n} for n, t in ((10, 0.4), (20, 0.2))]
    log = Log.read(write(tmp_path / "a.json", [*rows, {"accuracy/top1": 5.0, "step": 20}]))
    assert not log.counts_epochs
    assert log.times() == {1: [0.4, 0.2]}
    curve = log.curve("accuracy/top1")
    assert (curve.places.tolist(), curve.in_epochs) == ([20], False)


def test_the_newest_log_of_a_run(tmp_path):
    for time in ("20260101_000000", "20260102_000000"):
        folder = tmp_path / time / "vis_data"
        folder.mkdir(parents=True)
        write(folder / f"{time}.json", OLD)
        write(folder / "scalars.json", OLD)
    assert Path(Log.read(tmp_path).path).stem == "20260102_000000"
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingFileError, match="no log in the folder"):
        Log.read(tmp_path / "empty")


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "a.json:1"), ("[1]", "an object of JSON"), ("", "no numbers"), ('{"env_info": 1}', "no numbers")],
)
def test_other_files(tmp_path, text, message):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DataError, match=message):
        Log.read(tmp_path / "a.json")


def test_names_that_are_not_there(tmp_path):
    with pytest.raises(DataError, match="Did you mean 'accuracy/top"):
        Log.read(LOG).curve("accuracy/top2")
    rows = [{"lr": 0.1, "loss": 1.0, "iter": 1, "step": 1}]
    with pytest.raises(DataError, match="no times"):
        Log.read(write(tmp_path / "a.json", rows)).times()
