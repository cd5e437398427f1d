"""A run that was interrupted ends exactly where it would have ended."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest
import torch

from mmpretrain.checkpoints import serialization
from mmpretrain.engine.hooks import Hook
from mmpretrain.engine.runner.dataloader import start_epoch
from mmpretrain.errors import CheckpointError
from tests.engine import tiny

SCHEDULERS = [
    dict(type="LinearLR", start_factor=0.1, by_epoch=False, begin=0, end=5),
    dict(type="MultiStepLR", milestones=[2], gamma=0.5),
]


class Journal(Hook):
    """Notes each loss to the last bit, and stays on the disk whatever happens to the process."""

    priority = "VERY_HIGH"

    def __init__(self, path: Path) -> None:
        self.path = path

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        samples = [index for index, _ in data_batch["data_samples"]]
        with self.path.open("a") as file:
            file.write(f"{runner.iter} {outputs['loss'].item().hex()} {samples}\n")

    def after_val_epoch(self, runner, metrics=None):
        with self.path.open("a") as file:
            file.write(f"val{runner.iter} {metrics['acc'].hex()}\n")


def build(
    work: Path, resume: bool = False, workers: int = 0, interval: int = 3, epochs: int = 3,
    batch_size: int = 4, **changes,
):  # fmt: skip
    runner = tiny.make_runner(
        work_dir=str(work),
        train_dataloader=tiny.loader(32, batch_size, workers),
        train_cfg=dict(by_epoch=True, max_epochs=epochs, val_interval=1),
        optim_wrapper=dict(optimizer=dict(type="AdamW", lr=0.01), accumulative_counts=2),
        param_scheduler=SCHEDULERS,
        default_hooks=dict(
            logger=dict(type="LoggerHook", interval=2),
            checkpoint=dict(
                type="CheckpointHook", interval=interval, by_epoch=False, max_keep_ckpts=2, save_best="acc"
            ),
        ),
        custom_hooks=[dict(type="EMAHook", momentum=0.1)],
        resume=resume,
        **{"log_level": "ERROR", **changes},
    )
    if runner.is_main:
        runner.register_hook(Journal(work / "journal.txt"))
    return runner


def outcome(work: Path, load=serialization.load, name: str | None = None) -> dict:
    content = load(work / name if name else (work / "last_checkpoint").read_text())
    return {
        key: content[key]
        for key in ("state_dict", "ema_state_dict", "optimizer", "param_schedulers", "hooks")
    } | {"best": content["message_hub"]["runtime_info"]["best_score"]}


def same(a, b) -> bool:
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, str) and os.sep in a:
        return Path(a).name == Path(b).name
    return a == b


def journal(work: Path) -> dict[str, str]:
    """What was noted at each step; whatever was noted twice must agree."""
    found: dict[str, str] = {}
    for line in (work / "journal.txt").read_text().splitlines():
        step, _, rest = line.partition(" ")
        if rest.count("[") == rest.count("]"):  # a kill may cut a line
            assert found.setdefault(step, rest) == rest, f"step {step} differs"
    return found


def spawn(work: Path, **options) -> int:
    """Train in a child of this warm process; return its number."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            devnull = os.open(os.devnull, os.O_WRONLY)
            os.dup2(devnull, 1)
            build(work, **options).train()
            status = 0
        finally:
            os._exit(status)
    return child


@pytest.mark.parametrize(("workers", "kills"), [(0, 15), (2, 12)])
def test_kill_minus_nine_at_random_moments(tmp_path, workers, kills):
    """Each child is killed at a random moment, and the next one resumes, until one comes to the end."""
    straight = tmp_path / "straight"
    straight.mkdir()
    began = time.perf_counter()
    assert os.waitpid(spawn(straight, workers=workers), 0)[1] == 0
    duration = time.perf_counter() - began
    expected, steps = outcome(straight), journal(straight)
    chance = random.Random(workers)
    done = chain = 0
    while done < kills:
        work = tmp_path / f"killed{chain}"
        work.mkdir()
        chain += 1
        resume = False
        for _ in range(50):
            child = spawn(work, workers=workers, resume=resume)
            resume = True
            time.sleep(chance.uniform(0.02, 1.1) * duration)
            if os.waitpid(child, os.WNOHANG)[0] == 0:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                done += 1
            elif (work / "last_checkpoint").exists():
                break
        else:
            pytest.fail("no run came to its end")
        assert os.waitpid(spawn(work, workers=workers, resume=True), 0)[1] == 0
        assert same(outcome(work), expected)
        assert journal(work) == steps


class StopAt(Hook):
    """Ends the process as kill -9 would, at a chosen call."""

    priority = "LOWEST"

    def __init__(self, point: str, at: int) -> None:
        def stop(runner, **kwargs):
            if runner.iter == at:
                raise KeyboardInterrupt

        setattr(self, point, stop)


@pytest.mark.parametrize(
    ("point", "at"),
    [
        ("before_train_iter", 7),
        ("after_train_epoch", 8),
        ("before_val", 8),
        ("after_val_epoch", 8),
        ("before_train_epoch", 16),
        ("after_train_iter", 20),
    ],
)
def test_each_kind_of_moment(tmp_path, point, at):
    works = [tmp_path / "straight", tmp_path / "stopped"]
    for work in works:
        work.mkdir()
    build(works[0], interval=4).train()
    stopped = build(works[1], interval=4)
    stopped.register_hook(StopAt(point, at))
    with pytest.raises(KeyboardInterrupt):
        stopped.train()
    build(works[1], resume=True, interval=4).train()
    assert same(outcome(works[1]), outcome(works[0]))
    assert journal(works[1]) == journal(works[0])


def test_resuming_in_mid_epoch_loads_only_the_rest(tmp_path):
    stopped = build(tmp_path, interval=5)
    stopped.register_hook(StopAt("after_train_iter", 6))
    with pytest.raises(KeyboardInterrupt):
        stopped.train()
    resumed = build(tmp_path, resume=True, interval=5, epochs=1)
    resumed.train()
    data = resumed.train_dataloader.dataset
    assert len(data.loaded) == 12, "5 of 8 batches of 4 were seen"
    order = [
        int(i)
        for rest in journal(tmp_path).values()
        if "[" in rest
        for i in rest.split("[")[1][:-1].split(",")
    ]
    assert sorted(order) == list(range(32))
    assert data.loaded == order[20:]


def test_time_to_the_first_iteration_does_not_grow(make_runner):
    """A million samples into an epoch, the loader begins at once."""

    class Many(tiny.NoisyVectors):
        def __init__(self):
            super().__init__(4)
            self.length = 2_000_000

        def __len__(self):
            return self.length

        def __getitem__(self, index):
            return super().__getitem__(index % 4)

    loader = dict(tiny.loader(), dataset=Many(), sampler=dict(type="DefaultSampler", shuffle=False))
    runner = make_runner(train_dataloader=loader)
    timings = []
    for seen in (0, 400_000, 0, 400_000):
        began = time.process_time()
        next(start_epoch(runner.train_dataloader, 0, seen))
        timings.append(time.process_time() - began)
    assert min(timings[1::2]) < min(timings[::2]) + 0.05


def test_iteration_loop_resumes_exactly(tmp_path):
    def make(name, **changes):
        work = tmp_path / name
        work.mkdir(exist_ok=True)
        runner = tiny.make_runner(
            work_dir=str(work),
            train_dataloader={**tiny.loader(30, 4), "sampler": dict(type="InfiniteSampler")},
            train_cfg=dict(by_epoch=False, max_iters=20, val_interval=6),
            param_scheduler=[dict(type="CosineAnnealingLR", by_epoch=False)],
            default_hooks=dict(checkpoint=dict(type="CheckpointHook", interval=5, by_epoch=False)),
            log_processor=dict(by_epoch=False),
            **changes,
        )
        runner.register_hook(Journal(work / "journal.txt"))
        return runner

    make("straight").train()
    stopped = make("stopped")
    stopped.register_hook(StopAt("after_train_iter", 17))
    with pytest.raises(KeyboardInterrupt):
        stopped.train()
    make("stopped", resume=True).train()
    assert journal(tmp_path / "stopped") == journal(tmp_path / "straight")


def test_a_run_without_a_seed_resumes_with_the_one_that_it_drew(tmp_path):
    stopped = build(tmp_path, interval=5, randomness=dict(seed=None))
    stopped.register_hook(StopAt("after_train_iter", 6))
    with pytest.raises(KeyboardInterrupt):
        stopped.train()
    resumed = build(tmp_path, resume=True, interval=5, epochs=1, randomness=dict(seed=None))
    resumed.train()
    assert resumed.seed == stopped.seed
    journal(tmp_path)  # the steps that ran twice agree
    assert len(set(resumed.train_dataloader.dataset.loaded)) == 12


def test_another_optimizer_is_refused(make_runner, tmp_path):
    make_runner().train()
    optimizer = dict(optimizer=dict(type="AdamW", lr=0.1))
    with pytest.raises(CheckpointError, match=r"another optimizer than AdamW: it has no betas\. Resume with"):
        make_runner(optim_wrapper=optimizer, resume=True).train()


class Payload:
    """Pickles as a call, which reading makes a placeholder of."""

    def __reduce__(self):
        return print, ("this code has run",)


@pytest.mark.parametrize(
    "change",
    [
        {"meta": Payload()},
        {"meta": {"epoch": "two", "iter": 16}},
        {"meta": {"epoch": 1, "iter": -5}},
        {"meta": {"epoch": 1, "iter": 8, "iters_per_epoch": float("nan")}},
        {"meta": {"epoch": 1, "iter": 8, "iters_per_epoch": 0}},
        {"meta": {"epoch": float("inf"), "iter": 8}},
        {"meta": {"epoch": 1.5, "iter": 8}},
        {"message_hub": Payload()},
        {"message_hub": {"log_scalars": {"train/loss": Payload()}}},
        {"hooks": {"CheckpointHook": Payload()}},
        {"optimizer": {"state": {0: {"momentum_buffer": Payload()}}, "param_groups": []}},
        {"param_schedulers": Payload()},
        {"rng": [{"python": Payload()}]},
        {"state_dict": {"head.weight": Payload(), "head.bias": torch.zeros(2)}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_checkpoint_with_odd_content_is_named_in_one_sentence(make_runner, tmp_path, change, capfd):
    path = tmp_path / "odd.pth"
    runner = make_runner()
    runner.build_training()
    runner.save_checkpoint(str(tmp_path), path.name)
    torch.save({**torch.load(path), **change}, path)
    with pytest.raises(CheckpointError, match=rf"^{path}\W.*(load_from alone\.|does not fit.*\.)$"):
        make_runner(resume=True, load_from=str(path)).train()
    assert "this code has run" not in capfd.readouterr().out


def test_surplus_tensors_do_not_stop_a_resumption(tmp_path, caplog):
    """Checkpoints of other versions hold, for example, ``data_preprocessor.mean``."""
    straight = tiny.make_runner(work_dir=str(tmp_path / "straight"))
    straight.train()
    content = serialization.load(tmp_path / "straight" / "epoch_1.pth")
    content["state_dict"] |= {"data_preprocessor.mean": torch.zeros(3, 1, 1), "gone.weight": torch.ones(2)}
    serialization.save(content, tmp_path / "old.pth")
    resumed = tiny.make_runner(work_dir=str(tmp_path / "b"), load_from=str(tmp_path / "old.pth"), resume=True)
    resumed.train()
    assert "2 tensors of" in caplog.text
    assert "(such as data_preprocessor.mean)" in caplog.text
    assert same(resumed.model.state_dict(), straight.model.state_dict())
    del content["state_dict"]["head.weight"]
    serialization.save(content, tmp_path / "old.pth")
    broken = tiny.make_runner(work_dir=str(tmp_path / "c"), load_from=str(tmp_path / "old.pth"), resume=True)
    with pytest.raises(CheckpointError, match=r"does not fit the model.*Not in the checkpoint: head\.weight"):
        broken.train()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (dict(size=31), "31 samples (before: 32)"),
        (dict(size=16, batch_size=2), "16 samples (before: 32), a batch size of 2 (before: 4)"),
        (dict(), ""),
    ],
    ids=["samples", "samples and batch size", "same"],
)
def test_other_data_of_the_same_length_end_exactness(make_runner, caplog, monkeypatch, changes, said):
    make_runner(train_cfg=dict(max_epochs=1)).train()
    runner = make_runner(train_dataloader=tiny.loader(**changes), train_cfg=dict(max_epochs=2), resume=True)
    monkeypatch.setattr(runner.logger, "propagate", True)
    runner.train()
    assert ("exactness ends here" in caplog.text) == bool(said)
    assert said in caplog.text
    assert runner.iter == 16


@pytest.mark.parametrize("value", ["much", None, [1], float("nan")])
def test_an_odd_best_score_does_not_matter(make_runner, tmp_path, value):
    hooks = dict(checkpoint=dict(type="CheckpointHook", interval=1, save_best="acc"))
    make_runner(train_cfg=dict(max_epochs=1), default_hooks=hooks).train()
    path = tmp_path / "work" / "epoch_1.pth"
    content = serialization.load(path)
    content["message_hub"]["runtime_info"].update({"best_score": value, 7: "no name"})
    serialization.save(content, path)
    (tmp_path / "work" / "run.json").unlink()
    runner = make_runner(train_cfg=dict(max_epochs=2), default_hooks=hooks, resume=True)
    runner.train()
    assert runner.state.best_score > 50
