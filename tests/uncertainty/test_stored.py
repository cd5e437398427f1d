"""A calibration in a checkpoint: it comes back as it was, and a stranger's can do nothing."""

from __future__ import annotations

import copy
import math

import pytest
import torch

from mmpretrain.checkpoints.serialization import load, save
from mmpretrain.errors import CheckpointError
from mmpretrain.uncertainty.fitting import Settings, calibrate
from mmpretrain.uncertainty.intervals import calibrate_values
from mmpretrain.uncertainty.stored import (
    find_calibration,
    fingerprint,
    from_data,
    to_data,
    with_calibration,
)
from tests.uncertainty.cases import outputs, values

WEIGHTS = {"fc.weight": torch.arange(12.0).reshape(3, 4), "count": torch.tensor(3)}


@pytest.mark.parametrize("ood", ["energy", "mahalanobis", "layers", "knn", "none"])
def test_there_and_back(ood, tmp_path):
    settings = Settings(ood=ood, sets="raps", scaling="vector")
    calibration, _ = calibrate(outputs(), settings, fingerprint(WEIGHTS))
    content = {"state_dict": WEIGHTS, "meta": {"epoch": 3}, "optimizer": {"lr": 1}}
    save(with_calibration(content, calibration), tmp_path / "x.pth")
    read = load(tmp_path / "x.pth")
    assert list(read["state_dict"]) == list(WEIGHTS)
    assert (read["optimizer"], read["meta"]["epoch"]) == ({"lr": 1}, 3)
    found = find_calibration(read["meta"], read["state_dict"], "x.pth")
    assert found is not None
    others = outputs(seed=1)
    before, after = (one.judge(others.evidence) for one in (calibration, found))
    assert torch.equal(before.sets, after.sets)
    assert torch.equal(before.probs, after.probs)
    assert torch.equal(before.abstain, after.abstain)
    assert found.facts["settings"]["ood"] == ood


def test_other_weights(caplog):
    calibration, _ = calibrate(outputs(), weights=fingerprint(WEIGHTS))
    meta = with_calibration({}, calibration)["meta"]
    assert find_calibration(meta, WEIGHTS, "x.pth") is not None
    changed = {**WEIGHTS, "fc.weight": WEIGHTS["fc.weight"] + 1e-3}
    assert find_calibration(meta, changed, "x.pth") is None
    assert "made for other weights" in caplog.text
    assert find_calibration({}, WEIGHTS, "x.pth") is None


@pytest.mark.parametrize("ood", ["mahalanobis", "layers", "knn", "none"])
def test_intervals_there_and_back(ood, tmp_path):
    calibration, _ = calibrate_values(values(), Settings(ood=ood), fingerprint(WEIGHTS))
    save(with_calibration({"state_dict": WEIGHTS}, calibration), tmp_path / "x.pth")
    read = load(tmp_path / "x.pth")
    found = find_calibration(read["meta"], read["state_dict"], "x.pth")
    assert found is not None
    before, after = (one.judge(values(seed=1).evidence) for one in (calibration, found))
    assert torch.equal(before.ends, after.ends)
    assert torch.equal(before.abstain, after.abstain)


def _gaussians(means=(2, 3), axes=(3, 3), variance=1.0):
    fit = {"means": torch.ones(means), "axes": torch.ones(axes), "variances": torch.full((3,), variance)}
    return {"kind": "mahalanobis", "threshold": 1.0, "fits": [{**fit, "rest": 1.0}], "usual": [1.0]}


def _changed(path, value, calibration=None):
    data = copy.deepcopy(to_data(calibration or calibrate(outputs(100), Settings(ood="knn"))[0]))
    *way, last = path.split(".")
    inner = data
    for key in way:
        inner = inner[key]
    inner[last] = value
    return data


_INTERVALS = calibrate_values(values(100), Settings(ood="none"))[0]

HOSTILE = {
    "nothing": None,
    "a list": [1, 2],
    "numbers for names": {1: 2},
    "another version": _changed("version", 99),
    "no classes": _changed("classes", 0),
    "true for a number": _changed("classes", True),
    "a huge number": _changed("classes", 10**4000),
    "scores as text": _changed("sets.scores", "x" * 1000),
    "scores with nan": _changed("sets.scores", torch.tensor([0.5, math.nan])),
    "no scores": _changed("sets.scores", torch.zeros(0)),
    "scores on meta": _changed("sets.scores", torch.zeros(3, device="meta")),
    "sparse scores": _changed("sets.scores", torch.tensor([0.0, 1.0]).to_sparse()),
    "complex scores": _changed("sets.scores", torch.tensor([0j])),
    "scale of another model": _changed("scaling.weight", torch.ones(7)),
    "unknown sets": _changed("sets.kind", {"a": []}),
    "coverage": _changed("sets.coverage", 1.5),
    "coverage nan": _changed("sets.coverage", math.nan),
    "penalty": _changed("sets.strength", -1.0),
    "unknown detector": _changed("ood.kind", "__import__"),
    "no bank": _changed("ood.bank", None),
    "no list": _changed("ood.fits", {}),
    "no Gaussian": _changed("ood.kind", "mahalanobis"),
    "many Gaussians": _changed("ood.fits", [{}] * 10**5),
    "sizes of the detector": _changed("ood", _gaussians(axes=(3, 5))),
    "variance": _changed("ood", _gaussians(variance=0.0)),
    "threshold": _changed("ood.threshold", "high"),
    "no spread": _changed("spread", None, _INTERVALS),
    "a spread without axes": _changed("spread.weight", torch.tensor(1.0), _INTERVALS),
    "a spread of other sizes": _changed("spread.mean", torch.ones(3), _INTERVALS),
    "no deviation": _changed("spread.std", torch.zeros(8), _INTERVALS),
    "scores of other values": _changed("intervals.scores", torch.ones(3, 100), _INTERVALS),
    "few scores": _changed("intervals.scores", torch.ones(2, 3), _INTERVALS),
    "coverage of intervals": _changed("intervals.coverage", "all", _INTERVALS),
    "intervals as text": _changed("intervals", "wide", _INTERVALS),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_data(name, caplog):
    with pytest.raises(CheckpointError):
        from_data(HOSTILE[name])
    assert find_calibration({"calibration": HOSTILE[name]}, WEIGHTS, "x.pth") is None
    assert "left out" in caplog.text or HOSTILE[name] is None
