"""Evaluation of models that compare every sample with every other one."""

from __future__ import annotations

from typing import Any

import torch

from mmpretrain.engine.runner.loops import EvalLoop
from mmpretrain.registry import LOOPS


class RetrievalLoop(EvalLoop):
    """Collects the features of all batches first, and lets the model match them at the end.

    The model's ``forward(mode='tensor')`` returns a dict of features. Its ``predict_all`` takes those of
    all samples, the samples, ``num_images`` and ``num_texts`` (``img_size`` and ``text_size`` of the data
    set), and returns the predictions from image to text and from text to image. Their metrics get the
    prefixes ``i2t/`` and ``t2i/``.
    """

    @torch.no_grad()
    def measure(self) -> dict[str, float]:
        """Predict all batches, and return the metrics."""
        runner, mode, model = self._runner, self.mode, self._runner.bare_model
        runner.model.eval()
        features: list[dict[str, Any]] = []
        samples: list[Any] = []
        for idx, batch in self.batches():
            runner.call_hook(f"before_{mode}_iter", batch_idx=idx, data_batch=batch)
            with self.precision.context():
                prepared = model.data_preprocessor(batch, False)
                features.append(model(**prepared, mode="tensor"))
            samples.extend(prepared["data_samples"])
            runner.call_hook(f"after_{mode}_iter", batch_idx=idx, data_batch=batch, outputs=samples)
        joined = {name: _join([item[name] for item in features]) for name in features[0]}
        dataset = self.dataloader.dataset
        sizes = {"i2t": dataset.img_size, "t2i": dataset.text_size}
        with self.precision.context():
            both = model.predict_all(joined, samples, num_images=sizes["i2t"], num_texts=sizes["t2i"])
        metrics: dict[str, float] = {}
        for (direction, size), predictions in zip(sizes.items(), both):
            self.evaluator.process(predictions, None)
            found = self.evaluator.evaluate(size)
            metrics.update({f"{direction}/{name}": value for name, value in found.items()})
        return metrics


def _join(parts: list[Any]) -> Any:
    """Concatenate tensors, and chain lists."""
    if isinstance(parts[0], torch.Tensor):
        return torch.cat(parts)
    return [item for part in parts for item in part]


@LOOPS.register_module()
class RetrievalValLoop(RetrievalLoop):
    """Validates between epochs."""

    mode = "val"


@LOOPS.register_module()
class RetrievalTestLoop(RetrievalLoop):
    """Tests a checkpoint."""

    mode = "test"
