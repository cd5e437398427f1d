"""Layers and functions on models, under the names of MMEngine and MMCV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_eval

from mmpretrain.engine.runner.sync_bn import SharedBatchNorm
from mmpretrain.utils.logging import print_log


class Scale(nn.Module):
    """Multiplies by one number that is learned.

    Args:
        scale: Its initial value.
    """

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(scale, dtype=torch.float))

    def forward(self, x: Tensor) -> Tensor:
        """Scale a tensor of any shape."""
        return x * self.scale


def conv_ws_2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    eps: float = 1e-5,
) -> Tensor:
    """Convolve (B, C, H, W) with weights that are standardised over each output channel."""
    flat = weight.flatten(1)
    mean, std = flat.mean(1).view(-1, 1, 1, 1), flat.std(1).view(-1, 1, 1, 1)
    weight = (weight - mean) / (std + eps)
    return nn.functional.conv2d(input, weight, bias, stride, padding, dilation, groups)


def fuse_conv_bn(module: nn.Module) -> nn.Module:
    """Fold each batch norm that follows a convolution into its weights, for inference.

    Args:
        module: The model; it is changed in place.
    """
    last: tuple[str, nn.Conv2d] | None = None
    for name, child in module.named_children():
        if isinstance(child, (_BatchNorm, nn.SyncBatchNorm)):
            if last is not None and isinstance(child, (nn.BatchNorm2d, nn.SyncBatchNorm)):
                setattr(module, last[0], fuse_conv_bn_eval(last[1].eval(), child.eval()))  # type: ignore[type-var]
                # The name stays, since the forward pass calls it.
                setattr(module, name, nn.Identity())
            last = None
        elif isinstance(child, nn.Conv2d):
            last = (name, child)
        else:
            fuse_conv_bn(child)
    return module


def revert_sync_batchnorm(module: nn.Module) -> nn.Module:
    """Replace batch norms of several processes by ordinary ones, so that a model runs on a CPU."""
    result = module
    if isinstance(module, (nn.SyncBatchNorm, SharedBatchNorm)):
        result = _AnyBatchNorm(
            module.num_features, module.eps, module.momentum, module.affine, module.track_running_stats
        )
        result.load_state_dict(module.state_dict())
        result.training = module.training
        if module.affine:
            result.to(module.weight.device)
    for name, child in module.named_children():
        result.add_module(name, revert_sync_batchnorm(child))
    return result


class _AnyBatchNorm(_BatchNorm):
    """A batch norm for inputs (B, C, ...) of any number of axes, as ``SyncBatchNorm`` is."""

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"A batch norm needs (B, C, ...), got {tuple(input.shape)}")


def convert_sync_batchnorm(module: nn.Module, implementation: str = "torch") -> nn.Module:
    """Let the batch norms of a model compute statistics over all processes."""
    return nn.SyncBatchNorm.convert_sync_batchnorm(module)


def stack_batch(tensor_list: Sequence[Tensor], pad_size_divisor: int = 1, pad_value: float = 0) -> Tensor:
    """Stack images (C, H, W) of different sizes, padded at the right and the bottom.

    Args:
        tensor_list: The images.
        pad_size_divisor: Both edges become multiples of it.
        pad_value: What to fill with.
    """
    if not tensor_list:
        raise ValueError("There are no tensors to stack")
    sizes = [list(tensor.shape[1:]) for tensor in tensor_list]
    edges = [-(-max(axis) // pad_size_divisor) * pad_size_divisor for axis in zip(*sizes)]
    padded = []
    for tensor, size in zip(tensor_list, sizes):
        missing = [part for edge, own in zip(reversed(edges), reversed(size)) for part in (0, edge - own)]
        padded.append(nn.functional.pad(tensor, missing, value=pad_value))
    return torch.stack(padded)


def detect_anomalous_params(loss: Tensor, model: nn.Module) -> None:
    """Log the parameters that a loss does not depend on."""
    seen: set[Any] = set()
    reached: set[int] = set()
    open_nodes = [loss.grad_fn]
    while open_nodes:
        node = open_nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        reached.add(id(getattr(node, "variable", None)))
        open_nodes.extend(parent for parent, _ in node.next_functions)
    for name, parameter in model.named_parameters():
        if id(parameter) not in reached:
            print_log(f"{name} with shape {tuple(parameter.shape)} is not in the graph", "current", 40)


def has_batch_norm(model: nn.Module) -> bool:
    """Whether a model contains a batch norm."""
    return any(isinstance(module, _BatchNorm) for module in model.modules())


def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0
) -> Tensor:
    """Fill a tensor with a normal distribution cut off at ``a`` and ``b``."""
    return nn.init.trunc_normal_(tensor, mean, std, a, b)


def update_init_info(module: nn.Module, init_info: str) -> None:
    """Do nothing: which initialiser touched a parameter is not recorded here."""


def torch_meshgrid(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Make coordinate grids, first axis first."""
    return torch.meshgrid(*tensors, indexing="ij")


def is_jit_tracing() -> bool:
    """Whether a model is being traced."""
    return torch.jit.is_tracing()


def get_model_complexity_info(
    model: nn.Module,
    input_shape: tuple[int, ...],
    print_per_layer_stat: bool = True,
    as_strings: bool = True,
    **kwargs: Any,
) -> tuple[Any, Any]:
    """Count the multiply-adds and the parameters of a model, as MMCV does.

    Args:
        model: The model.
        input_shape: Shape of one input without the batch, such as ``(3, 224, 224)``.
        print_per_layer_stat: Print the table of modules.
        as_strings: Return text such as ``'1.82 GFLOPs'`` and ``'11.69 M'``, and not numbers.
        **kwargs: Accepted for compatibility.

    Returns:
        Multiply-adds, and parameters.
    """
    from mmpretrain.analysis.complexity import count, table

    sample = next(iter(model.parameters()), torch.zeros(())).new_zeros((1, *input_shape))
    run = getattr(model, "extract_feat", model) if hasattr(model, "head") else model
    costs = count(model, lambda: run(sample))
    if print_per_layer_stat:
        print_log(table(costs, type(model).__name__))
    flops, params = costs[""].flops, costs[""].params
    return (f"{flops / 1e9:.2f} GFLOPs", f"{params / 1e6:.2f} M") if as_strings else (flops, params)


def get_expansion(block: type[nn.Module], expansion: int | None = None) -> int:
    """Return by how much a block's output is wider than its middle: as given, or as its class says.

    Raises:
        TypeError: If the class does not say.
    """
    if expansion is not None:
        return expansion
    known = {"BasicBlock": 1, "Bottleneck": 4}
    names = [cls.__name__ for cls in block.__mro__]
    found = getattr(block, "expansion", None) or next((known[name] for name in names if name in known), None)
    if found is None:
        raise TypeError(f"The expansion of {block.__name__} is not known: give it, or set it on the class")
    return found
