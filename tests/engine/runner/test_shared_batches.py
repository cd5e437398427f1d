"""Tests of :mod:`mmpretrain.engine.runner.shared_batches`."""

from __future__ import annotations

import gc
import multiprocessing
import os
from typing import Any

import pytest
import torch
from torch.utils.data import Dataset

from mmpretrain.datasets import default_collate, pseudo_collate
from mmpretrain.engine.runner import shared_batches
from mmpretrain.engine.runner.dataloader import KeyedDataLoader
from mmpretrain.engine.runner.shared_batches import SPARE, Block, Parcel, Post, Sender
from mmpretrain.structures import DataSample

pytestmark = pytest.mark.skipif(not shared_batches.is_possible(), reason="Linux only")

AHEAD = 2


class Planes(Dataset):
    """Sample k is filled with k."""

    def __init__(self, size: int = 64, extra: Any = None) -> None:
        self.size, self.extra = size, extra

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> dict:
        sample = DataSample(metainfo={"sample_idx": index}).set_gt_label(index)
        item = {"inputs": torch.full((3, 8, 8), index, dtype=torch.uint8), "data_samples": sample}
        return item if self.extra is None else {**item, "extra": self.extra(index)}


def loader(dataset: Any = None, workers: int = 1, collate: Any = default_collate, **options: Any) -> Any:
    options = {"batch_size": 4, "prefetch_factor": AHEAD, "collate_fn": collate, **options}
    return KeyedDataLoader(dataset or Planes(), num_workers=workers, **options)


def address(batch: dict) -> int:
    return batch["inputs"].untyped_storage().data_ptr()


def rows(batch: dict) -> list[int]:
    return [int(row.unique()) for row in batch["inputs"]]


def test_memory_is_used_again():
    seen = [address(batch) for batch in loader(Planes(200))]
    assert len(seen) == 50
    assert len(set(seen)) <= AHEAD + SPARE


def test_batches_that_are_kept_stay_as_they_are():
    kept = list(loader(Planes(200), workers=2))
    assert [row for batch in kept for row in rows(batch)] == list(range(200))
    assert len({address(batch) for batch in kept}) == 50


@pytest.mark.parametrize(
    "view",
    [
        lambda batch: batch["inputs"][1:2],
        lambda batch: batch["inputs"].numpy()[1],
        lambda batch: batch["inputs"].unbind()[1],
        lambda batch: batch["data_samples"][1].gt_label,
    ],
)
def test_a_view_keeps_the_memory(view):
    stream = iter(loader(Planes(160)))
    first = next(stream)
    place, view = address(first), view(first)
    del first
    gc.collect()
    others = {address(batch) for batch in stream}
    assert place not in others
    assert set(torch.as_tensor(view).flatten().tolist()) == {1}


def test_a_forked_process_does_not_free_what_its_parent_uses():
    stream = iter(loader(Planes(160)))
    batch = next(stream)
    place = address(batch)
    child = os.fork()
    if child == 0:
        del batch
        gc.collect()
        os._exit(0)
    os.waitpid(child, 0)
    assert place not in {address(other) for other in stream}
    assert rows(batch) == [0, 1, 2, 3]


@pytest.mark.parametrize("collate", [default_collate, pseudo_collate, list])
def test_the_same_batches_as_without_workers(collate):
    for alone, sent in zip(loader(workers=0, collate=collate, prefetch_factor=None), loader(collate=collate)):
        assert type(alone) is type(sent)
        for a, b in zip(flat(alone), flat(sent), strict=True):
            assert a.dtype == b.dtype
            assert torch.equal(a, b)


def flat(item: Any) -> list[torch.Tensor]:
    if isinstance(item, torch.Tensor):
        return [item]
    if isinstance(item, DataSample):
        return [item.gt_label]
    return [tensor for part in (item.values() if isinstance(item, dict) else item) for tensor in flat(part)]


ODD = {
    "no numbers": lambda index: torch.zeros(0, 3),
    "one number": lambda index: torch.tensor(index, dtype=torch.int64),
    "bool": lambda index: torch.tensor([True, False]),
    "bfloat16": lambda index: torch.full((3,), index, dtype=torch.bfloat16),
    "complex": lambda index: torch.full((3,), index, dtype=torch.complex64),
    "strided": lambda index: torch.arange(12).view(3, 4).t()[:, ::2],
    "sparse": lambda index: torch.eye(3).to_sparse(),
    "a parameter": lambda index: torch.nn.Parameter(torch.full((2,), float(index))).detach(),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("collate", [default_collate, pseudo_collate])
def test_tensors_of_all_kinds_arrive(name, collate):
    if (name, collate) == ("sparse", default_collate):
        pytest.skip("sparse tensors cannot be stacked by torch")
    data = Planes(8, ODD[name])
    alone = list(loader(data, workers=0, collate=collate, prefetch_factor=None))
    sent = list(loader(data, collate=collate))
    for a, b in zip(alone, sent, strict=True):
        for mine, other in zip(list(a["extra"]), list(b["extra"]), strict=True):
            assert (mine.dtype, mine.shape, mine.stride() if not mine.is_sparse else 0) == (
                other.dtype,
                other.shape,
                other.stride() if not other.is_sparse else 0,
            )
            assert torch.equal(mine.to_dense(), other.to_dense())


def twice(samples: list) -> dict:
    inputs = torch.stack([sample["inputs"] for sample in samples])
    return {"inputs": inputs, "again": inputs, "part": inputs[1:]}


def test_one_tensor_in_two_places_stays_one():
    batch = next(iter(loader(collate=twice)))
    assert batch["inputs"] is batch["again"]
    assert torch.equal(batch["part"], batch["inputs"][1:])


def test_blocks_grow():
    class Growing(Planes):
        def __getitem__(self, index):
            edge = 1 + index // 4 * 40
            return {"inputs": torch.full((3, edge, edge), index, dtype=torch.uint8)}

    for number, batch in enumerate(loader(Growing(48))):
        assert rows(batch) == list(range(4 * number, 4 * number + 4))


def test_passes_at_the_same_time_do_not_disturb_each_other():
    data = loader(workers=1)
    for first, second in zip(data, data):
        assert rows(first) == rows(second)
        assert address(first) != address(second)


@pytest.mark.parametrize("lasting", [False, True])
def test_every_epoch(lasting):
    data = loader(workers=2, persistent_workers=lasting)
    for _ in range(3):
        assert [row for batch in data for row in rows(batch)] == list(range(64))


def test_a_second_pass_leaves_the_first_alone():
    data = loader(workers=1, persistent_workers=True)
    stream = iter(data)
    found = rows(next(stream))
    with data.second_pass():
        assert sum(len(rows(batch)) for batch in data) == 64
    for batch in stream:
        found += rows(batch)
    assert found == list(range(64))


@pytest.mark.slow
def test_workers_that_are_spawned():
    data = loader(multiprocessing_context=multiprocessing.get_context("spawn"))
    assert [row for batch in data for row in rows(batch)] == list(range(64))


def unpicklable(samples: list) -> Any:
    return {"inputs": torch.zeros(3), "function": lambda: samples}


def test_a_batch_that_cannot_be_sent_is_an_error_with_its_images():
    with pytest.raises(Exception, match=r"(?i)pickle") as caught:
        next(iter(loader(collate=unpicklable)))
    assert any("sample 0, sample 1" in note for note in getattr(caught.value, "__notes__", ()))


def test_the_stack_is_made_in_the_block():
    post = Post(1, AHEAD)
    sender = Sender(post.number, 0, post.taken[0])
    assert sender.begin()
    batch = default_collate([torch.ones(3), torch.zeros(3)], empty=sender.empty)
    used = sender.block.used
    assert isinstance(sender.pack({"inputs": batch, "part": batch[1:]}), Parcel)
    assert sender.block.used == used, "nothing was copied"
    assert post.taken.tolist() == [[1, 0, 0, 0]]


def test_a_worker_without_a_free_block_sends_as_torch_does():
    sender = Sender(0, 0, torch.ones(3, dtype=torch.uint8))
    assert not sender.begin()


def test_a_batch_without_tensors_needs_no_block():
    sender = Sender(0, 0, torch.zeros(3, dtype=torch.uint8))
    sender.begin()
    assert sender.pack({"names": ["a"]}) == {"names": ["a"]}
    assert not sender.taken.any()


def test_tensors_in_a_block_do_not_overlap():
    block = Block()
    small = block.empty((3,), torch.uint8).fill_(1)
    large = block.empty((1 << 20,), torch.float32).fill_(2)
    assert set(small.tolist()) == {1}
    assert large.data_ptr() % 16 == 0
    assert block.place_of(small) == 0
    assert block.place_of(large[4:]) == 64 + 16


def test_a_sandbox_without_such_memory(monkeypatch):
    def forbidden(name):
        raise PermissionError(name)

    monkeypatch.setattr(os, "memfd_create", forbidden)
    shared_batches.is_possible.cache_clear()
    try:
        assert not shared_batches.is_possible()
        assert [row for batch in loader() for row in rows(batch)] == list(range(64))
    finally:
        shared_batches.is_possible.cache_clear()
