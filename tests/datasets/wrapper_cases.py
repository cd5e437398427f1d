"""What the tests of wrappers share."""

from __future__ import annotations

import json


def make(tmp_path, labels, name="a", classes=("x", "y", "z"), kind="BaseDataset"):
    items = [
        {"img_path": f"{name}{i}", "gt_label": label, "patient": f"p{i // 3}"}
        for i, label in enumerate(labels)
    ]
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps({"metainfo": {"classes": list(classes)}, "data_list": items}))
    return dict(type=kind, ann_file=str(path))
