"""Tiny file trees in the layout of each public data set, and the configs that read them."""

from __future__ import annotations

import gzip
import json
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _images(root: Path, *names: str) -> None:
    _write(root, dict.fromkeys(names, ""))


def _mat(path: Path, content: dict[str, Any]) -> None:
    from scipy.io import savemat

    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, content)


def _structs(rows: list[dict[str, Any]]) -> np.ndarray:
    array = np.zeros(len(rows), dtype=[(key, object) for key in rows[0]])
    for i, row in enumerate(rows):
        for key, value in row.items():
            array[i][key] = value
    return array


def folders(root: Path) -> None:
    _images(
        root, "train/a/1.jpg", "train/a/sub/2.PNG", "train/b c/3.jpeg", "train/b c/x.txt", "val/b c/4.jpg"
    )
    (root / "val/a").mkdir()
    _write(root, {"meta/train.txt": "b c/3.jpeg 1\na/1.jpg 0\n", "meta/list.txt": "1.jpg\nx/2.jpg\n"})


def imagenet(root: Path) -> None:
    _images(root, "train/n01440764/1.JPEG", "val/v1.JPEG", "test/t1.JPEG", "test/t2.JPEG")
    _write(root, {"meta/train.txt": "n01440764/1.JPEG 0\n", "meta/val.txt": "v1.JPEG 65\n"})


def openmmlab(root: Path) -> None:
    items = [{"img_path": f"{i}.jpg", "gt_label": i} for i in range(3)]
    multi = [{"img_path": f"{i}.jpg", "gt_label": list(range(i))} for i in range(3)]
    tasks = [{"img_path": "a/0.jpg", "gt_label": {"gender": 0, "wear": [1, 0]}}]
    metainfo = {"classes": ["x", "y", "z"]}
    _write(
        root,
        {
            "ann.json": json.dumps({"metainfo": metainfo, "data_list": items}),
            "multi.json": json.dumps({"metainfo": metainfo, "data_list": multi}),
            "tasks.json": json.dumps({"metainfo": {"tasks": ["gender", "wear"]}, "data_list": tasks}),
        },
    )


def voc(root: Path) -> None:
    def xml(*objects: tuple[str, int]) -> str:
        items = (f"<object><name>{n}</name><difficult>{d}</difficult></object>" for n, d in objects)
        return f"<annotation>{''.join(items)}</annotation>"

    _write(
        root,
        {
            "ImageSets/Main/trainval.txt": "000005\n000007\n",
            "ImageSets/Main/test.txt": "000001\n",
            "Annotations/000005.xml": xml(("chair", 0), ("aeroplane", 0), ("chair", 1), ("unknown", 0)),
            "Annotations/000007.xml": xml(("car", 0)),
            "Annotations/000001.xml": xml(("dog", 0), ("person", 0)),
        },
    )


def cub(root: Path) -> None:
    _write(
        root,
        {
            "images.txt": "1 001.A/x.jpg\n2 002.B/y.jpg\n3 002.B/z.jpg\n",
            "image_class_labels.txt": "1 1\n2 2\n3 2\n",
            "train_test_split.txt": "1 1\n2 0\n3 1\n",
        },
    )


def listed(root: Path) -> None:
    _write(
        root,
        {
            "caltech/meta/train.txt": "accordion/image_0001.jpg 0\nairplanes/image_0002.jpg 1\n",
            "caltech/meta/test.txt": "ant/image_0003.jpg 2\n",
            "food/meta/train.txt": "apple_pie/1005649\nwaffles/7\n",
            "food/meta/test.txt": "baklava/1\n",
            "aircraft/data/images_variant_trainval.txt": "1025794 707-320\n0056978 A340-300\n",
            "aircraft/data/images_variant_test.txt": "1514522 Model B200\n1 Global Express\n",
            "pet/annotations/trainval.txt": "Abyssinian_100 1 1 1\nyorkshire_terrier_9 37 2 25\n",
            "pet/annotations/test.txt": "Bengal_1 6 1 5\n",
            "sun/Partitions/Training_01.txt": "/a/abbey/sun_x.jpg\n/a/apse/indoor/sun_y.jpg\n",
            "sun/Partitions/Testing_01.txt": "/y/yard/sun_z.jpg\n",
            "shop/Eval/list_eval_partition.txt": (
                "6\nimage_name item_id evaluation_status\n"
                "img/a.jpg id_1 train\nimg/b.jpg id_2 train\nimg/c.jpg id_1 train\n"
                "img/d.jpg id_7 query\nimg/e.jpg id_7 gallery\nimg/f.jpg id_8 gallery\n"
                "img/g.jpg id_7 gallery\n"
            ),
            "places/list.txt": "a/abbey/1.jpg 0\ny/yard/2.jpg 204\n",
            "nlvr2/dev.json": "".join(
                json.dumps({"identifier": f"dev-{i}-1-0", "sentence": f"s{i}", "label": label}) + "\n"
                for i, label in enumerate(["True", "False"])
            ),
        },
    )


def matlab(root: Path) -> None:
    names = ["banded/1.jpg", "blotchy/2.jpg", "braided/3.jpg", "bubbly/4.jpg"]
    images = {"name": np.array(names, object), "class": [1, 2, 3, 4], "set": [1, 2, 3, 1]}
    _mat(root / "dtd/imdb/imdb.mat", {"images": images})
    _mat(root / "flowers/imagelabels.mat", {"labels": [[3, 1, 102, 7]]})
    _mat(root / "flowers/setid.mat", {"trnid": [[2, 1]], "valid": [[4, 3]], "tstid": [[3, 1]]})
    both = [
        {"relative_im_path": f"car_ims/{i}.jpg", "class": i + 1, "test": i % 2, "bbox_x1": 3}
        for i in range(4)
    ]
    _mat(root / "cars/cars_annos.mat", {"annotations": _structs(both)})
    plain = [{"fname": f"{i:05d}.jpg", "class": 196 - i, "bbox_x1": 3} for i in range(2)]
    _mat(root / "cars2/devkit/cars_train_annos.mat", {"annotations": _structs(plain)})
    _mat(root / "cars2/devkit/cars_test_annos_withlabels.mat", {"annotations": _structs(plain[::-1])})


def arrays(root: Path) -> None:
    rng = np.random.default_rng(0)
    for prefix, count in (("train", 3), ("t10k", 2)):
        images = rng.integers(0, 256, (count, 28, 28), np.uint8)
        labels = np.arange(count, dtype=np.uint8) + 5
        for name, array in ((f"{prefix}-images-idx3-ubyte", images), (f"{prefix}-labels-idx1-ubyte", labels)):
            data = struct.pack(f">I{array.ndim}I", 0x0800 + array.ndim, *array.shape) + array.tobytes()
            (root / "mnist").mkdir(exist_ok=True)
            (root / "mnist" / name).write_bytes(data)
            (root / "mnist" / f"{name}.gz").write_bytes(gzip.compress(data, mtime=0))
    for folder, parts, key in (
        ("cifar-10-batches-py", ["data_batch_1", "data_batch_2", "test_batch"], "labels"),
        ("cifar-100-python", ["train", "test"], "fine_labels"),
    ):
        (root / "cifar" / folder).mkdir(parents=True)
        for i, part in enumerate(parts):
            batch = {"data": rng.integers(0, 256, (2, 3072), np.uint8), key: [i, i + 1]}
            (root / "cifar" / folder / part).write_bytes(pickle.dumps(batch, protocol=2))


TREES = (folders, imagenet, openmmlab, voc, cub, listed, matlab, arrays)


def build(root: Path) -> None:
    """Make all trees, each in a folder of its name."""
    for tree in TREES:
        (root / tree.__name__).mkdir(parents=True)
        tree(root / tree.__name__)


def cases(root: Path) -> dict[str, dict[str, Any]]:
    """Configs of data sets over the trees below ``root``, by a name for each."""
    at = str(root)
    cifar = {"data_root": f"{at}/arrays/cifar", "download": False}
    found = {
        "custom folders": dict(type="CustomDataset", data_root=f"{at}/folders", data_prefix="train"),
        "custom file": dict(
            type="CustomDataset", data_root=f"{at}/folders", data_prefix="train", ann_file="meta/train.txt"
        ),
        "custom unlabelled": dict(type="CustomDataset", data_prefix=f"{at}/folders/train", with_label=False),
        "custom unlabelled file": dict(
            type="CustomDataset", data_root=f"{at}/folders", ann_file="meta/list.txt", with_label=False
        ),
        "imagenet train": dict(type="ImageNet", data_root=f"{at}/imagenet", split="train"),
        "imagenet val": dict(type="ImageNet", data_root=f"{at}/imagenet", split="val"),
        "imagenet test": dict(type="ImageNet", data_root=f"{at}/imagenet", split="test"),
        "imagenet old": dict(
            type="ImageNet", data_prefix=f"{at}/imagenet/train", ann_file=f"{at}/imagenet/meta/train.txt"
        ),
        "imagenet21k": dict(type="ImageNet21k", data_root=f"{at}/folders", split="train"),
        "places": dict(type="Places205", data_root=f"{at}/listed/places", ann_file="list.txt"),
        "base": dict(type="BaseDataset", data_root=f"{at}/openmmlab", ann_file="ann.json", data_prefix="img"),
        "multi-label": dict(type="MultiLabelDataset", data_root=f"{at}/openmmlab", ann_file="multi.json"),
        "multi-task": dict(type="MultiTaskDataset", data_root=f"{at}/openmmlab", ann_file="tasks.json"),
        "voc trainval": dict(type="VOC", data_root=f"{at}/voc"),
        "voc test": dict(type="VOC", data_root=f"{at}/voc", split="test", test_mode=True),
        "voc test unlabelled": dict(
            type="VOC", data_root=f"{at}/voc", split="test", test_mode=True, data_prefix="JPEGImages"
        ),
        "cub train": dict(type="CUB", data_root=f"{at}/cub"),
        "cub test": dict(type="CUB", data_root=f"{at}/cub", split="test", test_mode=True),
        "inshop train": dict(type="InShop", data_root=f"{at}/listed/shop"),
        "inshop query": dict(type="InShop", data_root=f"{at}/listed/shop", split="query"),
        "inshop gallery": dict(type="InShop", data_root=f"{at}/listed/shop", split="gallery"),
        "nlvr2": dict(
            type="NLVR2", data_root=f"{at}/listed/nlvr2", ann_file="dev.json", data_prefix="images/dev"
        ),
        "mnist train": dict(type="MNIST", data_root=f"{at}/arrays/mnist", download=False),
        "mnist test": dict(type="MNIST", data_root=f"{at}/arrays/mnist", split="test", test_mode=True),
        "fashion": dict(type="FashionMNIST", data_prefix=f"{at}/arrays/mnist", test_mode=True),
        "cifar10 train": dict(type="CIFAR10", **cifar),
        "cifar10 test": dict(type="CIFAR10", split="test", test_mode=True, **cifar),
        "cifar100 train": dict(type="CIFAR100", **cifar),
        "stanford cars merged train": dict(type="StanfordCars", data_root=f"{at}/matlab/cars"),
        "stanford cars merged test": dict(type="StanfordCars", data_root=f"{at}/matlab/cars", split="test"),
        "stanford cars train": dict(type="StanfordCars", data_root=f"{at}/matlab/cars2"),
        "stanford cars test": dict(type="StanfordCars", data_root=f"{at}/matlab/cars2", split="test"),
    }
    for kind, folder, splits in (
        ("Caltech101", "listed/caltech", ("train", "test")),
        ("Food101", "listed/food", ("train", "test")),
        ("FGVCAircraft", "listed/aircraft", ("trainval", "test")),
        ("OxfordIIITPet", "listed/pet", ("trainval", "test")),
        ("SUN397", "listed/sun", ("train", "test")),
        ("DTD", "matlab/dtd", ("train", "val", "trainval", "test")),
        ("Flowers102", "matlab/flowers", ("train", "val", "trainval", "test")),
    ):
        for split in splits:
            found[f"{kind} {split}"] = dict(type=kind, data_root=f"{at}/{folder}", split=split)
    return found


def summary(dataset: Any, root: Path) -> dict[str, Any]:
    """What is compared: records with arrays as their shape and sum, the number of classes, the flags."""

    def plain(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace(str(root), "ROOT")
        if isinstance(value, np.ndarray) and value.ndim:
            return {"shape": list(value.shape), "sum": int(value.sum())}
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(item) for item in value]
        return int(value) if isinstance(value, (np.ndarray, np.integer)) else value

    def record(i: int) -> dict[str, Any]:
        info = dataset.get_data_info(i) if hasattr(dataset, "get_data_info") else dataset.data_list[i]
        info = {"sample_idx": i, **plain(info)}
        if isinstance(info.get("gt_label"), list):  # VOC has them in the order of a set there
            info["gt_label"].sort()
        return info

    classes = dataset.metainfo.get("classes")
    return {
        "records": [record(i) for i in range(len(dataset))],
        "classes": None if classes is None else [len(classes), classes[0], classes[-1]],
        "test_mode": dataset.test_mode,
    }
