"""Predictions that were saved, compared with what MMPretrain 1.2's tools make of them."""

from __future__ import annotations

import gzip
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from mmpretrain.analysis import results
from mmpretrain.errors import DataError

DATA = Path(__file__).parent / "data"
REFERENCE = json.loads((DATA / "digits_reference.json").read_text())


def digits():
    """The predictions of a LeNet that MMPretrain 1.2 trained, for 355 digits."""
    with np.load(DATA / "digits_predictions.npz") as content:
        scores, labels = content["scores"], content["labels"]
    return [
        {
            "pred_score": torch.from_numpy(row),
            "pred_label": torch.tensor([row.argmax()]),
            "gt_label": torch.tensor([label]),
            "sample_idx": index,
        }
        for index, (row, label) in enumerate(zip(scores, labels.astype(np.int64)))
    ]


def test_a_file_of_the_reference(tmp_path):
    path = tmp_path / "result.pkl"
    path.write_bytes(gzip.decompress((DATA / "result_1x.pkl.gz").read_bytes()))
    records = results.load_results(path)
    assert len(records) == 5
    for own, other in zip(records, digits()):
        torch.testing.assert_close(own["pred_score"], other["pred_score"], rtol=0, atol=0)
        assert own["gt_label"].equal(other["gt_label"])
    assert records[0]["img_path"] == "digits/val/0/0001.png"
    assert records[0]["scale_factor"] == (4.0, 4.0)


def test_right_and_wrong():
    found = results.verdicts(digits())
    assert sum(verdict.right for verdict in found) / 355 * 100 == pytest.approx(REFERENCE["accuracy/top1"])
    for name, right in (("success", True), ("fail", False)):
        chosen = results.select(found, right=right, count=3, order="lowest")
        assert [verdict.index for verdict in chosen] == REFERENCE["lowest"][name]
    surest = results.select(found, right=False, count=2)
    assert [verdict.index for verdict in surest] == [65, 159]
    assert surest[0].score == pytest.approx(0.75413, abs=1e-5)


@pytest.mark.parametrize("suffix", ["pkl", "json"])
def test_files_of_0x(tmp_path, suffix):
    content = {"class_scores": [[0.1, 0.9], [0.8, 0.2]], "pred_label": [1, 0], "accuracy_top-1": 50.0}
    path = tmp_path / f"result.{suffix}"
    path.write_bytes(pickle.dumps(content) if suffix == "pkl" else json.dumps(content).encode())
    records = results.load_results(path)

    class Data:
        def __len__(self):
            return 2

        def get_data_info(self, index):
            return {"gt_label": 1, "img_path": f"{index}.png"}

    results.add_labels(records, Data())
    assert [verdict.right for verdict in results.verdicts(records)] == [True, False]
    assert records[1]["img_path"] == "1.png"
    with pytest.raises(DataError, match="1 predictions for a data set of 2"):
        results.add_labels([{}], Data())


def test_several_labels():
    records = [{"pred_score": torch.tensor([0.2, 0.8, 0.1]), "gt_label": torch.tensor([1, 2])}]
    assert results.verdicts(records)[0].right


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "holds no predictions"),
        ({"a": 1}, "holds no predictions"),
        ([1, 2], "holds no predictions"),
        ([{"pred_score": "x"}], "no array of numbers"),
        ([{"gt_score": np.array([1 + 2j])}], "no array of numbers"),
        ({"class_scores": np.array(0.5), "pred_label": np.array(5)}, "holds no predictions"),
        ([{"pred_score": [[1], [1, 2]]}], "no array of numbers"),
    ],
)
def test_other_files(tmp_path, content, message):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(DataError, match=message):
        results.load_results(tmp_path / "a.pkl")


def test_predictions_without_scores_or_labels():
    with pytest.raises(DataError, match="prediction 0 has no scores"):
        results.verdicts([{"gt_label": torch.tensor([1])}])
    with pytest.raises(DataError, match="prediction 0 has no label"):
        results.verdicts([{"pred_score": torch.ones(2)}])


def test_records(tmp_path):
    from mmpretrain.evaluation.record import Record

    Record(np.array([[0.25, 0.75]], np.float32), np.array([1]), ("x.png",)).save(tmp_path / "20260101_000000")
    for path in (tmp_path, tmp_path / "20260101_000000" / "predictions.npz"):
        (sample,) = results.load_results(path)
        assert sample["gt_label"].tolist() == [1]
        assert sample["img_path"] == "x.png"


def test_the_record_of_a_test(tmp_path):
    from mmpretrain.evaluation.record import record_of

    log = tmp_path / "run" / "20260101_000000"
    record_of(digits(), {"classes": [str(n) for n in range(10)]}).save(log)
    for folder in (log, tmp_path / "run"):
        found = results.verdicts(results.load_results(folder))
        assert [verdict.index for verdict in results.select(found, right=False, count=2)] == [65, 159]


def test_results_of_several_tasks_have_their_labels(tmp_path):
    """Those of the data set, one mapping per sample, are no label; what is no array of scores is said."""
    task = {"pred_score": torch.tensor([0.2, 0.8]), "eval_mask": True, "gt_label": torch.tensor([1])}
    path = tmp_path / "result.pkl"
    path.write_bytes(pickle.dumps([{"colour": task}, {"colour": {**task, "eval_mask": False}}]))
    records = results.load_results(path)
    results.add_labels(records, None)
    assert set(records[0]) == {"colour"}
    path.write_bytes(pickle.dumps([{"pred_score": {"a": 1}, "gt_label": torch.tensor([1])}]))
    with pytest.raises(DataError, match="pred_score is no array of numbers"):
        results.load_results(path)


SOUND = {"pred_score": torch.tensor([0.2, 0.8]), "gt_label": torch.tensor([1])}


@pytest.mark.parametrize(
    ("odd", "message"),
    [
        (
            {"pred_score": torch.ones(3)},
            r"pred_score of sample 0 has shape \(2,\), that of sample 1 has shape",
        ),
        ({"pred_score": None}, "that of sample 1 is missing"),
        ({"gt_label": None}, "gt_label of sample 0 has shape .* sample 1 is missing"),
        ({"gt_label": torch.tensor([0.5])}, "gt_label of sample 1 is no class index"),
    ],
)
def test_samples_must_be_alike(tmp_path, odd, message):
    path = tmp_path / "result.pkl"
    sample = {key: value for key, value in {**SOUND, **odd}.items() if value is not None}
    path.write_bytes(pickle.dumps([SOUND, sample]))
    with pytest.raises(DataError, match=message):
        results.load_results(path)


def test_one_axis(tmp_path):
    path = tmp_path / "result.pkl"
    path.write_bytes(pickle.dumps([{**SOUND, "pred_score": torch.ones(2, 2)}]))
    with pytest.raises(DataError, match=r"pred_score of sample 0 .* must have one axis"):
        results.load_results(path)


def test_data_samples_as_1_2_pickles_them():
    """``pickle.dump`` of what ``model.val_step`` returned: three samples of three classes."""
    found = results.load_results(DATA / "samples_of_1.2.pkl")
    assert [sample["img_path"] for sample in found] == ["0.jpg", "1.jpg", "2.jpg"]
    assert [sample["gt_label"].tolist() for sample in found] == [[0], [1], [2]]
    expected = [[0.4963, 0.7682, 0.0885], [0.1320, 0.3074, 0.6341], [0.4901, 0.8964, 0.4556]]
    assert torch.stack([sample["pred_score"] for sample in found]).numpy() == pytest.approx(
        np.array(expected), abs=1e-4
    )
