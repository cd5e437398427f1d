"""``mmpretrain analyze-logs`` prints what MMPretrain 1.2's script prints."""

from __future__ import annotations

import pytest

from tests.analysis.test_logs import LOG
from tests.cli.commands import call


def test_times(capsys):
    done = call(capsys, "analyze_logs", "cal_train_time", LOG)
    assert done.code == 0, done.err
    assert done.out == (
        f"-----Analyze train time of {LOG}-----\n"
        "slowest epoch 4, average time is 0.0491\n"
        "fastest epoch 2, average time is 0.0373\n"
        "time std over epochs is 0.0044\n"
        "average iter time: 0.0450 s/iter\n\n"
    )
    done = call(capsys, "analyze-logs", "cal_train_time", LOG, "--include-outliers")
    assert "slowest epoch 1, average time is 0.0565\n" in done.out


def test_a_picture(capsys, tmp_path):
    out = tmp_path / "curve.png"
    words = ["plot_curve", LOG, LOG, "--keys", "loss", "accuracy/top1", "--legend", "a", "b", "c", "d"]
    done = call(capsys, "analyze-logs", *words, "--out", out, "--title", "both", "--window-size", "5*4")
    assert done.code == 0, done.err
    assert out.read_bytes().startswith(b"\x89PNG")
    assert done.out.splitlines()[-1] == f"save curve to: {out}"
    assert f"plot curve of {LOG}, metric is accuracy/top1" in done.out


def test_the_terminal(capsys):
    done = call(capsys, "analyze-logs", "plot_curve", LOG)
    assert (done.code, "loss by iteration" in done.out, "│" in done.out) == (0, True, True)


@pytest.mark.parametrize(
    "words",
    [
        ["plot_curve", "missing.json"],
        ["plot_curve", LOG, "--keys", "los"],
        ["plot_curve", LOG, "--legend", "a", "b"],
        ["plot_curve", LOG, "--out", "a.txt"],
        ["plot_curve", LOG, "--window-size", "big"],
        ["cal_train_time", "missing.json"],
    ],
)
def test_bad_input_is_one_sentence(capsys, words):
    done = call(capsys, "analyze-logs", *words)
    assert (done.code, done.err.count("\n")) == (2, 1), done.err
