"""Two processes with half a batch each do what one process does with the whole."""

from __future__ import annotations

import pytest
import torch
import torch.distributed as dist

from mmpretrain.engine.runner.sync_bn import sync_batch_norm
from mmpretrain.models.selfsup.shuffle import shuffle, unshuffle
from mmpretrain.structures import DataSample
from mmpretrain.utils.dist import all_gather, all_reduce_params, get_rank
from tests.engine.ranks import run_ranks
from tests.models.selfsup.facts import batch_of, build, picture, recorded
from tests.models.selfsup.test_dino import MODELS_OF

BATCH, STEPS = 8, 2

CROPS = [32, 32, 16, 16]
SIZES = {
    "SwAV": [64, 64, 32, 32, 32], "SwAV with a queue": [64, 64, 32, 32, 32],
    "DINO": CROPS, "iBOT": CROPS, "DINOv2": CROPS,
}  # fmt: skip
#: Methods whose images come with masks, or that draw masks for a batch (B, ...).
MASKED = ("CAE", "MAE", "MaskFeat", "SparK")


def config(name: str) -> dict:
    """The recorded case of a method of 1.x, or a model in its manner."""
    cases = recorded("algorithms")
    name = name.removesuffix(" with a queue")
    if name in cases:
        model = cases[name]["case"]["model"]
        return {**model, "queue_len": 32} if "queue_len" in model else model
    if name in MODELS_OF:
        return MODELS_OF[name]
    simsiam = cases["SimSiam"]["case"]["model"]
    if name == "VICReg":
        head = dict(type="VICRegHead")
        return {**cases["BarlowTwins"]["case"]["model"], "type": name, "head": head}
    head = {**simsiam["head"], "type": "NNCLRHead", "loss": dict(type="CrossEntropyLoss")}
    return {**simsiam, "type": "NNCLR", "head": head, "queue_len": 32, "feat_dim": 8}


def draw_for_all(monkeypatch: pytest.MonkeyPatch, part: slice) -> None:
    """Let masks be those of the whole batch, of which this process has its part."""
    generator = torch.Generator().manual_seed(1)
    rand = torch.rand

    def own_rand(*shape, device=None, **kwargs):
        return rand(BATCH, *shape[1:], generator=generator)[part] if len(shape) > 1 else rand(*shape)

    def own_masks(batch, grid, *_):
        shape = (batch // (part.stop - part.start), BATCH, grid[0] * grid[1])
        mask = rand(shape, generator=generator).argsort(dim=2) < 5
        return mask[:, part].flatten(0, 1)

    monkeypatch.setattr("mmpretrain.models.selfsup.ibot.block_masks", own_masks)
    monkeypatch.setattr(torch, "rand", own_rand)


def batch(name: str, step: int, part: slice) -> tuple[object, list[DataSample]]:
    """The share of this process in the images of a step, and in their masks."""
    if name in MASKED:
        case = {**recorded("algorithms")[name]["case"], "batch": BATCH}
        inputs, samples = batch_of(case, step)
        own = inputs[part] if isinstance(inputs, torch.Tensor) else [view[part] for view in inputs]
        return own, samples[part]
    views = [picture((BATCH, 3, s, s), step, i) for i, s in enumerate(SIZES.get(name, [32, 32]))]
    return [view[part] for view in views], []


def train(name: str) -> tuple[list[float], dict[str, torch.Tensor]]:
    """Train two steps, on the share of this process; return the mean losses and what the model is then."""
    world = dist.get_world_size() if dist.is_initialized() else 1
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = build(config(name))
    model.init_weights()
    for module in model.modules():
        if hasattr(module, "set_max_iters"):
            module.set_max_iters(10)
    model = sync_batch_norm(model, True, torch.device("cpu")) if world > 1 else model
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.01)
    share = BATCH // world
    part = slice(get_rank() * share, (get_rank() + 1) * share)
    if name.endswith("queue"):
        queue = torch.nn.functional.normalize(torch.randn(2, 16, 8), dim=-1)
        # Each step drops the oldest features, half of those of each process.
        own = queue.unflatten(1, (2, world, share))[:, :, get_rank()].flatten(1, 2)
        model.head.loss_module.queue = own
    with pytest.MonkeyPatch.context() as monkeypatch:
        draw_for_all(monkeypatch, part)
        own = steps(name, model, optimizer, part)
    return own, {key: value.clone() for key, value in model.state_dict().items()}


def steps(name: str, model: torch.nn.Module, optimizer: torch.optim.Optimizer, part: slice) -> list[float]:
    """Train, and return the mean losses of all processes."""
    own = []
    for step in range(STEPS):
        inputs, samples = batch(name, step, part)
        total, _ = model.parse_losses(model(inputs, samples, mode="loss"))
        optimizer.zero_grad()
        total.backward()
        grads = [p.grad for p in model.parameters() if p.grad is not None]
        all_reduce_params(grads, "mean")
        optimizer.step()
        loss = total.detach().clone()
        all_reduce_params([loss], "mean")
        own.append(float(loss))
    return own


@pytest.mark.parametrize(
    "name",
    [
        *("BYOL", "BarlowTwins", "CAE", "DINO", "DINOv2", "DenseCL", "MAE", "MaskFeat", "MoCo"),
        *("MoCoV3", "NNCLR", "SimCLR", "SimSiam", "SparK", "SwAV", "SwAV with a queue", "VICReg", "iBOT"),
    ],
)
def test_as_one(name, tmp_path):
    losses, state = train(name)

    def work():
        dist.init_process_group("gloo")
        try:
            return train(name)
        finally:
            dist.destroy_process_group()

    for other_losses, other_state in run_ranks(work, tmp_path):
        assert other_losses == pytest.approx(losses, rel=1e-4, abs=1e-5)
        assert list(other_state) == list(state)
        for key, value in state.items():
            torch.testing.assert_close(other_state[key], value, rtol=1e-3, atol=1e-4, msg=key)


def test_shuffled_batches_come_back(tmp_path):
    def work():
        dist.init_process_group("gloo")
        try:
            torch.manual_seed(get_rank())  # the order is that of the first process
            x = torch.arange(4.0) + 4 * get_rank()
            shuffled, places = shuffle(x)
            return x, shuffled, unshuffle(shuffled * 2, places), torch.cat(all_gather(shuffled))
        finally:
            dist.destroy_process_group()

    results = run_ranks(work, tmp_path)
    for x, shuffled, back, everything in results:
        assert torch.equal(back, x * 2)
        assert not torch.equal(shuffled, x)
        assert sorted(everything.tolist()) == list(range(8))
