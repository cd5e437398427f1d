"""A run by iteration for 0.x logs as it did."""

from __future__ import annotations

import json


def test_lines(old_run):
    runner = old_run.train(
        "runner = dict(type='IterBasedRunner', max_iters=12)\n"
        "checkpoint_config = dict(interval=12)\n"
        "evaluation = dict(interval=12, metric='accuracy', metric_options=dict(topk=(1, )))\n"
        "log_config = dict(interval=4)\n"
    )
    assert runner.iter == 12
    lines = [line for line in old_run.lines.splitlines() if line.startswith("Iter")]
    assert {"Iter [4/12]", "Iter [8/12]", "Iter [12/12]"} <= {line.partition("  ")[0] for line in lines}
    assert any(line.startswith("Iter(val) [2/2]") for line in lines)
    (file,) = old_run.folder.glob("work/*/vis_data/scalars.json")
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row["step"] for row in rows][-4:] == [4, 8, 12, 12]
