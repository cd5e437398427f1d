"""Data sets whose images are not separate files."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from mmpretrain.datasets.base_dataset import BaseDataset
from mmpretrain.errors import ConfigError
from mmpretrain.utils.brief import brief
from mmpretrain.utils.fileio import holding

#: Arguments of :class:`BaseDataset` that say which samples there are, and where.
SOURCES = ("ann_file", "data_prefix", "data_root")


def check_source(cls: type, kwargs: Mapping[str, Any], *given_by: str) -> None:
    """Refuse arguments that would have no effect, as the class finds its samples by other ones.

    Args:
        cls: The data set.
        kwargs: What it passes on to :class:`BaseDataset`.
        given_by: The arguments that say where its samples are.

    Raises:
        ConfigError: If ``kwargs`` has one of ``SOURCES``.
    """
    for name in SOURCES:
        value = kwargs.get(name)
        if any(value.values()) if isinstance(value, Mapping) else value:
            raise ConfigError(
                f"{cls.__name__} finds its samples by {' and '.join(given_by)}: {name}={brief(value)} would "
                "have no effect",
                hint=f"Remove {name}. To take some of the samples only, set indices.",
                key=name,
            )


class EncodedDataset(BaseDataset):
    """Samples whose ``img_path`` is only a name; the subclass knows where the encoded image is.

    Pipelines that begin with ``LoadImageFromFile`` work unchanged. The arguments are those of
    :class:`BaseDataset`.
    """

    #: Keys of a record that say where its image is, besides ``img_path``.
    STORED: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def read_image(self, record: dict[str, Any]) -> bytes:
        """The encoded image of a record."""

    def decode(self, record: dict[str, Any], transform: Callable[[dict], Any]) -> Any:
        """Apply a transform that reads the file at ``img_path``."""
        with holding(record["img_path"], self.read_image(record)):
            return transform(record)

    def _apply(self, record: dict[str, Any], transform: Callable[[dict], Any]) -> Any:
        return self.decode(record, transform)

    def image_signature(self, record: dict[str, Any]) -> int:
        digest = hashlib.blake2b(self.read_image(record), digest_size=8).digest()
        return int.from_bytes(digest, "little")
