"""The findings of an audit in a report."""

from __future__ import annotations

import numpy as np
import pytest

from mmpretrain.errors import DataError, MissingFileError
from mmpretrain.reports.audits import read_audit

HEAD = "kind,part,name,class,suggested,other,score,detail\n"
ROWS = "leak,train,train/a/9.png,a,,val/a/1.png,2.0,equal files\nlabel,train,train/a/3.png,a,b,,1.5,\n"


def test_leaks_among_the_images_of_a_test(tmp_path):
    (tmp_path / "audit.csv").write_text("\ufeff" + HEAD + ROWS, encoding="utf-8")
    paths = ["/data/val/a/1.png", "/data/val/b/1.png", "/data/val/b/2.png"]
    facts = read_audit(tmp_path, paths, np.array([True, True, False]))
    assert facts.counts == {"leak": 1, "label": 1}
    assert (facts.leaked, facts.accuracy) == ((0,), 50)
    nothing = read_audit(tmp_path / "audit.csv", paths[1:], np.array([True, False]))
    assert nothing.leaked == ()
    assert np.isnan(nothing.accuracy)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "\x00", HEAD.replace("kind", "kinds")])
def test_other_files(tmp_path, text):
    (tmp_path / "audit.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="no table of an audit"):
        read_audit(tmp_path, [], np.zeros(0, bool))


def test_bytes_and_nothing(tmp_path):
    (tmp_path / "audit.csv").write_bytes(b"\xff\xfe\x00kind")
    with pytest.raises(DataError):
        read_audit(tmp_path, [], np.zeros(0, bool))
    with pytest.raises(MissingFileError):
        read_audit(tmp_path / "none", [], np.zeros(0, bool))
