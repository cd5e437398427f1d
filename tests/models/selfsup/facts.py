"""Plays the recorded cases of self-supervised parts and algorithms, and compares the numbers.

The numbers in ``data/selfsup.json.gz`` come from MMPretrain 1.2. How an algorithm is played:

1. build the case's ``model`` dict, ``init_weights()``, then overwrite every floating parameter and buffer
   with ``fill(key)`` except the HOG kernels; rows or columns named in ``unit`` are scaled to length 1
   (queues, codebooks), and ``set`` gives single values (``steps``, pointers);
2. ``feat``: eval mode, ``model(images, mode='tensor')``, the last element;
3. train mode, twice: losses under ``fixed_draws``, backward, plain SGD over what wants a gradient. Each step
   has its ``losses``, ``total`` and ``state`` (some parameters and buffers after it), the first also
   ``grads`` (of three parameters).

Parts are single modules: output, gradient for the inputs and for the first and last parameter.
"""

from __future__ import annotations

import copy
import gzip
import json
import os
import tempfile
import types
from functools import cache
from pathlib import Path
from unittest import mock

import numpy as np
import torch

from mmpretrain.registry import HOOKS, MODELS, TRANSFORMS
from mmpretrain.structures import DataSample
from tests.golden.fingerprint import fill
from tests.models.selfsup.draws import fixed_draws

MAX_ITERS = 10  # what CosineEMA believes the length of the run to be


@cache
def recorded(kind):
    """The records of ``'algorithms'``, ``'parts'`` or ``'hooks'``, by name."""
    path = Path(__file__).parent / "data" / "selfsup.json.gz"
    return json.loads(gzip.decompress(path.read_bytes()))[kind]


def picture(shape, seed, view=0):
    """(B, C, H, W) in [-1.25, 1.25]: a grid of 4 x 4 colours that views share, and noise that they do not.

    Multiples of 1/64: sums and differences are exact, and HOG's bins independent of the order of additions.
    """
    b, c, h, w = shape
    blocks = np.random.Generator(np.random.PCG64(seed)).random((b, c, 4, 4), dtype=np.float32) * 2 - 1
    rows, cols = np.arange(h) * 4 // h, np.arange(w) * 4 // w
    noise = np.random.Generator(np.random.PCG64([seed, view + 1])).random(shape, dtype=np.float32) * 2 - 1
    return torch.from_numpy(
        np.round((blocks[:, :, rows][:, :, :, cols] + np.float32(0.25) * noise) * 64) / 64
    )


def masks(shape, masked, seed):
    """Boolean masks of `shape` (B, ...), each with `masked` entries True."""
    rng, out = np.random.Generator(np.random.PCG64(seed)), np.zeros((shape[0], int(np.prod(shape[1:]))), bool)
    for row in out:
        row[rng.permutation(row.size)[:masked]] = True
    return torch.from_numpy(out.reshape(shape))


def make(spec, path=None):
    """An argument from its description: see `PARTS`."""
    if isinstance(spec, (list, tuple)):
        return type(spec)(make(v) for v in spec)
    if not isinstance(spec, dict):
        return spec
    if "tuple" in spec:
        return tuple(make(v) for v in spec["tuple"])
    if "samples" in spec:
        return [DataSample() for _ in range(spec["samples"])]
    seed = spec.get("seed", 0)
    rng = np.random.Generator(np.random.PCG64(seed))
    if "f" in spec:  # uniform in [-1, 1)
        return torch.from_numpy(rng.random(spec["f"], dtype=np.float32) * 2 - 1) * spec.get("scale", 1.0)
    if "p" in spec:  # uniform in [0, 1)
        return torch.from_numpy(rng.random(spec["p"], dtype=np.float32))
    if "picture" in spec:
        return picture(spec["picture"], seed, spec.get("view", 0))
    if "pixels" in spec:  # whole numbers in 0..255
        return torch.from_numpy(rng.integers(0, 256, spec["pixels"], dtype=np.uint8))
    if "mask" in spec:
        return masks(spec["mask"], spec["n"], seed).to(getattr(torch, spec.get("as", "bool")))
    if "order" in spec:  # a permutation per row
        return torch.from_numpy(
            np.stack([rng.permutation(spec["order"][1]) for _ in range(spec["order"][0])])
        )
    if "below" in spec:
        return torch.from_numpy(rng.integers(0, spec["below"], spec["shape"]))
    return {k: make(v) for k, v in spec.items()}


def number(x):
    return float(f"{float(torch.as_tensor(x).detach()):.9g}")


def fp(t):
    """Shape, mean, std, absmax, first 16 and last 8 values."""
    t = torch.as_tensor(t).detach().double().cpu()
    flat = t.flatten()
    return dict(
        shape=list(t.shape),
        mean=number(t.mean()),
        std=number(t.std() if t.numel() > 1 else 0),
        absmax=number(t.abs().max()),
        head=[number(v) for v in flat[:16]],
        tail=[number(v) for v in flat[-8:]],
    )


def tensors(out):
    """All tensors in nested tuples, lists and dicts, in order."""
    if isinstance(out, torch.Tensor):
        return [out]
    if isinstance(out, np.ndarray):
        return [torch.from_numpy(np.ascontiguousarray(out))]
    if isinstance(out, dict):
        out = out.values()
    return [t for v in out for t in tensors(v)] if isinstance(out, (list, tuple, type({}.values()))) else []


def clip_weights(width=64, patch=16, grid=4, layers=2, embed=32):
    """A state dict of OpenAI's CLIP with a vision transformer: shapes only matter, `fill` comes later."""

    def block(prefix, w):
        shapes = dict(in_proj_weight=(3 * w, w), in_proj_bias=(3 * w,))
        d = {f"{prefix}.attn.{k}": torch.zeros(s) for k, s in shapes.items()}
        for name, (o, i) in {
            "attn.out_proj": (w, w),
            "mlp.c_fc": (4 * w, w),
            "mlp.c_proj": (w, 4 * w),
        }.items():
            d[f"{prefix}.{name}.weight"], d[f"{prefix}.{name}.bias"] = torch.zeros(o, i), torch.zeros(o)
        for name in ("ln_1", "ln_2"):
            d[f"{prefix}.{name}.weight"], d[f"{prefix}.{name}.bias"] = torch.zeros(w), torch.zeros(w)
        return d

    d = {
        "visual.conv1.weight": torch.zeros(width, 3, patch, patch),
        "visual.class_embedding": torch.zeros(width),
        "visual.positional_embedding": torch.zeros(grid**2 + 1, width),
        "visual.proj": torch.zeros(width, embed),
    }
    for name in ("ln_pre", "ln_post"):
        d[f"visual.{name}.weight"], d[f"visual.{name}.bias"] = torch.zeros(width), torch.zeros(width)
    for i in range(layers):
        d.update(block(f"visual.transformer.resblocks.{i}", width))
    d.update(block("transformer.resblocks.0", 64))
    d.update(
        {
            "token_embedding.weight": torch.zeros(11, 64),
            "positional_embedding": torch.zeros(5, 64),
            "ln_final.weight": torch.zeros(64),
            "ln_final.bias": torch.zeros(64),
            "text_projection": torch.zeros(64, embed),
            "logit_scale": torch.zeros([]),
        }
    )
    return d


def with_clip(cfg, folder):
    """`{'clip': {...}}` in a config is the path of a small CLIP checkpoint."""
    if isinstance(cfg, dict):
        if set(cfg) == {"clip"}:
            path = os.path.join(folder, "clip.pth")
            torch.save(clip_weights(**cfg["clip"]), path)
            return path
        return {k: with_clip(v, folder) for k, v in cfg.items()}
    return type(cfg)(with_clip(v, folder) for v in cfg) if isinstance(cfg, (list, tuple)) else cfg


def build(cfg, registry=MODELS):
    with tempfile.TemporaryDirectory() as folder:
        return registry.build(with_clip(copy.deepcopy(cfg), folder))


KEEP = ("weight_x", "weight_y", "gaussian_kernel")  # kernels of HOGGenerator: constants


def fill_all(model, unit=(), set=None, jitter=0):
    """`jitter` multiplies each value by 1 +- jitter: how far rounding reaches (used to choose tolerances)."""
    g = torch.Generator().manual_seed(0)
    with torch.no_grad():
        state = model.state_dict()
        for key, value in state.items():
            if key.rsplit(".", 1)[-1] not in KEEP:
                fill(key, value)
        for key, dim in unit:
            state[key].copy_(torch.nn.functional.normalize(state[key], dim=dim))
        for key, value in (set or {}).items():
            state[key].copy_(torch.as_tensor(value))
        if jitter:
            for key, value in state.items():
                if value.is_floating_point() and key.rsplit(".", 1)[-1] not in KEEP:
                    value.mul_(1 + jitter * (torch.rand(value.shape, generator=g) * 2 - 1))
    for module in model.modules():  # CosineEMA
        if hasattr(module, "set_max_iters"):
            module.set_max_iters(MAX_ITERS)


def batch_of(case, step, device="cpu"):
    """Inputs and data samples of one step: `views` is [[size, how many], ...] or one size (a tensor)."""
    b, seed = case["batch"], 100 * case.get("seed", 0) + 10 * step
    views = case["views"]
    if isinstance(views, int):
        inputs = picture((b, 3, views, views), seed)
    else:
        sizes = [s for s, n in views for _ in range(n)]
        inputs = [picture((b, 3, s, s), seed, i) for i, s in enumerate(sizes)]
    samples = [DataSample() for _ in range(b)]
    if "mask" in case:
        for sample, m in zip(samples, masks([b, *case["mask"]["shape"]], case["mask"]["n"], seed)):
            sample.set_mask(m.to(getattr(torch, case["mask"].get("as", "float32"))))
    inputs = [view.to(device) for view in inputs] if isinstance(inputs, list) else inputs.to(device)
    return inputs, [sample.to(device) for sample in samples]


def pick(keys):
    return list(dict.fromkeys([keys[0], keys[len(keys) // 2], keys[-1]])) if keys else []


FOLLOWERS = ("encoder_k.", "target_net.", "momentum_encoder.", "teacher.")
BUFFERS = ("queue", "queue_ptr", "queue2", "queue2_ptr", "steps", "initted", "cluster_size")


def watched(trained, before, after):
    """Keys that are recorded: what changed without a gradient first, then three trained parameters."""
    moved = [k for k in after if k not in trained and not torch.equal(before[k], after[k])]
    follow = [k for k in moved if k.startswith(FOLLOWERS)]
    keys = [k for k in moved if k.rsplit(".", 1)[-1] in BUFFERS]
    keys += pick([k for k in follow if after[k].is_floating_point() and "running_" not in k])
    for tail in ("running_mean", "running_var", "num_batches_tracked"):
        keys += pick([k for k in follow if k.endswith(tail)])[-1:]
        keys += pick([k for k in moved if k.endswith(tail) and not k.startswith(FOLLOWERS)])[-1:]
    keys += [k for k in moved if k.startswith("target_generator.")][:4]
    return list(dict.fromkeys(keys + pick(trained)))


def initial(cfg):
    """What `init_weights` gives: constants, patterns that do not depend on the seed, std of the rest."""
    states = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)
        model = build(cfg)
        model.init_weights()
        states.append({k: v.clone() for k, v in model.state_dict().items()})
    out = dict(constant={}, fixed={}, std={})
    for key, a in states[0].items():
        b = states[1][key]
        if not a.is_floating_point() or a.numel() == 0:
            continue
        if torch.equal(a, b):
            if (a == a.flatten()[0]).all():
                out["constant"][key] = number(a.flatten()[0])
            else:
                out["fixed"][key] = fp(a)
        elif a.numel() >= 512:
            out["std"][key] = number(torch.cat([a.flatten(), b.flatten()]).double().std())
    return out


def record(case, want=None, jitter=0, device="cpu"):
    """Numbers of one algorithm. `want`: an earlier record, whose keys are looked at again."""
    torch.manual_seed(0)
    out, draws = {}, []
    model = build(case["model"])
    model.init_weights()
    state = model.state_dict()
    out["state_dict"] = {k: list(v.shape) for k, v in state.items()}
    out["params"] = sum(p.numel() for p in model.parameters())
    fill_all(model, case.get("unit", ()), case.get("set"), jitter)
    for name, spec in case.get("attributes", {}).items():  # plain tensors: the queue of SwAV
        owner, _, leaf = name.rpartition(".")
        setattr(
            model.get_submodule(owner), leaf, torch.nn.functional.normalize(make(spec), dim=-1).to(device)
        )
    model.to(device)
    if case.get("feat", True):
        model.eval()
        inputs, _ = batch_of(case, 0, device)
        with torch.no_grad():
            y = model(inputs[0] if isinstance(inputs, list) else inputs, mode="tensor")
        while isinstance(y, (tuple, list)):
            y = y[-1]
        out["feat"] = fp(y)
    model.train()
    out["frozen"] = sorted(k for k, p in model.named_parameters() if not p.requires_grad)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=case.get("lr", 0.1))
    out["steps"] = []
    with fixed_draws(draws, dropout=case.get("dropout", False)):
        for step in range(case.get("steps", 2)):
            before = {k: v.clone() for k, v in model.state_dict().items()}
            inputs, samples = batch_of(case, step, device)
            if jitter and not case.get("exact"):
                for t in tensors(inputs):
                    t.mul_(
                        1
                        + jitter
                        * (
                            torch.from_numpy(
                                np.random.Generator(np.random.PCG64(5)).random(
                                    tuple(t.shape), dtype=np.float32
                                )
                            )
                            * 2
                            - 1
                        )
                    )
            losses = model(inputs, samples, mode="loss")
            total, _ = model.parse_losses(losses)
            optimizer.zero_grad()
            total.backward()
            rec = dict(losses={k: number(v) for k, v in losses.items()}, total=number(total))
            grads = {k: p.grad for k, p in model.named_parameters() if p.grad is not None}
            rec["has_grad"] = len(grads)
            if step == 0:
                keys = (
                    list(want["steps"][0]["grads"])
                    if want
                    else pick([k for k in model.state_dict() if k in grads])
                )
                rec["grads"] = {k: fp(grads[k]) for k in keys if k in grads}
            optimizer.step()
            after = {k: v.clone() for k, v in model.state_dict().items()}
            keys = (
                list(want["steps"][step]["state"])
                if want
                else watched([k for k in after if k in grads], before, after)
            )
            rec["state"] = {k: fp(after[k]) for k in keys if k in after}
            for name in case.get("attributes", {}):
                owner, _, leaf = name.rpartition(".")
                rec["state"][name] = fp(getattr(model.get_submodule(owner), leaf))
            out["steps"].append(rec)
    out["draws"] = draws
    if case.get("initial"):
        out["initial"] = initial(case["model"])
    return out


def part(case, want=None, jitter=0):
    """Numbers of one module: `build` is a config, or `import` names a function; `call` is the method."""
    torch.manual_seed(0)
    draws, cfg = [], case["build"]
    if "import" in cfg:
        cfg = dict(cfg)
        where, _, name = cfg.pop("import").rpartition(".")
        module = getattr(__import__(where, fromlist=[name]), name)
        if isinstance(module, type):
            module = module(**cfg)
    else:
        module = build(cfg, dict(transform=TRANSFORMS).get(case.get("registry"), MODELS))
    is_module = isinstance(module, torch.nn.Module)
    if is_module:
        fill_all(module, case.get("unit", ()), case.get("set"), jitter)
        module.train(case.get("train", True))
    leaves = []

    def leaf(x):
        if isinstance(x, torch.Tensor) and x.is_floating_point() and case.get("grad", True):
            if jitter and not case.get("exact"):
                x = x * (
                    1
                    + jitter
                    * (
                        torch.from_numpy(
                            np.random.Generator(np.random.PCG64(5)).random(tuple(x.shape), dtype=np.float32)
                        )
                        * 2
                        - 1
                    )
                )
            leaves.append(x.requires_grad_())
            return x * 1  # not a leaf: may be changed in place
        if isinstance(x, (list, tuple)):
            return type(x)(leaf(v) for v in x)
        return x

    args = [leaf(make(a)) for a in case["args"]]
    kwargs = {k: leaf(make(v)) for k, v in case.get("kwargs", {}).items()}
    call = getattr(module, case["call"]) if "call" in case else module
    with fixed_draws(draws):
        out = call(*args, **kwargs)
    for name in case.get("read", ()):  # attributes after the call
        out = (out, getattr(module, name))
    outs = tensors(out)
    rec = dict(out=[fp(t) for t in outs], draws=draws)
    if not is_module:
        return rec
    rec["state_dict"] = {k: list(v.shape) for k, v in module.state_dict().items()}
    total = 0
    for i, t in enumerate(outs):
        if t.requires_grad:
            weight = torch.zeros(max(2, t.numel()), 1)
            fill(f"output {i}", weight)
            total = total + (t.flatten() * weight[: t.numel(), 0].to(t.dtype)).sum()
    if isinstance(total, torch.Tensor):
        total.backward()
        rec["input_grads"] = [fp(x.grad) if x.grad is not None else None for x in leaves]
        grads = {k: p.grad for k, p in module.named_parameters() if p.grad is not None}
        keys = list(want["grads"]) if want else pick(list(grads))
        rec["grads"] = {k: fp(grads[k]) for k in keys if k in grads}
    if case.get("after"):
        rec["after"] = {k: fp(module.state_dict()[k]) for k in case["after"]}
    return rec


def hook(case, want=None, jitter=0):
    """What a hook does to a stand-in for the runner: `events` are [method, iter, epoch]."""
    model = torch.nn.Module()
    for name, value in case["model"].items():
        owner, parts = model, name.split(".")
        for p in parts[:-1]:
            if not hasattr(owner, p):
                setattr(owner, p, torch.nn.Module())
            owner = getattr(owner, p)
        setattr(owner, parts[-1], torch.nn.Linear(2, 2) if value == "linear" else value)
    runner = types.SimpleNamespace(
        model=model,
        iter=0,
        epoch=0,
        max_iters=case.get("max_iters", 12),
        max_epochs=case.get("max_epochs", 3),
        world_size=1,
        work_dir=tempfile.mkdtemp(),
        rank=0,
        seed=0,
        logger=mock.MagicMock(),
        message_hub=mock.MagicMock(),
        optim_wrapper=types.SimpleNamespace(
            optimizer=types.SimpleNamespace(param_groups=copy.deepcopy(case.get("groups", []))),
            param_groups=None,
        ),
    )
    runner.optim_wrapper.param_groups = runner.optim_wrapper.optimizer.param_groups
    h = HOOKS.build(copy.deepcopy(case["hook"]))
    rows = []
    for method, it, epoch in case["events"]:
        runner.iter, runner.epoch = it, epoch
        f = getattr(h, method)
        f(runner, 0, None) if method.endswith("train_iter") else f(runner)
        row = []
        for name in case["read"]:
            if name == "lr":
                row.append([g["lr"] for g in runner.optim_wrapper.optimizer.param_groups])
                continue
            value = model
            for p in name.split("."):
                value = getattr(value, p)
            row.append(list(value.shape) if isinstance(value, torch.Tensor) else value)
        rows.append(row)
    return dict(rows=rows)


def run(cases, kind, names=(), want=None, jitter=0):
    done = {}
    for name, case in cases.items():
        if names and not name.startswith(tuple(names)):
            continue
        try:
            done[name] = kind(
                case, want[name] if want and "error" not in want.get(name, dict(error=0)) else None, jitter
            )
        except Exception as e:
            done[name] = dict(error=f"{type(e).__name__}: {e}"[:300])
    return done


def far(want, got, tol=None):
    """How far two recorded tensors are apart, as a multiple of the tolerance; None: another shape."""
    if got is None or want["shape"] != got["shape"]:
        return None
    tol = tol or 2e-4 * max(1, want["absmax"])
    pairs = [(want[k], got[k]) for k in ("mean", "std", "absmax")]
    pairs += [*zip(want["head"], got["head"]), *zip(want["tail"], got["tail"])]
    gaps = [abs(a - b) / tol for a, b in pairs]
    return max(g if g == g else float("inf") for g in gaps)


def grad_tol(want):
    return 1e-2 * want["absmax"] + 1e-5  # a ReLU that rounding turns on or off moves a gradient by some 1e-3


def differences(want, got, kind):
    """(aspect, None or what is wrong, multiple of the tolerance) for each aspect of a record."""
    if "error" in want or "error" in got:
        yield "runs", None if ("error" in want) or "error" not in got else got["error"], 0
        return

    def values(a, b, tol=lambda w: None):
        worst, text = 0, None
        for key in a:
            d = far(a[key], b.get(key), tol(a[key]))
            if d is None:
                return (
                    f"{key}: shape {a[key]['shape']}, got {b[key]['shape'] if b.get(key) else 'nothing'}",
                    0,
                )
            if d > worst:
                worst, text = d, f"{key} off by {d:.3g} tolerances"
        return (text if worst > 1 else None), worst

    def numbered(rows):
        return {str(i): r for i, r in enumerate(rows or []) if r is not None}

    def equal(a, b):
        if a == b:
            return None
        if isinstance(a, dict):
            wrong = [k for k in sorted(set(a) | set(b)) if a.get(k) != b.get(k)]
            return f"{len(wrong)} differ: " + ", ".join(f"{k} {a.get(k)} -> {b.get(k)}" for k in wrong[:3])
        return f"{str(a)[:80]} -> {str(b)[:80]}"

    if kind == "hooks":
        yield "rows", equal(want["rows"], got["rows"]), 0
        return
    if "state_dict" in want:
        yield "keys", equal(want["state_dict"], got.get("state_dict")), 0
    if kind == "parts":
        yield ("out", *values(numbered(want["out"]), numbered(got["out"])))
        if "grads" in want:
            yield (
                "input_grads",
                *values(numbered(want["input_grads"]), numbered(got.get("input_grads")), grad_tol),
            )
            yield ("grads", *values(want["grads"], got.get("grads", {}), grad_tol))
        if "after" in want:
            yield ("after", *values(want["after"], got["after"]))
        return
    yield "params", equal(want["params"], got["params"]), 0
    yield "frozen", equal(dict.fromkeys(want["frozen"], "frozen"), dict.fromkeys(got["frozen"], "frozen")), 0
    if "feat" in want:
        yield ("feat", *values(dict(feat=want["feat"]), dict(feat=got.get("feat"))))
    for i, (a, b) in enumerate(zip(want["steps"], got["steps"]), 1):
        wrong = equal(dict.fromkeys(a["losses"], 1), dict.fromkeys(b["losses"], 1))
        worst = 0
        for k in () if wrong else [*a["losses"], "total"]:
            x, y = (a["total"], b["total"]) if k == "total" else (a["losses"][k], b["losses"][k])
            worst = max(worst, abs(x - y) / (1e-3 * max(abs(x), 0.2)))
            if worst > 1:
                wrong = wrong or f"{k}: {x:.6g}, got {y:.6g}"
        yield f"losses{i}", wrong, worst
        if "grads" in a:
            yield (f"grads{i}", *values(a["grads"], b["grads"], grad_tol))
        own = {k: v for k, v in a["state"].items() if not k.startswith("target_generator.")}
        yield (f"state{i}", *values(own, b["state"]))
        if len(own) < len(
            a["state"]
        ):  # the original's tokenizer keeps learning: an implementation may freeze it
            yield (
                f"tokenizer{i}",
                *values({k: v for k, v in a["state"].items() if k not in own}, b["state"]),
            )
    if "initial" in want:
        a, b = want["initial"], got["initial"]
        yield "initial.constant", equal(a["constant"], b["constant"]), 0
        yield ("initial.fixed", *values(a["fixed"], b["fixed"]))
        wrong = [k for k, v in a["std"].items() if not 0.8 * v <= b["std"].get(k, -1) <= 1.25 * v]
        yield (
            "initial.std",
            f"{len(wrong)} differ, {wrong[0]}: {a['std'][wrong[0]]}, got {b['std'].get(wrong[0])}"
            if wrong
            else None,
            0,
        )


def play(kind, name):
    """Play a recorded case and return what differs, one line each."""
    want = recorded(kind)[name]
    got = {"algorithms": record, "parts": part, "hooks": hook}[kind](want["case"], want)
    wrong = [f"{aspect}: {text}" for aspect, text, _ in differences(want, got, kind) if text]
    if want.get("draws") != got.get("draws"):
        wrong.append(f"draws: {want['draws']}, got {got['draws']}")
    return wrong
