"""Launchers: the environment of each, and real runs under torchrun."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mmpretrain.checkpoints import serialization
from mmpretrain.engine.runner import launch
from mmpretrain.errors import ConfigError
from tests.engine.ranks import free_port
from tests.engine.runner.test_checkpoint import same

ROOT = Path(__file__).parents[3]

CONFIG = """
custom_imports = dict(imports=['troubled'])
model = dict(
    type='ImageClassifier',
    backbone=dict(type='LeNet5', num_classes=10),
    head=dict(type='ClsHead', topk=(1,), loss=dict(type='CrossEntropyLoss')),
)
_base_ = ['{root}/configs/_base_/datasets/digits_bs64.py', '{root}/configs/_base_/default_runtime.py']
train_dataloader = dict(num_workers=0, batch_size=256)
val_dataloader = dict(num_workers=0)
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.01))
train_cfg = dict(by_epoch=True, max_epochs=3, val_interval=3)
val_cfg = dict()
test_cfg = dict()
randomness = dict(seed=0)
custom_hooks = [dict(type='Trouble', kind={kind!r})]
"""

TROUBLE = """
import multiprocessing, os, signal, time
from mmpretrain.engine.hooks import Hook
from mmpretrain.registry import HOOKS


@HOOKS.register_module()
class Trouble(Hook):
    def __init__(self, kind):
        self.kind = kind

    def before_train_epoch(self, runner):
        first = os.environ.get('TORCHELASTIC_RESTART_COUNT', '0') == '0'
        if runner.epoch == 2 and runner.rank == 1 and self.kind in ('fails once', 'always') and first:
            raise RuntimeError('rank one gives up')

    def after_train_iter(self, runner, batch_idx, **kwargs):
        if self.kind == 'SIGTERM' and runner.iter >= 1:
            self.interrupt(runner)

    def before_val_iter(self, runner, batch_idx, **kwargs):
        if self.kind == 'SIGINT' and batch_idx >= 1:
            self.interrupt(runner)

    def interrupt(self, runner):
        launcher = os.environ.pop('LAUNCHER', None)
        if launcher is not None:
            workers = [child.pid for child in multiprocessing.active_children()]
            with open('pids', 'a') as file:
                print(os.getpid(), *workers, file=file)
            if runner.rank == 1:
                os.kill(int(launcher), getattr(signal, self.kind))
        time.sleep(0.1)  # it takes its way through torchrun
"""


@pytest.mark.parametrize(
    ("nodes", "host"),
    [("gpu3", "gpu3"), ("gpu[03-05,9],login1", "gpu03"), ("a-b[7]", "a-b7"), ("n1,n2", "n1")],
)
def test_first_host_of_a_slurm_list(nodes, host):
    assert launch.first_host(nodes) == host


def test_slurm_and_mpi_variables():
    slurm = dict(SLURM_PROCID="5", SLURM_NTASKS="16", SLURM_LOCALID="1", SLURM_NODELIST="gpu[3-4]")
    assert launch.torchrun_variables("slurm", slurm) == dict(
        RANK="5", WORLD_SIZE="16", LOCAL_RANK="1", MASTER_ADDR="gpu3", MASTER_PORT="29500"
    )
    mpi = dict(
        OMPI_COMM_WORLD_RANK="1", OMPI_COMM_WORLD_SIZE="2", OMPI_COMM_WORLD_LOCAL_RANK="1", MASTER_PORT="1234"
    )
    assert launch.torchrun_variables("mpi", mpi) == dict(
        RANK="1", WORLD_SIZE="2", LOCAL_RANK="1", MASTER_ADDR="127.0.0.1", MASTER_PORT="1234"
    )
    assert launch.torchrun_variables("pytorch", slurm) == {}


def test_a_launcher_without_its_variables_says_how_to_start(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match="--gpus N"):
        launch.init_process_group("pytorch")
    with pytest.raises(ConfigError, match="Unknown launcher"):
        launch.init_process_group("ray")


@pytest.mark.parametrize(
    ("name", "value", "reach"),
    [
        ("RANK", "abc", "from 0 to 1"),
        ("RANK", "2", "from 0 to 1"),
        ("RANK", "", "from 0 to 1"),
        ("LOCAL_RANK", "-1", "from 0 to 1"),
        ("WORLD_SIZE", "-1", "at least 1"),
        ("WORLD_SIZE", "1e3", "at least 1"),
        ("WORLD_SIZE", "9" * 5000, "at least 1"),
        ("MASTER_PORT", "99999999", "from 0 to 65535"),
    ],
)
def test_odd_variables_of_a_launcher(monkeypatch, name, value, reach):
    """A rank that is too high waited for ever."""
    sound = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "2", "MASTER_PORT": "29500"}
    for key, text in {**sound, name: value}.items():
        monkeypatch.setenv(key, text)
    with pytest.raises(ConfigError, match=rf"{name} must be a whole number {reach}, got"):
        launch.init_process_group("pytorch")


def test_the_port_of_a_slurm_run(monkeypatch):
    """`env_cfg.dist_cfg.port` goes before MASTER_PORT, as in 1.x."""
    monkeypatch.setattr(launch.dist, "init_process_group", lambda *args, **kwargs: None)
    for name, value in dict(SLURM_PROCID="0", SLURM_NTASKS="1", SLURM_LOCALID="0", MASTER_PORT="1").items():
        monkeypatch.setenv(name, value)
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR"):
        monkeypatch.setenv(name, "")
    launch.init_process_group("slurm", backend="gloo", port=1234)
    launch.abandon_process_group()
    assert os.environ["MASTER_PORT"] == "1234"


def command(tmp_path: Path, kind: str, *options: str) -> list[str]:
    (tmp_path / "troubled.py").write_text(TROUBLE)
    (tmp_path / "config.py").write_text(CONFIG.format(root=ROOT, kind=kind))
    return [str(tmp_path / "config.py"), "--work-dir", str(tmp_path / "work"), *options]


def environment(tmp_path: Path) -> dict[str, str]:
    paths = os.pathsep.join([str(ROOT), str(tmp_path)])
    return {
        **os.environ,
        "PYTHONPATH": paths,
        "OMP_NUM_THREADS": "1",
        "PYTHON": sys.executable,
        "CUDA_VISIBLE_DEVICES": "",
    }


def test_elastic_restart_goes_on_from_the_last_checkpoint(tmp_path):
    """Rank 1 fails in the last epoch; torchrun starts all again, and they resume by themselves."""
    arguments = command(tmp_path, "fails once")
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
         "--max-restarts=1", str(ROOT / "tools" / "train.py"), *arguments, "--launcher", "pytorch"],
        env=environment(tmp_path), capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "Auto-resuming from" in done.stdout
    assert re.search(r"resumed epoch: 2, iter", done.stdout)
    assert serialization.load(tmp_path / "work" / "epoch_3.pth")["meta"]["epoch"] == 3


def test_dist_train_ends_when_a_rank_fails(tmp_path):
    """With the reason, and not with exit code 0; if they waited for each other, it would take 30 minutes."""
    done = subprocess.run(
        ["bash", str(ROOT / "tools" / "dist_train.sh"), *command(tmp_path, "always")[:1], "2",
         "--work-dir", str(tmp_path / "work")],
        env={**environment(tmp_path), "PORT": str(free_port())}, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode != 0
    assert "rank one gives up" in done.stdout + done.stderr


def test_signals_to_the_launcher_save_once_and_leave_no_process(tmp_path):
    """The processes agree and save; resumed twice, the run ends as one that nobody disturbed."""

    def train(work: str, kind: str) -> str:
        options = ["--cfg-options", "train_dataloader.num_workers=1", "val_dataloader.batch_size=8"]
        config = command(tmp_path, kind)[0]
        script = ["bash", str(ROOT / "tools" / "dist_train.sh"), config, "2", "--resume", "--work-dir", work]
        done = subprocess.run(
            ["bash", "-c", 'LAUNCHER=$$ exec "$@"', "-", *script, *options], cwd=tmp_path, timeout=900,
            env={**environment(tmp_path), "PORT": str(free_port())}, capture_output=True, text=True,
        )  # fmt: skip
        code = 128 + getattr(signal, kind) if kind else 0
        assert done.returncode == code, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    train("straight", "")
    assert train("work", "SIGTERM").count("Interrupted after iteration") == 1
    said = train("work", "SIGINT")
    assert "Auto-resuming from" in said
    assert "Interrupted after iteration 9;" in said
    assert "resumed epoch: 3, iter: 9" in train("work", "")
    for number in map(int, (tmp_path / "pids").read_text().split()):
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)
    assert len((tmp_path / "pids").read_text().split()) == 2 * 2 + 2 * 2
    first, second = (serialization.load(tmp_path / work / "epoch_3.pth") for work in ("straight", "work"))
    assert same(first["state_dict"], second["state_dict"])
    assert same(first["optimizer"], second["optimizer"])


SRUN = """#!/bin/bash
while [ "$1" != "$PYTHON" ]; do shift; done
export SLURM_NTASKS=2 SLURM_NODELIST=127.0.0.1
for rank in 0 1; do
    SLURM_PROCID=$rank SLURM_LOCALID=$rank "$@" &
    tasks="$tasks $!"
done
for task in $tasks; do wait $task || exit $?; done
"""


@pytest.mark.parametrize("way", [pytest.param("machines", marks=pytest.mark.slow), "slurm", "mpi"])
def test_two_processes_find_each_other(tmp_path, way):
    """Two launchers on one machine stand in for two machines, a script for srun, variables for mpirun."""
    config, *options = command(tmp_path, "", "--cfg-options", "train_cfg.max_epochs=1")
    env = {**environment(tmp_path), "MASTER_PORT": str(free_port()), "MMPRETRAIN_CONSOLE": "lines"}
    train = [sys.executable, "-m", "mmpretrain", "train", config, *options]
    runs = []
    if way == "slurm":
        (tmp_path / "srun").write_text(SRUN)
        (tmp_path / "srun").chmod(0o755)
        env["PATH"] = f"{tmp_path}{os.pathsep}{env['PATH']}"
        script = str(ROOT / "tools" / "slurm_train.sh")
        runs.append((["bash", script, "part", "job", config, *options[1:]], env))
    for rank in range(2) if way != "slurm" else ():
        if way == "mpi":
            names = dict(RANK=rank, SIZE=2, LOCAL_RANK=rank)
            variables = {f"OMPI_COMM_WORLD_{name}": str(value) for name, value in names.items()}
            runs.append(([*train, "--launcher", "mpi"], {**env, **variables}))
        else:
            nodes = ["--gpus", "1", "--nnodes", "2", "--node-rank", str(rank)]
            place = ["--master-addr", "127.0.0.1", "--master-port", env["MASTER_PORT"]]
            runs.append(([*train, *nodes, *place], env))
    children = []
    for number, (words, variables) in enumerate(runs):
        with open(tmp_path / f"said{number}", "wb") as file:
            children.append(subprocess.Popen(words, env=variables, stdout=file, stderr=subprocess.STDOUT))
    for child in children:
        child.wait(timeout=900)
    said = [(tmp_path / f"said{number}").read_text() for number in range(len(runs))]
    assert [child.returncode for child in children] == [0] * len(runs), said
    assert "[1][3/3]" in said[0]  # the six batches of an epoch, in two processes
    assert serialization.load(tmp_path / "work" / "epoch_1.pth")["meta"]["epoch"] == 1


def test_shell_scripts_pass_on_what_they_are_given(tmp_path):
    """The commands that reach Python and srun, with both replaced by echo."""
    fake = tmp_path / "srun"
    fake.write_text('#!/bin/sh\nprintf "%s " srun "$@"\n')
    fake.chmod(0o755)
    env = {**os.environ, "PYTHON": "echo", "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}

    def run(script, *args, **extra):
        command = ["bash", str(ROOT / "tools" / script), *args]
        return subprocess.run(
            command, env={**env, **extra}, capture_output=True, text=True, check=True
        ).stdout

    out = run(
        "dist_train.sh", "a.py", "4", "--amp", NNODES="2", NODE_RANK="1", MASTER_ADDR="host", PORT="1234"
    )
    place = "--gpus 4 --nnodes 2 --node-rank 1 --master-addr host --master-port 1234"
    assert out.strip().endswith(f"train.py a.py {place} --amp")
    out = run("dist_test.sh", "a.py", "b.pth", "2", "--out", "c.pkl")
    place = "--gpus 2 --nnodes 1 --node-rank 0 --master-addr 127.0.0.1 --master-port 29500"
    assert out.strip().endswith(f"test.py a.py b.pth {place} --out c.pkl")
    out = run("slurm_train.sh", "part", "job", "a.py", "work", "--amp", GPUS="16", SRUN_ARGS="-x node1 -q")
    assert "srun -p part --job-name=job --gres=gpu:8 --ntasks=16 --ntasks-per-node=8 --cpus-per-task=5" in out
    assert "-x node1 -q" in out
    assert out.strip().endswith("train.py a.py --work-dir work --launcher slurm --amp")
    out = run("slurm_test.sh", "part", "job", "a.py", "b.pth")
    assert out.strip().endswith("test.py a.py b.pth --launcher slurm")
