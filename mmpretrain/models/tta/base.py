"""Running a model on several augmented versions of each image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from mmpretrain.errors import ConfigError
from mmpretrain.models.base import BaseModel
from mmpretrain.registry import MODEL_WRAPPERS, MODELS


@MODEL_WRAPPERS.register_module()
@MODELS.register_module()
class BaseTTAModel(BaseModel):
    """A model around another, which merges its predictions for several versions of each sample.

    The transform ``TestTimeAug`` makes lists of versions out of each sample, so that the batch that
    ``pseudo_collate`` makes has, for each key, one list of values per version. Subclasses implement
    :meth:`merge_preds`.

    Args:
        module: The model, or its config.
        data_preprocessor: Replaces that of the config of the model.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    def __init__(
        self,
        module: dict | nn.Module,
        data_preprocessor: dict | nn.Module | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        super().__init__(freeze=freeze)
        if isinstance(module, Mapping) and data_preprocessor is not None:
            module = {**module, "data_preprocessor": data_preprocessor}
        self.module: Any = MODELS.build(module)
        if not hasattr(self.module, "test_step"):
            raise ConfigError(
                f"Test-time augmentation needs a model with test_step(), got {type(self.module)}"
            )
        self.freeze_declared(__class__)

    def merge_preds(self, data_samples_list: Sequence[Sequence[Any]]) -> list[Any]:
        """Return one prediction per sample.

        Args:
            data_samples_list: For each sample, the predictions for its versions.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement merge_preds()")

    def test_step(self, data: dict | tuple | list) -> list:
        """Return the merged predictions for a batch.

        Args:
            data: For each key (or position), one entry per version of the batch.
        """
        if isinstance(data, Mapping):
            versions = [dict(zip(data, values)) for values in zip(*data.values())]
        else:
            versions = [list(values) for values in zip(*data)]
        return self.merge_preds(list(zip(*map(self.module.test_step, versions))))

    def val_step(self, data: dict | tuple | list) -> list:
        """Return the merged predictions for a batch."""
        return self.test_step(data)

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Return the state of the model itself, so that its checkpoints fit."""
        return self.module.state_dict(*args, **kwargs)

    def load_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Load the state of the model itself."""
        return self.module.load_state_dict(*args, **kwargs)
