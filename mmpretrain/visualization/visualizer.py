"""The visualizer: draws pictures, and hands them and all numbers to the backends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mmpretrain.errors import ConfigError
from mmpretrain.registry import VISBACKENDS, VISUALIZERS
from mmpretrain.utils.former import compat
from mmpretrain.visualization.drawing import draw_caption


@VISUALIZERS.register_module()
class Visualizer:
    """One place to send scalars, pictures and the config of a run to.

    Args:
        name: Name of this visualizer.
        image: A first image ``(H, W, 3)``, RGB.
        vis_backends: Configs of the backends, or backends.
        save_dir: Folder for backends that write files.
        fig_save_cfg: Accepted as upstream does; pictures are drawn without matplotlib figures.
        fig_show_cfg: Likewise.
    """

    def __init__(
        self,
        name: str = "visualizer",
        image: np.ndarray | None = None,
        vis_backends: Sequence[Any] | Mapping[str, Any] | None = None,
        save_dir: str | None = None,
        fig_save_cfg: dict[str, Any] | None = None,
        fig_show_cfg: dict[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.dataset_meta: dict[str, Any] | None = None
        self._image = image
        self._backends: dict[str, Any] = {}
        for cfg in [vis_backends] if isinstance(vis_backends, Mapping) else vis_backends or ():
            needs_folder = isinstance(cfg, Mapping) and "save_dir" not in cfg
            default = {"save_dir": str(Path(save_dir) / "vis_data")} if needs_folder and save_dir else None
            if needs_folder and default is None:
                continue  # without a folder there is nowhere to write to
            given = dict(cfg) if isinstance(cfg, Mapping) else {}
            label = given.pop("name", None)
            backend = VISBACKENDS.build(
                {k: v for k, v in cfg.items() if k != "name"} if given else cfg, default_args=default
            )
            label = label or type(backend).__name__
            if label in self._backends:
                raise ConfigError(
                    f"two visualization backends are named {label!r}",
                    hint="Give them a name=.",
                    key="vis_backends",
                )
            self._backends[label] = backend

    @classmethod
    def get_current_instance(cls) -> Visualizer:
        """Return the visualizer of the run that is under way."""
        return compat("api.current").visualizer()

    @classmethod
    def get_instance(cls, name: str, **kwargs: Any) -> Visualizer:
        """Return the visualizer of a name; it is made with the given arguments if there is none."""
        return compat("api.current").visualizer_named(cls, name, kwargs)

    def get_backend(self, name: str) -> Any:
        """Return a backend by its name, by default the name of its class."""
        return self._backends[name]

    def set_image(self, image: np.ndarray) -> None:
        """Set the image ``(H, W, 3)``, RGB, to draw on."""
        self._image = np.ascontiguousarray(image, dtype=np.uint8)

    def get_image(self) -> np.ndarray:
        """Return the drawn image ``(H, W, 3)``, RGB."""
        if self._image is None:
            raise ValueError("No image has been set; call set_image first.")
        return self._image

    def draw_texts(self, text: str, **style: Any) -> Visualizer:
        """Draw text into the upper left corner; for the style see :func:`.drawing.draw_caption`."""
        self._image = draw_caption(self.get_image(), text, **style)
        return self

    def show(
        self, drawn_img: np.ndarray | None = None, win_name: str = "image", wait_time: float = 0.0
    ) -> None:
        """Show an image in a window for ``wait_time`` seconds, or until it is closed.

        Raises:
            ConfigError: If there is no display.
        """
        import matplotlib
        from matplotlib import pyplot as plt

        if matplotlib.get_backend().lower() in {"agg", "pdf", "svg", "ps", "template"}:
            raise ConfigError(
                "there is no display to show a picture on", hint="Save pictures instead: --show-dir DIR."
            )
        figure = plt.figure(win_name)
        plt.axis("off")
        plt.imshow(self.get_image() if drawn_img is None else drawn_img)
        plt.show(block=wait_time == 0)
        if wait_time:
            plt.pause(wait_time)
            plt.close(figure)

    # -- what goes to all backends --------------------------------------------------------------------

    def add_config(self, config: Any, **kwargs: Any) -> None:
        """Record the config of the run."""
        for backend in self._backends.values():
            backend.add_config(config, **kwargs)

    def add_graph(self, model: Any, data_batch: Any, **kwargs: Any) -> None:
        """Record the graph of the model."""
        for backend in self._backends.values():
            backend.add_graph(model, data_batch, **kwargs)

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        """Record a number."""
        for backend in self._backends.values():
            backend.add_scalar(name, value, step, **kwargs)

    def add_scalars(
        self, scalar_dict: Mapping[str, Any], step: int = 0, file_path: str | None = None, **kwargs: Any
    ) -> None:
        """Record several numbers of one step."""
        for backend in self._backends.values():
            backend.add_scalars(dict(scalar_dict), step, file_path, **kwargs)

    def add_image(self, name: str, image: np.ndarray, step: int = 0) -> None:
        """Record an image ``(H, W, 3)``, RGB."""
        for backend in self._backends.values():
            backend.add_image(name, image, step)

    def add_datasample(self, name: str, image: np.ndarray, data_sample: Any = None, **kwargs: Any) -> Any:
        """Draw a sample; what to draw depends on the task, so subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to draw a data sample")

    def close(self) -> None:
        """Close all backends."""
        for backend in self._backends.values():
            backend.close()

    def _finish(
        self,
        drawn: np.ndarray,
        *,
        name: str,
        step: int,
        show: bool,
        wait_time: float,
        out_file: str | Path | None,
    ) -> np.ndarray:
        """Show, save or record a drawn image, and return it."""
        self._image = drawn
        if show:
            self.show(drawn, win_name=name or "image", wait_time=wait_time)
        if out_file is not None:
            Path(out_file).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(drawn).save(out_file)
        elif not show:
            self.add_image(name, drawn, step=step)
        return drawn
