"""``mmpretrain eval-metric`` gives what MMPretrain 1.2's script gives."""

from __future__ import annotations

import json
import pickle

import pytest

from tests.analysis.test_results import REFERENCE, digits
from tests.cli.commands import call


@pytest.fixture
def result(tmp_path):
    path = tmp_path / "result.pkl"
    path.write_bytes(pickle.dumps(digits()))
    return path


def test_values(capsys, result, tmp_path):
    out = tmp_path / "metrics.json"
    words = [
        "--metric",
        "type=Accuracy",
        "topk=1,5",
        "--metric",
        "type=SingleLabelMetric",
        "items=recall,support",
    ]
    done = call(capsys, "eval_metric", result, *words, "average=None", "--out", out)
    assert done.code == 0, done.err
    values = json.loads(out.read_text())
    for name in ("accuracy/top1", "accuracy/top5", "single-label/recall_classwise"):
        assert values[name] == pytest.approx(REFERENCE[name])
    assert values["single-label/support_classwise"] == [35, 36, 35, 36, 36, 36, 36, 35, 34, 36]
    assert "accuracy/top5" in done.out


def test_the_result_may_come_last(capsys, result):
    done = call(capsys, "eval-metric", "--metric", "type=Accuracy", "topk=1", result)
    assert (done.code, "accuracy/top1" in done.out) == (0, True)


def test_a_metric_may_be_a_name_alone(capsys, result):
    whole, name = (
        call(capsys, "eval-metric", result, "--metric", word) for word in ("type=Accuracy", "Accuracy")
    )
    assert name.code == 0
    assert name.out == whole.out


def test_metrics_of_a_config_and_by_name(capsys, result):
    done = call(capsys, "eval-metric", "lenet5_digits", result)
    assert "accuracy/top1" in done.out
    done = call(capsys, "eval-metric", "lenet5_digits", result, "--metrics", "precision", "accuracy")
    assert (done.code, "single-label/precision" in done.out, "accuracy/top1" in done.out) == (0, True, True)


def test_nothing_is_overwritten(capsys, result, tmp_path):
    (tmp_path / "a.json").write_text("mine")
    done = call(capsys, "eval-metric", result, "--metric", "type=Accuracy", "--out", tmp_path / "a.json")
    assert (done.code, (tmp_path / "a.json").read_text()) == (2, "mine")
    assert "add --force" in done.err


@pytest.mark.parametrize(
    "words",
    [[], ["--metric", "topk=1"], ["--metric", "type=Acuracy"], ["--metric", "type=Accuracy", "tpk=1"]],
)
def test_bad_metrics_are_one_sentence(capsys, result, words):
    done = call(capsys, "eval-metric", result, *words)
    assert (done.code, done.err.count("\n")) == (2, 1), done.err
