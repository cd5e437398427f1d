"""Saving predictions."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Mapping, Sequence
from typing import Any

from mmpretrain.errors import ConfigError
from mmpretrain.evaluation.metrics.base import BaseMetric, Device, to_cpu
from mmpretrain.registry import METRICS
from mmpretrain.utils.fileio import write_bytes

logger = logging.getLogger(__name__)


@METRICS.register_module()
class DumpResults(BaseMetric):
    """Saves the fields of all samples, predictions included, as a pickled list of dicts.

    Args:
        out_file_path: Where to; must end with ``.pkl`` or ``.pickle``.
        collect_device: See :class:`BaseMetric`.
        collect_dir: See :class:`BaseMetric`.
    """

    def __init__(
        self, out_file_path: str, collect_device: Device = "cpu", collect_dir: str | None = None
    ) -> None:
        super().__init__(collect_device=collect_device, collect_dir=collect_dir)
        if not str(out_file_path).endswith((".pkl", ".pickle")):
            raise ConfigError(
                f"out_file_path must end with .pkl or .pickle, got {str(out_file_path)!r}",
                key="out_file_path",
            )
        self.out_file_path = out_file_path

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Keep all fields of each sample."""
        self.results += to_cpu(list(data_samples))

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, Any]:
        """Write the file; there are no values."""
        write_bytes(pickle.dumps(results), self.out_file_path)
        logger.info("Results are saved to %s", self.out_file_path)
        return {}
