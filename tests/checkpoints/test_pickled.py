"""Pickles with tensors are read as data, and nothing in them runs."""

from __future__ import annotations

import io
import os
import pickle

import numpy as np
import pytest
import torch

from mmpretrain.checkpoints import pickled
from mmpretrain.errors import DataError, MissingFileError


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(
    "tensor",
    [
        torch.arange(6.0).reshape(2, 3),
        torch.tensor([3]),
        torch.zeros(0),
        torch.tensor(1.5),
        torch.arange(10)[2:7:2],
        torch.rand(3, 4).T,
        torch.tensor([True, False]),
        torch.ones(3, dtype=torch.bfloat16),
        torch.arange(70_000, dtype=torch.int16),
    ],
)
def test_tensors(tensor, protocol):
    found = pickled.loads(pickle.dumps({"a": [tensor], "n": np.arange(3)}, protocol=protocol))
    assert found["a"][0].dtype == tensor.dtype
    assert found["a"][0].equal(tensor)
    assert found["n"].tolist() == [0, 1, 2]


def test_the_usual_form_is_what_torch_writes(monkeypatch):
    """So that large files of results do not take the long way."""
    monkeypatch.setattr(pickled, "read_storage", lambda data: pytest.fail("took the long way"))
    for size in (1, 300, 70_000):
        assert pickled.loads(pickle.dumps(torch.ones(size))).sum() == size


def test_numbers_that_are_not_there():
    buffer = io.BytesIO(pickle.dumps(torch.ones(5)))
    data = buffer.getvalue()
    at = data.index(b"\x05\0\0\0\0\0\0\0")
    with pytest.raises(ValueError, match="claims"):
        pickled.loads(data[:at] + b"\xff\xff\xff\xff\0\0\0\0" + data[at + 8 :])


class Evil:
    def __reduce__(self):
        return os.system, ("touch /tmp/should-not-exist",)


def test_nothing_runs(tmp_path):
    (tmp_path / "evil.pkl").write_bytes(pickle.dumps([Evil()]))
    with pytest.raises(DataError, match="not data"):
        pickled.load(tmp_path / "evil.pkl")
    (tmp_path / "cut.pkl").write_bytes(pickle.dumps(torch.ones(50))[:-30])
    with pytest.raises(DataError, match="no pickle of plain data"):
        pickled.load(tmp_path / "cut.pkl")
    with pytest.raises(MissingFileError):
        pickled.load(tmp_path / "missing.pkl")


def test_samples_become_their_fields():
    """Those of several tasks, too, and however often the pickle names one of them; others stay refused."""
    from mmpretrain.structures import DataSample, MultiTaskDataSample

    one = DataSample(metainfo={"img_path": "a.png"}).set_pred_score([0.25, 0.75]).set_gt_label(1)
    tasks = MultiTaskDataSample(colour=one, inner=MultiTaskDataSample(size=one))
    plain, again, nested = pickled.loads(pickle.dumps([one, one, tasks]))
    assert set(plain) == {"img_path", "num_classes", "pred_score", "gt_label"}
    assert plain["pred_score"].tolist() == [0.25, 0.75]
    assert again is plain
    assert nested["colour"]["gt_label"].tolist() == nested["inner"]["size"]["gt_label"].tolist() == [1]
    with pytest.raises(ValueError, match="objects that are not data"):
        pickled.loads(pickle.dumps([{"x": one}]))


def test_samples_without_end():
    from mmpretrain.structures import MultiTaskDataSample

    sample = MultiTaskDataSample()
    sample.set_field(sample, "again")
    with pytest.raises(ValueError, match="nested too deeply"):
        pickled.loads(pickle.dumps([sample]))
