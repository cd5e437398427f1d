"""What a run promises: a sample is augmented by its key, whatever the loader, and a resumption is exact."""

from __future__ import annotations

import os
import socket

import pytest
import torch

from mmpretrain.config import Config
from mmpretrain.config.validate import validate
from mmpretrain.engine.hooks import Hook
from mmpretrain.engine.runner import Runner, autopilot
from mmpretrain.engine.runner.dataloader import start_epoch
from mmpretrain.engine.runner.loader_build import build_dataloader
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.registry import MODELS
from tests.datasets.packed.pack_cases import folder, packed

TRANSFORMS = [
    dict(type="RandomCrop", crop_size=32, padding=3, padding_mode="reflect"),
    dict(type="AlternatingFlip"),
    dict(type="RandAugment", policies="timm_increasing", num_policies=1, magnitude_level=5),
    dict(type="RandomErasing", mode="rand"),
    dict(
        type="OneOf",
        choices=[dict(type="Mixup", alpha=0.4), dict(type="CutMix", alpha=1.0)],
        probs=[0.3, 0.4],
    ),
]
PREPROCESSOR = dict(type="ClsDataPreprocessor", num_classes=10, mean=[128], std=[64])


def loader(batch_size=8, workers=0, **changes):
    dataset = dict(
        type="Digits", indices=24, pipeline=[dict(type="Resize", scale=32), dict(type="PackInputs")]
    )
    cfg = dict(
        batch_size=batch_size,
        num_workers=workers,
        dataset=dataset,
        sampler=dict(type="DefaultSampler", shuffle=True),
        collate_fn=dict(type="default_collate"),
    )
    return {**cfg, **changes}


def augmented(transforms, epoch=0, skip=0, **cfg):
    """The images that a model would see, by their index; of several epochs, those of the last one."""
    preprocess = MODELS.build(dict(PREPROCESSOR, batch_transforms=transforms))
    data = build_dataloader(loader(**cfg), seed=3)
    data.send_keys()
    found = {}
    for number in [epoch] if isinstance(epoch, int) else epoch:
        for batch in start_epoch(data, number, skip):
            indices = [sample.sample_idx for sample in batch["data_samples"]]
            found.update(zip(indices, preprocess(batch, training=True)["inputs"]))
    return found


def same(one, other):
    return all(torch.allclose(one[index], other[index], atol=0.02) for index in other)


def test_a_cache_and_a_loader_that_tunes_itself_change_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(autopilot, "TRIAL_SECONDS", 0.0)
    monkeypatch.setattr(autopilot, "TRIAL_BATCHES", 1)
    monkeypatch.setattr(autopilot, "usable_cores", lambda: 1)
    steps = [
        dict(type="LoadImageFromFile"),
        dict(type="RandomResizedCrop", scale=32),
        dict(type="PackInputs"),
    ]
    folder(tmp_path, count=24, restart_marker_blocks=4)
    files = dict(type="CustomDataset", data_root=str(tmp_path / "train"), pipeline=steps)
    packed(tmp_path, tmp_path.with_name("pack"))
    pack = dict(type="PackedDataset", data_root=str(tmp_path.with_name("pack")), pipeline=steps)
    plain = augmented(TRANSFORMS[:-1], epoch=2, batch_size=3, dataset=files)
    for dataset in (dict(files, cache="ram"), dict(pack, cache="ram"), pack):
        found = augmented(
            TRANSFORMS[:-1], range(3), batch_size=3, dataset=dataset, tune="auto", persistent_workers=True
        )
        assert len(found) == 24
        assert same(plain, found)


@pytest.mark.parametrize(
    "cfg", [dict(batch_size=3), dict(workers=2), dict(collate_fn=dict(type="pseudo_collate"))]
)
def test_images_do_not_depend_on_the_loader(cfg):
    images = augmented(TRANSFORMS[:-1])
    assert len(images) == 24
    assert same(images, augmented(TRANSFORMS[:-1], **cfg))
    assert not same(images, augmented(TRANSFORMS[:-1], epoch=1))


def test_the_rest_of_an_epoch_is_what_it_would_have_been():
    rest = augmented(TRANSFORMS, skip=2)
    assert len(rest) == 8
    assert same(augmented(TRANSFORMS), rest)


def test_samples_without_a_dict_are_refused():
    data = build_dataloader(loader(dataset=list(range(5))), seed=0)
    data.send_keys()
    with pytest.raises(DataError, match="samples that are dicts with 'inputs', got a int"):
        next(iter(data))


class StopAt(Hook):
    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter == 3:
            raise KeyboardInterrupt


def config(work_dir, **changes):
    cfg = Config(
        dict(
            default_scope="mmpretrain",
            work_dir=str(work_dir),
            model=dict(
                type="ImageClassifier",
                backbone=dict(type="LeNet5", num_classes=10),
                head=dict(
                    type="ClsHead", loss=dict(type="LabelSmoothLoss", label_smooth_val=0.1, mode="original")
                ),
            ),
            data_preprocessor=dict(PREPROCESSOR, batch_transforms=TRANSFORMS),
            train_dataloader=loader(),
            train_cfg=dict(by_epoch=True, max_epochs=2),
            optim_wrapper=dict(optimizer=dict(type="SGD", lr=0.01, momentum=0.9)),
            default_hooks=dict(checkpoint=dict(type="CheckpointHook", by_epoch=False, interval=2)),
            randomness=dict(seed=5),
            **changes,
        )
    )
    validate(cfg)
    return cfg


def weights(runner):
    return torch.cat([p.detach().flatten() for p in runner.bare_model.parameters()])


def test_a_resumed_run_ends_with_the_same_weights(tmp_path):
    straight = Runner.from_cfg(config(tmp_path / "straight"))
    straight.train()
    stopped = Runner.from_cfg(config(tmp_path / "stopped"))
    stopped.register_hook(StopAt())
    with pytest.raises(KeyboardInterrupt):
        stopped.train()
    resumed = Runner.from_cfg(config(tmp_path / "stopped", resume=True))
    resumed.train()
    assert torch.equal(weights(resumed), weights(straight))


def test_recipes_switch_them_in_the_course_of_a_run(tmp_path):
    schedule = [dict(action_epoch=2, batch_transforms=None)]
    cfg = config(tmp_path, custom_hooks=[dict(type="SwitchRecipeHook", schedule=schedule)])
    runner = Runner.from_cfg(cfg)
    assert runner.bare_model.data_preprocessor.batch_transforms is not None
    runner.train()
    assert runner.bare_model.data_preprocessor.batch_transforms is None


def of_one_process(rank, port, folder):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", rank=rank, world_size=2)
    torch.save(augmented(TRANSFORMS[:-1], batch_size=4, epoch=2), f"{folder}/{rank}.pt")
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def test_two_processes_see_what_one_sees(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torch.multiprocessing.spawn(of_one_process, (port, str(tmp_path)), nprocs=2)
    parts = [torch.load(tmp_path / f"{rank}.pt") for rank in (0, 1)]
    assert [len(part) for part in parts] == [12, 12]
    together = {**parts[0], **parts[1]}
    assert len(together) == 24
    assert same(augmented(TRANSFORMS[:-1], epoch=2), together)


def test_recipes_for_a_preprocessor_that_has_none(tmp_path):
    schedule = [dict(action_epoch=1, batch_transforms=TRANSFORMS[:2])]
    cfg = config(
        tmp_path,
        custom_hooks=[dict(type="SwitchRecipeHook", schedule=schedule)],
    )
    cfg.data_preprocessor = dict(type="ImgDataPreprocessor", mean=[128], std=[64])
    with pytest.raises(ConfigError, match="ImgDataPreprocessor has no batch_transforms"):
        Runner.from_cfg(cfg).train()
