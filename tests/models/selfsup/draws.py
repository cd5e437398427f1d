"""Random draws with fixed values: see :func:`fixed_draws`."""

from __future__ import annotations

import collections
import contextlib
import random
import zlib
from unittest import mock

import numpy as np
import torch
import torch.nn.functional as F


@contextlib.contextmanager
def fixed_draws(log=None, dropout=False):
    """Random functions return values that depend on (family, shape, number of the call with these).

    With ``dropout``, so do dropout layers and the dropout of attention weights.

    Families, so that another spelling of the same draw gives the same values:
    `rand` uniform in [0, 1): torch.rand, rand_like, Tensor.uniform_, np.random.rand/random/uniform,
    random.random/uniform
    `randn`: torch.randn, randn_like, torch.normal, Tensor.normal_, np.random.randn/normal
    `randperm`: torch.randperm, np.random.permutation/shuffle (of a length)
    `randint` (floor of a `rand` of the shape): torch.randint, Tensor.random_, np.random.randint,
    random.randint
    `exponential`: Tensor.exponential_ ; `bernoulli`: Tensor.bernoulli_, torch.bernoulli (a `rand` below p)
    torch.multinomial without replacement: largest weights / `exponential` of the weights' shape first
    (the exponential race); with replacement: inverse of the cumulative sum at a `rand`.
    """
    counts, log = collections.Counter(), [] if log is None else log

    def rng(family, shape, name):
        key = (family, tuple(shape))
        counts[key] += 1
        log.append(f"{name} {list(shape)}")
        return np.random.Generator(
            np.random.PCG64(zlib.crc32(f"{family} {list(shape)} {counts[key] - 1}".encode()))
        )

    def size_of(args, kw):
        args = args or (kw.get("size", ()),)
        shape = args[0] if len(args) == 1 and not isinstance(args[0], (int, np.integer)) else args
        return tuple(int(v) for v in shape)

    def uniform(shape, name):
        return rng("rand", shape, name).random(shape, dtype=np.float32)

    def normal(shape, name):
        return rng("randn", shape, name).standard_normal(shape, dtype=np.float32)

    def tensor(value, kw):
        t = torch.from_numpy(np.ascontiguousarray(value))
        dtype = kw.get("dtype") or (torch.get_default_dtype() if t.is_floating_point() else torch.long)
        return t.to(device=kw.get("device") or "cpu", dtype=dtype)

    def like(draw, name):
        return lambda x, **kw: tensor(draw(tuple(x.shape), name), dict(dtype=x.dtype, device=x.device, **kw))

    def fill_uniform(self, low=0.0, high=1.0, **kw):
        return self.copy_(low + (high - low) * tensor(uniform(tuple(self.shape), "uniform_"), {}))

    def fill_normal(self, mean=0.0, std=1.0, **kw):
        return self.copy_(mean + std * tensor(normal(tuple(self.shape), "normal_"), {}))

    def fill_exponential(self, lambd=1.0, **kw):
        value = rng("exponential", self.shape, "exponential_").standard_exponential(
            tuple(self.shape), dtype=np.float32
        )
        return self.copy_(tensor(value, {}) / lambd)

    def fill_bernoulli(self, p=0.5, **kw):
        return self.copy_((tensor(uniform(tuple(self.shape), "bernoulli_"), {}) < p).to(self.dtype))

    def normal_of(mean, std=1.0, size=None, **kw):
        shape = tuple(size) if size is not None else tuple(np.broadcast_shapes(np.shape(mean), np.shape(std)))
        return mean + std * tensor(normal(shape, "normal"), kw)

    def permutation(n, name):
        return rng("randperm", (n,), name).permutation(n)

    def integers(low, high, shape, name):
        return np.floor(low + (high - low) * uniform(shape, name).astype(np.float64)).astype(np.int64)

    def randint(*args, **kw):
        args = list(args)
        if "high" in kw:
            args.insert(0, kw["high"]) if "low" not in kw and not args else args.insert(1, kw["high"])
        if "low" in kw:
            args.insert(0, kw["low"])
        if "size" in kw:
            args.append(kw["size"])
        low, high, size = args if len(args) == 3 else (0, *args)
        return tensor(
            integers(low, high, tuple(size), "randint"), dict(kw, dtype=kw.get("dtype") or torch.long)
        )

    def multinomial(weights, num_samples, replacement=False, **kw):
        w, shape = weights.detach().double(), tuple(weights.shape)
        if not replacement:
            race = rng("exponential", shape, "multinomial").standard_exponential(shape, dtype=np.float32)
            race = tensor(race, dict(dtype=torch.double, device=w.device))
            return torch.argsort(w / race, dim=-1, descending=True)[..., :num_samples]
        at = tensor(
            uniform(shape[:-1] + (num_samples,), "multinomial"), dict(dtype=torch.double, device=w.device)
        )
        return torch.searchsorted(w.cumsum(-1) / w.sum(-1, keepdim=True), at)

    def np_permutation(x):
        return (
            permutation(int(x), "np.random.permutation")
            if np.ndim(x) == 0
            else np.asarray(x)[permutation(len(x), "np.random.permutation")]
        )

    def np_shuffle(x):
        x[:] = [x[i] for i in permutation(len(x), "np.random.shuffle")]

    def np_uniform(low=0.0, high=1.0, size=None):
        value = uniform(() if size is None else tuple(np.atleast_1d(size)), "np.random.uniform")
        value = low + (high - low) * value.astype(np.float64)
        return float(value) if size is None else value

    def np_random(size=None):
        return np_uniform(size=size)

    def np_randint(low, high=None, size=None, dtype=int):
        low, high = (0, low) if high is None else (low, high)
        value = integers(low, high, () if size is None else tuple(np.atleast_1d(size)), "np.random.randint")
        return int(value) if size is None else value

    def np_normal(loc=0.0, scale=1.0, size=None):
        value = loc + scale * normal(() if size is None else tuple(np.atleast_1d(size)), "np.random.normal")
        return float(value) if size is None else value

    def dropped(x, p=0.5, training=True, inplace=False):
        if not training or p == 0:
            return x
        return x * (tensor(uniform(tuple(x.shape), "dropout"), {}) >= p) / (1 - p)

    def attention(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None):
        scores = query @ key.mT * (scale or query.shape[-1] ** -0.5)
        if attn_mask is not None:
            scores = scores + attn_mask
        return dropped(scores.softmax(-1), dropout_p) @ value

    table = [
        (torch, "rand", lambda *a, **kw: tensor(uniform(size_of(a, kw), "rand"), kw)),
        (torch, "randn", lambda *a, **kw: tensor(normal(size_of(a, kw), "randn"), kw)),
        (torch, "rand_like", like(uniform, "rand_like")),
        (torch, "randn_like", like(normal, "randn_like")),
        (torch, "normal", normal_of),
        (torch, "randint", randint),
        (torch, "multinomial", multinomial),
        (torch, "randperm", lambda n, **kw: tensor(permutation(n, "randperm"), kw)),
        (
            torch,
            "bernoulli",
            lambda x, **kw: (tensor(uniform(tuple(x.shape), "bernoulli"), {}) < x).to(x.dtype),
        ),
        (torch.Tensor, "uniform_", fill_uniform),
        (torch.Tensor, "normal_", fill_normal),
        (torch.Tensor, "exponential_", fill_exponential),
        (torch.Tensor, "bernoulli_", fill_bernoulli),
        (torch.Tensor, "multinomial", multinomial),
        (np.random, "rand", lambda *s: np_uniform(size=s or None)),
        (np.random, "random", np_random),
        (np.random, "uniform", np_uniform),
        (np.random, "randint", np_randint),
        (np.random, "normal", np_normal),
        (np.random, "randn", lambda *s: np_normal(size=s or None)),
        (np.random, "shuffle", np_shuffle),
        (np.random, "permutation", np_permutation),
        (random, "random", lambda: float(uniform((), "random.random"))),
        (random, "uniform", lambda a, b: a + (b - a) * float(uniform((), "random.uniform"))),
        (random, "randint", lambda a, b: int(integers(a, b + 1, (), "random.randint"))),
    ]
    if dropout:
        table += [(F, "dropout", dropped), (F, "scaled_dot_product_attention", attention)]
    with contextlib.ExitStack() as stack:
        for owner, name, function in table:
            stack.enter_context(mock.patch.object(owner, name, function))
        yield log
