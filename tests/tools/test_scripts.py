"""Every script of 1.x and 0.x is there under its old path, and is the command that took over."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from mmpretrain.cli import main
from mmpretrain.cli.names import modern

ROOT = Path(__file__).parents[2]
#: Scripts with more to them than a command.
OTHERS = {"look.py", "zoo_table.py", "draw.py", "record_finetune.py"}
GONE = sorted([*ROOT.glob("tools/torchserve/*.py"), *ROOT.glob("tools/deployment/*.py")])
#: Converters of weights for multi-modal models, which are not there yet.
NOT_YET = [
    ROOT / "tools/model_converters" / name
    for name in ("llava-delta2mmpre.py", "ofa.py", "openai-clip_to_mmpretrain-clip.py", "otter2mmpre.py",
                 "ram2mmpretrain.py")
]  # fmt: skip
SCRIPTS = [
    path for path in sorted([*ROOT.glob("tools/**/*.py"), *ROOT.glob("demo/*.py")])
    if path.name not in OTHERS and path not in GONE and path not in NOT_YET
]  # fmt: skip
#: Paths that users have in their notes.
KNOWN = """
    demo/image_demo.py tools/train.py tools/test.py tools/kfold-cross-valid.py tools/get_flops.py
    tools/publish_model.py tools/analysis_tools/analyze_logs.py tools/analysis_tools/analyze_results.py
    tools/analysis_tools/confusion_matrix.py tools/analysis_tools/eval_metric.py
    tools/analysis_tools/get_flops.py tools/analysis_tools/shape_bias.py tools/misc/print_config.py
    tools/misc/verify_dataset.py tools/model_converters/publish_model.py
    tools/model_converters/reparameterize_model.py tools/model_converters/clip_to_mmpretrain.py
    tools/visualization/browse_dataset.py tools/visualization/vis_cam.py tools/visualization/vis_scheduler.py
    tools/visualization/vis_tsne.py tools/visualizations/vis_pipeline.py tools/visualizations/vis_lr.py
    tools/dataset_converters/convert_inaturalist.py tools/dataset_converters/convert_imagenet_subsets.py
""".split()


def test_they_are_there():
    assert {str(path.relative_to(ROOT)) for path in SCRIPTS} >= set(KNOWN)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_hands_its_words_to_a_command(path, monkeypatch):
    called = []
    monkeypatch.setattr(main, "entry_point", called.append)
    monkeypatch.setattr(sys, "argv", [str(path), "a", "--b"])
    runpy.run_path(str(path), run_name="__main__")
    ((command, *words),) = called
    assert words[-2:] == ["a", "--b"]
    assert command in main.COMMAND_NAMES


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_name_of_each_is_understood(path):
    """So that `mim run mmpretrain NAME` works."""
    assert modern(path.stem, main.COMMAND_NAMES)[0] in main.COMMAND_NAMES


@pytest.mark.parametrize("path", [*GONE, *NOT_YET], ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_gone_says_so(path):
    done = subprocess.run([sys.executable, path, "a", "--b"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert ("has been replaced" if path in GONE else "is not implemented here yet") in done.stderr


def test_print_config(capsys, monkeypatch):
    words = ["configs/lenet/lenet5_mnist.py", "--cfg-options", "model.head.topk=(1,)"]
    monkeypatch.setattr(sys, "argv", ["print_config.py", *words])
    with pytest.raises(SystemExit):
        runpy.run_path(str(ROOT / "tools" / "misc" / "print_config.py"), run_name="__main__")
    out = capsys.readouterr().out
    assert "type='LeNet5'" in out
    assert "default_hooks = dict(" in out
    assert "topk=(1, )" in out or "topk=(1,)" in out
