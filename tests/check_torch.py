"""check_torch.py FOLDER: trains the models of tests/test_torch_given.c once more in PyTorch, in double precision, and compares.

Written from the formulas of lib/nn/transformer.h, lib/train/{optimiser,rate,trainer}.h and the weights format alone. Bounds, each on the largest
difference: logits 1e-5 of the largest logit; gradient of an array 1e-4 of its largest number plus 1e-6 of the whole gradient's largest
(keys' biases have a gradient that is 0 but for rounding); losses and norms of every update 1e-4 of their value."""
import glob
import json
import math
import sys

import h5py
import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


class Model:
    def __init__(self, path):
        file = h5py.File(path, "r")
        self.c = {k: v.decode() if isinstance(v, bytes) else v for k, v in file.attrs.items()}
        self.p = {}
        file.visititems(self.take)

    def take(self, name, item):
        if isinstance(item, h5py.Dataset):
            self.p[name] = torch.tensor(item[()].astype(np.float64), requires_grad=True)

    def norm(self, x, name):
        kind, epsilon = self.c["norm"], self.c["norm_epsilon"]
        if kind == "none":
            return x
        if kind == "layernorm":
            return F.layer_norm(x, x.shape[-1:], self.p[name + "/gain"], self.p[name + "/bias"], epsilon)
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + epsilon) * self.p[name + "/gain"]

    def linear(self, x, name):
        return F.linear(x, self.p[name + "/weight"], self.p.get(name + "/bias"))

    def heads(self, x, turn):
        batch, length, _ = x.shape
        x = x.view(batch, length, self.c["heads"], -1).transpose(1, 2)
        if not turn or self.c["positions"] != "rotary":
            return x
        width = x.shape[-1]
        angle = torch.arange(length)[:, None] * 10000.0 ** (-torch.arange(0, width, 2) / width)
        z = torch.view_as_complex(x.reshape(*x.shape[:-1], width // 2, 2)) * torch.polar(torch.ones_like(angle), angle)
        return torch.view_as_real(z).flatten(-2)

    def mask(self, length):
        i, j = torch.arange(length)[:, None], torch.arange(length)[None, :]
        if self.c["mask"] == "full":
            return torch.zeros(length, length, dtype=torch.bool)
        hidden = j > i
        return hidden | (j <= i - self.c["window"]) if self.c["mask"] == "window" else hidden

    def attention(self, x, name):
        q, k, v = (self.heads(self.linear(x, f"{name}/{part}"), part != "value") for part in ("query", "key", "value"))
        score = self.c["attention_scale"] * (q @ k.transpose(-1, -2))
        weight = F.softmax(score.masked_fill(self.mask(x.shape[1]), -math.inf), -1)
        return self.linear((weight @ v).transpose(1, 2).flatten(-2), name + "/output")

    def feed(self, x, name):
        x = self.linear(x, name + "/up")
        act = self.c["activation"]
        x = F.relu(x) if act == "relu" else F.gelu(x, approximate="none" if act == "gelu" else "tanh")
        return self.linear(x, name + "/down")

    def layer(self, x, name):
        place, scale = self.c["placement"], self.c["residual_scale"]
        for half, part, before, after in ((self.attention, "attention", "norm1", "norm3"), (self.feed, "ffn", "norm2", "norm4")):
            if half == self.attention and self.c["heads"] == 0:
                continue
            if place == "post":
                x = self.norm(x + scale * half(x, name + part), name + before)
            else:
                added = half(self.norm(x, name + before), name + part)
                x = x + scale * (self.norm(added, name + after) if place == "sandwich" else added)
        return x

    def embed(self, token):
        x = F.embedding(token, self.p["embed/token"]).flatten(-2)
        length, width = x.shape[1:]
        if self.c["positions"] == "learned":
            x = x + self.p["embed/position"][:length]
        if self.c["positions"] == "sinusoidal":
            angle = torch.arange(length)[:, None] * 10000.0 ** (-torch.arange(0, width, 2) / width)
            x = x + torch.stack((angle.sin(), angle.cos()), -1).flatten(-2)
        return x

    def logits(self, token):
        """After each loop."""
        first = x = self.embed(token)
        result = []
        for t in range(self.c["steps"]):
            if self.c["input_injection"] > 0 and t > 0:
                x = x + first
            if self.c["input_injection"] == 2:
                x = self.norm(x, "inject_norm")
            if self.c["step_embeddings"] > 0:
                x = x + self.p["embed/step"][min(t, self.c["step_embeddings"] - 1)]
            for index in range(self.c["layers"]):
                x = self.layer(x, f"layer/{index}/")
            y = self.norm(x, "final_norm") if self.c["final_norm"] else x
            result.append(F.linear(y, self.p["embed/token" if self.c["tied_head"] else "head/weight"]))
        return torch.stack(result)


def rate(setting, step):
    peak, floor, warmup = setting["peak"], setting["floor"], setting["warmup"]
    if step < warmup:
        return peak * (step + 1) / warmup
    x = (step - warmup) / (setting["steps"] - warmup)
    if setting["decay"] == "constant":
        return peak
    if setting["decay"] == "linear":
        return peak * (1 - (1 - floor) * x)
    return peak * (floor + (1 - floor) * (1 + math.cos(math.pi * x)) / 2)


def optimiser(setting, model):
    matrices = [p for p in model.p.values() if p.dim() == 2]
    vectors = [p for p in model.p.values() if p.dim() == 1]
    if setting["optimiser"] == "sgd":
        assert setting["weight_decay"] == 0
        return torch.optim.SGD(matrices + vectors, lr=1, momentum=setting["beta1"])
    groups = [{"params": matrices, "weight_decay": setting["weight_decay"]}, {"params": vectors, "weight_decay": 0}]
    return torch.optim.AdamW(groups, lr=1, betas=(setting["beta1"], setting["beta2"]), eps=setting["epsilon"])


def loss_of(setting, logits, target):
    asked = logits if setting["every"] else logits[-1:]
    return sum(F.cross_entropy(z.flatten(0, 1), target.flatten(), ignore_index=-1) for z in asked) / len(asked)


class Comparison:
    def __init__(self):
        self.worst, self.ok = [], True

    def hold(self, what, difference, bound):
        """A NaN fails."""
        self.worst.append(f"{what} {difference:.1e} of {bound:.1e}")
        self.ok = self.ok and bool(difference <= bound)


def compare(base, setting):
    result = Comparison()
    model = Model(base + ".before.h5")
    updates, batch, length = setting["updates"], setting["batch"], setting["sequence"]
    fields, classes, steps = (int(model.c[k]) for k in ("fields", "classes", "steps"))
    token = np.fromfile(base + ".token", np.int32).reshape(updates, -1)[:, : batch * length * fields]
    token = torch.tensor(token.reshape(updates, batch, length, fields).astype(np.int64))
    target = torch.tensor(np.fromfile(base + ".target", np.int32).reshape(updates, batch, length).astype(np.int64))
    curve = np.fromfile(base + ".curve", np.float64).reshape(2, updates)
    theirs = torch.tensor(np.fromfile(base + ".logits", np.float32).reshape(steps, batch, length, classes).astype(np.float64))
    slope = Model(base + ".gradient.h5").p
    assert slope.keys() == model.p.keys()
    opt = optimiser(setting, model)
    worst_loss = worst_norm = 0.0
    for u in range(updates):
        opt.zero_grad()
        logits = model.logits(token[u])
        loss = loss_of(setting, logits, target[u])
        loss.backward()
        if u == 0:
            some = slice(None) if setting["every"] else slice(-1, None)
            largest = logits[some].abs().max().item()
            result.hold("logits", (logits[some] - theirs[some]).abs().max().item(), 1e-5 * largest)
            whole = max(p.grad.abs().max().item() for p in model.p.values())
            shares = {}
            for name, p in model.p.items():
                bound = 1e-4 * p.grad.abs().max().item() + 1e-6 * whole
                shares[name] = (p.grad - slope[name]).abs().max().item() / bound
            name = max(shares, key=lambda n: (math.isnan(shares[n]), shares[n]))
            result.hold("gradient/bound", shares[name], 1)
        norm = torch.sqrt(sum((p.grad**2).sum() for p in model.p.values())).item()
        worst_loss = np.fmax(worst_loss, abs(curve[0, u] / loss.item() - 1)) if curve[0, u] == curve[0, u] else np.nan
        worst_norm = np.fmax(worst_norm, abs(curve[1, u] / norm - 1)) if curve[1, u] == curve[1, u] else np.nan
        if setting["clip"] > 0:
            torch.nn.utils.clip_grad_norm_(list(model.p.values()), setting["clip"])
        for group in opt.param_groups:
            group["lr"] = rate(setting, u)
        opt.step()
    result.hold("losses", worst_loss, 1e-4)
    result.hold("norms", worst_norm, 1e-4)
    return result


status = 0
for path in sorted(glob.glob(sys.argv[1] + "/*.json")):
    with open(path) as file:
        setting = json.load(file)
    found = compare(path[: -len(".json")], setting)
    print("ok" if found.ok else "FAILED", "torch_" + setting["name"])
    print("   ", ", ".join(found.worst))
    status = status if found.ok else 1
sys.exit(status)
