"""check_weights.py FILE.h5 STATE: runs the model of a weights file in numpy and compares with the state that the C code
left. Knows the file format and the formulas, nothing of the C code."""
import math
import sys

import h5py
import numpy as np

f = h5py.File(sys.argv[1], "r")
a = {k: v.decode() if isinstance(v, bytes) else v for k, v in f.attrs.items()}
assert a["format"] == "latentlab-weights" and a["version"] == 1
H, dk, dv = a["heads"], a["key_width"], a["value_width"]
erf = np.vectorize(math.erf)


def get(name):
    return f[name][()].astype(np.float64) if name in f else 0.0


def norm(x, name):
    if a["norm"] == "none":
        return x
    if a["norm"] == "rmsnorm":
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + a["norm_epsilon"]) * get(name + "/gain")
    d = x - x.mean(-1, keepdims=True)
    return d / np.sqrt((d * d).mean(-1, keepdims=True) + a["norm_epsilon"]) * get(name + "/gain") + get(name + "/bias")


def linear(x, name):
    return x @ get(name + "/weight").T + get(name + "/bias")


def act(x):
    if a["activation"] == "relu":
        return np.maximum(x, 0)
    if a["activation"] == "gelu":
        return x * 0.5 * (1 + erf(x / math.sqrt(2)))
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def rotate(x):  # [S, H, dk]
    if a["positions"] != "rotary":
        return x
    angle = np.arange(len(x))[:, None] * 10000.0 ** (-np.arange(0, dk, 2) / dk)
    z = (x[..., 0::2] + 1j * x[..., 1::2]) * np.exp(1j * angle)[:, None, :]
    return np.stack([z.real, z.imag], -1).reshape(x.shape)


def layer(x, p):
    S = len(x)
    y = norm(x, p + "norm1")
    q = rotate(linear(y, p + "attention/query").reshape(S, H, dk))
    k = rotate(linear(y, p + "attention/key").reshape(S, H, dk))
    v = linear(y, p + "attention/value").reshape(S, H, dv)
    s = np.einsum("ihd,jhd->hij", q, k) * a["attention_scale"]
    i, j = np.indices((S, S))
    if a["mask"] != "full":
        s[:, (j > i) | (a["mask"] == "window") & (j <= i - a["window"])] = -np.inf
    w = np.exp(s - s.max(-1, keepdims=True))
    w /= w.sum(-1, keepdims=True)
    x = x + linear(np.einsum("hij,jhd->ihd", w, v).reshape(S, H * dv), p + "attention/output")
    return x + linear(act(linear(norm(x, p + "norm2"), p + "ffn/up")), p + "ffn/down")


x = get("prompt/state")
for bit, row in zip([1, 0, 1, 1], f["prompt/input_row"][()]):
    x[row] += bit * get("prompt/input_delta")
first = x.copy()
for t in range(a["steps"]):
    if a["input_injection"] and t > 0:
        x = x + first
    for l in range(a["layers"]):
        x = layer(x, f"layer/{l}/")
theirs = np.fromfile(sys.argv[2], np.float32).reshape(x.shape)
error = np.abs(theirs - x).max() / max(1.0, np.abs(x).max())
print(f"{a['norm']} {a['activation']} {a['mask']} {a['positions']}: largest difference {error:.2g}")
sys.exit(0 if error <= 1e-5 else 1)
