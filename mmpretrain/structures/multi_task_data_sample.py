"""The record of one sample with several tasks."""

from __future__ import annotations

from mmpretrain.structures.base_data_element import BaseDataElement


class MultiTaskDataSample(BaseDataElement):
    """One :class:`DataSample` (or, nested, one more of this type) per task, as a field of the task's name."""

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks."""
        return self.keys()
