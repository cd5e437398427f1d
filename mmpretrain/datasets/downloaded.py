"""Small public data sets that are downloaded automatically: MNIST, Fashion-MNIST, CIFAR."""

from __future__ import annotations

import gzip
import os
import tarfile
from abc import abstractmethod
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from mmpretrain.datasets.base_dataset import BaseDataset
from mmpretrain.datasets.categories import load_categories
from mmpretrain.datasets.lazy_list import LazyList
from mmpretrain.datasets.records import ArrayColumn, Block, RecordTable, column_of
from mmpretrain.datasets.splits import check_split, warn_of_training_split
from mmpretrain.errors import ConfigError, DataError, MissingFileError
from mmpretrain.registry import DATASETS
from mmpretrain.utils.dist import barrier, is_main_process
from mmpretrain.utils.download import download, matches
from mmpretrain.utils.fileio import exists, is_local, join, read_bytes
from mmpretrain.utils.plain_data import load_pickle


class DownloadedDataset(BaseDataset):
    """Images in memory, downloaded when they are absent.

    Args:
        data_root: Folder that ``data_prefix`` is relative to.
        split: ``'train'`` or ``'test'``.
        metainfo: Information on the data set.
        download: Whether to download missing files.
        data_prefix: Folder of the data.
        test_mode: Whether this is for evaluation.
        **kwargs: Further arguments of :class:`BaseDataset`.
    """

    PLACE = "data_root"

    def __init__(
        self,
        data_root: str = "",
        split: str = "train",
        metainfo: Mapping[str, Any] | None = None,
        download: bool = True,
        data_prefix: str = "",
        test_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        check_split(split, ("train", "test"))
        if not data_root and not data_prefix:
            raise ConfigError(
                f"{type(self).__name__} needs data_root: the folder to find it in or download it to",
                key="data_root",
            )
        self.split = split
        self.download = download
        super().__init__(
            metainfo=metainfo,
            data_root=data_root,
            data_prefix={"root": data_prefix},
            test_mode=test_mode,
            **kwargs,
        )

    @property
    def root(self) -> str:
        """Folder of the data."""
        return self.data_prefix["root"]

    @abstractmethod
    def missing(self) -> list[str]:
        """Names of the files that are absent or damaged."""

    @abstractmethod
    def fetch(self) -> None:
        """Download what is missing."""

    @abstractmethod
    def read(self) -> tuple[np.ndarray, np.ndarray]:
        """Images (N, H, W) or (N, H, W, C), uint8, and labels (N,)."""

    def load_data_list(self) -> list[dict]:
        if is_main_process() and (missing := self.missing()):
            if not self.download or not is_local(self.root):
                raise MissingFileError(
                    f"{type(self).__name__} is not complete in {self.root!r}: no intact {', '.join(missing)}",
                    hint="Download them to there, or set download=True with a local folder.",
                )
            self.fetch()
        barrier()
        images, labels = self.read()
        table = {"img": ArrayColumn(Block(images)), "gt_label": column_of(labels.tolist())}
        return LazyList(RecordTable(table, len(labels)))

    def extra_repr(self) -> list[str]:
        return [f"Prefix of data: \t{self.root}"]


@DATASETS.register_module()
class MNIST(DownloadedDataset):
    """Handwritten digits, 28x28, grey (LeCun et al., 1998, http://yann.lecun.com/exdb/mnist/).

    The test split is read with ``split='test'`` or ``test_mode=True``. The arguments are those of
    :class:`DownloadedDataset`.
    """

    url_prefix: ClassVar[str] = "http://yann.lecun.com/exdb/mnist/"
    #: Further sources of the same files.
    mirrors: ClassVar[tuple[str, ...]] = ("https://ossci-datasets.s3.amazonaws.com/mnist/",)
    #: Images and labels: file name and MD5 sum.
    train_list = [
        ["train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"],
        ["train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"],
    ]
    test_list = [
        ["t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"],
        ["t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"],
    ]
    METAINFO = {"classes": load_categories("mnist")}

    def missing(self) -> list[str]:
        names = [name.removesuffix(".gz") for name, _ in self.train_list + self.test_list]
        return [name for name in names if not (exists(join(self.root, name)))]

    def fetch(self) -> None:
        absent = self.missing()
        for name, md5 in self.train_list + self.test_list:
            plain = name.removesuffix(".gz")
            if plain in absent:
                urls = [prefix + name for prefix in (self.url_prefix, *self.mirrors)]
                archive = download(urls, join(self.root, name), f"md5:{md5}")
                target = join(self.root, plain)
                with gzip.open(archive) as packed, open(f"{target}.part", "wb") as unpacked:
                    unpacked.write(packed.read())
                os.replace(f"{target}.part", target)

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        files = self.test_list if self.test_mode or self.split == "test" else self.train_list
        images, labels = (read_idx(join(self.root, name.removesuffix(".gz"))) for name, _ in files)
        return images, labels.astype(np.int64)


@DATASETS.register_module()
class FashionMNIST(MNIST):
    """Ten kinds of clothes, 28x28, grey (Xiao et al., 2017, https://github.com/zalandoresearch/fashion-mnist).

    The arguments are those of :class:`DownloadedDataset`.
    """

    url_prefix = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
    mirrors = ()
    train_list = [
        ["train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"],
        ["train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"],
    ]
    test_list = [
        ["t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"],
        ["t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"],
    ]
    METAINFO = {"classes": load_categories("fashionmnist")}


def read_idx(path: str) -> np.ndarray:
    """Read an array of bytes in the IDX format: two zeros, the type 8, the number of axes, their lengths."""
    data = read_bytes(path)
    if data[:3] != b"\0\0\x08" or not 1 <= data[3] <= 3:
        raise DataError(
            "This is not an IDX file of bytes", where=path, hint="Delete it to download it again."
        )
    header = 4 + 4 * data[3]
    shape = np.frombuffer(data[4:header].ljust(header - 4, b"\0"), ">u4").astype(int)
    if len(data) - header != shape.prod():
        raise DataError("The file is cut off", where=path, hint="Delete it to download it again.")
    return np.frombuffer(bytearray(data), np.uint8, offset=header).reshape(shape)


@DATASETS.register_module()
class CIFAR10(DownloadedDataset):
    """Ten classes of photos, 32x32 (Krizhevsky, 2009, https://www.cs.toronto.edu/~kriz/cifar.html).

    The arguments are those of :class:`DownloadedDataset`.
    """

    base_folder: ClassVar[str] = "cifar-10-batches-py"
    url: ClassVar[str] = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    filename: ClassVar[str] = "cifar-10-python.tar.gz"
    tgz_md5: ClassVar[str] = "c58f30108f718f92721af3b95e74349a"
    #: File name and MD5 sum.
    train_list = [
        ["data_batch_1", "c99cafc152244af753f735de768cd75f"],
        ["data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"],
        ["data_batch_3", "54ebc095f3ab1f0389bbae665268c751"],
        ["data_batch_4", "634d18415352ddfa80567beed471001a"],
        ["data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"],
    ]
    test_list = [["test_batch", "40351d587109b95175f43aff81a1287e"]]
    meta = {"filename": "batches.meta", "key": "label_names", "md5": "5ff9c542aee3614f3951f8cda6e48888"}
    #: Where a batch keeps its labels.
    label_key: ClassVar[str] = "labels"
    METAINFO = {"classes": load_categories("cifar10")}

    def __init__(
        self,
        data_root: str = "",
        split: str = "train",
        metainfo: Mapping[str, Any] | None = None,
        download: bool = True,
        data_prefix: str = "",
        test_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        warn_of_training_split(split, test_mode)
        super().__init__(data_root, split, metainfo, download, data_prefix, test_mode, **kwargs)

    def missing(self) -> list[str]:
        local = is_local(self.root)
        absent = []
        for name, md5 in self.train_list + self.test_list:
            path = join(self.root, self.base_folder, name)
            if not exists(path) or (local and md5 and not _is_intact(path, md5)):
                absent.append(name)
        return absent

    def fetch(self) -> None:
        archive = download(self.url, join(self.root, self.filename), f"md5:{self.tgz_md5}")
        with tarfile.open(archive) as tar:
            tar.extractall(self.root, filter="data")
        if missing := self.missing():
            raise DataError(f"{archive} does not hold intact {', '.join(missing)}", hint="Delete it.")

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        images, labels = [], []
        for name, _ in self.train_list if self.split == "train" else self.test_list:
            pixels, classes = self._entries(name, "data", self.label_key)
            if np.shape(pixels) != (len(classes), 3 * 32 * 32):
                raise DataError(
                    f"{len(classes)} images must be bytes of shape ({len(classes)}, 3072), "
                    f"not {np.shape(pixels)}",
                    where=join(self.root, self.base_folder, name),
                    hint="Delete it to download it again.",
                )
            images.append(np.asarray(pixels, np.uint8))
            labels.extend(classes)
        if self.CLASSES is None:
            (self.CLASSES,) = self._entries(self.meta["filename"], self.meta["key"])
        pixels = np.concatenate(images).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        return np.ascontiguousarray(pixels), np.asarray(labels)

    def _entries(self, name: str, *keys: str) -> list[Any]:
        """Entries of the dict in a pickled file."""
        path = join(self.root, self.base_folder, name)
        content = load_pickle(read_bytes(path), encoding="latin1")
        if not isinstance(content, dict) or (absent := [key for key in keys if key not in content]):
            lacks = f"it has no {absent[0]!r}" if isinstance(content, dict) else "it holds no dict"
            raise DataError(
                f"This is no file of {type(self).__name__}: {lacks}",
                where=path,
                hint="Delete it to download it again.",
            )
        return [content[key] for key in keys]


def _is_intact(path: str, md5: str) -> bool:
    """Whether a file has an MD5 sum; known for as long as it does not change."""
    about = os.stat(path)
    return _has_sum(path, md5, about.st_size, about.st_mtime_ns)


@lru_cache(maxsize=64)
def _has_sum(path: str, md5: str, size: int, changed: int) -> bool:
    return matches(path, f"md5:{md5}")


@DATASETS.register_module()
class CIFAR100(CIFAR10):
    """A hundred classes of photos, 32x32 (Krizhevsky, 2009, https://www.cs.toronto.edu/~kriz/cifar.html).

    The arguments are those of :class:`DownloadedDataset`.
    """

    base_folder = "cifar-100-python"
    url = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
    filename = "cifar-100-python.tar.gz"
    tgz_md5 = "eb9058c3a382ffc7106e4002c42a8d85"
    train_list = [["train", "16019d7e3df5f24257cddd939b257f8d"]]
    test_list = [["test", "f0ef6b0ae62326f3e7ffdfab6717acfc"]]
    meta = {"filename": "meta", "key": "fine_label_names", "md5": "7973b15100ade9c7d40fb424638fde48"}
    label_key = "fine_labels"
    METAINFO = {"classes": load_categories("cifar100")}
