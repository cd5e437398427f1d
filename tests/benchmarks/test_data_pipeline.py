"""Data pipelines in turns."""

from __future__ import annotations

import sys

import pytest


def test_a_contender_that_ends_says_why(tmp_path):
    from data_pipeline import Contender

    contender = Contender("this", sys.executable, "packed", tmp_path)
    for _ in range(2):  # and not a broken pipe the second time
        with pytest.raises(RuntimeError, match=r"this ended: .*MissingFileError"):
            contender.time("train")
    contender.close()


def test_what_only_some_images_need_is_missing_like_the_rest(monkeypatch, tmp_path, capsys):
    import data_pipeline

    def builds(kind, name, files):
        def measure():
            raise ImportError("no decoder for small boxes")

        return measure

    monkeypatch.setattr(data_pipeline, "pipeline_seconds", builds)
    monkeypatch.setattr("cv2.setNumThreads", lambda count: None)
    monkeypatch.setattr("torch.set_num_threads", lambda count: None)
    monkeypatch.setattr("sys.stdin", ["train\n", "train\n"])
    data_pipeline.serve("mmpretrain", str(tmp_path))
    assert capsys.readouterr().out.count("no decoder for small boxes") == 2
