"""The timm side of ``finetune_accuracy.py``: a careful fine-tune, run by a Python that has timm.

    python benchmarks/finetune_timm.py TASK.json

The task has the images of each part, the settings of the training, the weights and what they give for one
image. The last line of the output is the result.
"""

from __future__ import annotations

import copy
import importlib
import json
import sys
from pathlib import Path


def probe():
    """One image, the same everywhere."""
    import torch

    return torch.sin(torch.arange(3 * 96 * 96, dtype=torch.float32) / 7).view(1, 3, 96, 96)


def baseline(task: dict) -> None:
    """Fine-tune with timm; this runs in an environment that has it."""
    import torch
    from torch.utils.data import DataLoader, Dataset

    timm, data, optim = map(importlib.import_module, ("timm", "timm.data", "timm.optim"))
    device, workers = task["device"], task["workers"]
    classes = sorted({row["label"] for row in task["train"]})

    class Images(Dataset):
        def __init__(self, rows, transform):
            self.rows, self.transform = rows, transform

        def __len__(self):
            return len(self.rows)

        def __getitem__(self, index):
            from PIL import Image

            row = self.rows[index]
            return self.transform(Image.open(row["path"]).convert("RGB")), classes.index(row["label"])

    size, drawn = task["size"], task["drawn"]
    usual = {
        "input_size": (3, size, size),
        "mean": (127 / 255,) * 3,
        "std": (128 / 255,) * 3,
        "interpolation": "bicubic",
    }
    augment = data.create_transform(
        **usual, is_training=True, scale=(0.75 if drawn else 0.4, 1.0), hflip=0.0 if drawn else 0.5,
        color_jitter=0.0, auto_augment=None,
    )  # fmt: skip
    whole = data.create_transform(**usual, is_training=False, crop_pct=1.0)
    val, test = (DataLoader(Images(task[name], whole), 64, num_workers=workers) for name in ("val", "test"))
    torch.manual_seed(task["seed"])
    model = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    weights = list(torch.load(task["weights"], map_location="cpu").values())
    own = model.state_dict()
    assert [w.shape for w in weights] == [w.shape for w in own.values()], "the layouts differ"
    model.load_state_dict(dict(zip(own, weights)))
    with torch.inference_mode():
        difference = (model.eval()(probe()).flatten()[:50] - torch.tensor(task["logits"])).abs().max()
    assert difference < 1e-3, f"not the same network: {difference}"
    model.reset_classifier(len(classes))
    model = model.to(device, memory_format=torch.channels_last)
    train = DataLoader(
        Images(task["train"], augment), task["batch"], shuffle=True, num_workers=workers,
        persistent_workers=workers > 0,
    )  # fmt: skip
    lr = task["rate"] * (task["batch"] / 32) ** 0.5
    optimizer = torch.optim.AdamW(optim.param_groups_weight_decay(model, 0.05), lr=lr)
    steps = task["epochs"] * len(train)
    warm = max(1, round(0.05 * steps))
    shape = torch.optim.lr_scheduler.SequentialLR(
        optimizer,
        [
            torch.optim.lr_scheduler.LinearLR(optimizer, 0.01, total_iters=warm),
            torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps - warm, lr / 100),
        ],
        [warm],
    )
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    kept = (-1.0, None)
    for _ in range(task["epochs"]):
        model.train()
        for images, labels in train:
            optimizer.zero_grad()
            loss_of(model(images.to(device)), labels.to(device)).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            shape.step()
        score = _accuracy(model, val, device)
        if score >= kept[0]:
            kept = (score, copy.deepcopy(model.state_dict()))
    last = _accuracy(model, test, device)
    model.load_state_dict(kept[1])
    print(json.dumps({"accuracy": _accuracy(model, test, device), "val": kept[0], "last": last}))


def _accuracy(model, loader, device: str) -> float:
    import torch

    model.eval()
    with torch.inference_mode():
        right = [(model(images.to(device)).argmax(1).cpu() == labels).float() for images, labels in loader]
    return 100 * torch.cat(right).mean().item()


if __name__ == "__main__":
    baseline(json.loads(Path(sys.argv[1]).read_text()))
