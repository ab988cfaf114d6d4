"""Layers on [N, C, spatial...] that slide windows, resize and pad."""

import numpy as np
from random_base import Base


class Windows(Base):
    def conv(self, x, channels=None, same=False, gain=1.0):
        n, c, *size = self.shapes[x]
        rank = len(size)
        groups = 1
        channels = channels or int(self.rng.integers(1, 71))
        if not same and self.chance(0.35):
            if self.chance(0.7):
                groups = c
                channels = c * self.pick(1, 1, 1, 2)
            else:
                divisors = [d for d in range(1, c + 1) if c % d == 0]
                groups = int(self.pick(*divisors))
                channels = groups * int(self.rng.integers(1, 9))
        kernel = [self.pick(1, 1, 3, 3, 2, 5) for _ in size]
        stride = [1 if same else self.pick(1, 1, 2, 3) for _ in size]
        dilation = [self.pick(1, 1, 1, 2) for _ in size]
        extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
        attributes = {}
        if same:
            low = [int(self.rng.integers(0, e)) for e in extent]
            pads = low + [e - 1 - l for e, l in zip(extent, low)]
        elif self.chance(0.2):
            attributes["auto_pad"] = self.pick("SAME_UPPER", "SAME_LOWER")
            pads = None
        else:
            pads = [int(self.rng.integers(0, e)) for e in extent * 2]
        if pads is None:
            out = [-(-s // t) for s, t in zip(size, stride)]
            if max(dilation) > 1:  # SAME with dilation: runtimes differ
                return self.conv(x, channels if same else None, same, gain)
        else:
            out = [(s + pads[i] + pads[i + rank] - extent[i]) // stride[i] + 1
                   for i, s in enumerate(size)]
            attributes["pads"] = pads
        if min(out) < 1:
            return self.conv(x, channels if same else None, same, gain)
        inputs = [x, self.weights(channels, c // groups, *kernel,
                                  gain=gain)]
        if self.chance(0.8):
            inputs.append(self.floats(gain * self.rng.standard_normal(channels)))
        return self.node("Conv", inputs, [n, channels, *out], group=groups,
                         kernel_shape=kernel, strides=stride,
                         dilations=dilation, **attributes)

    @staticmethod
    def pooled(size, kernel, stride, pads, ceil, drop=True):
        """The windows of a pool. One that would start in the padding at the end
        is dropped."""
        out = []
        for i, s in enumerate(size):
            room = s + pads[i] + pads[i + len(size)] - kernel[i]
            windows = (-(-room // stride[i]) if ceil else room // stride[i]) + 1
            beyond = (windows - 1) * stride[i] >= s + pads[i]
            out.append(windows - (ceil and drop and beyond))
        return out

    def pool(self, x):
        n, c, *size = self.shapes[x]
        op = self.pick("MaxPool", "AveragePool")
        kernel = [min(self.pick(2, 3, 3), s) for s in size]
        stride = [self.pick(1, 2) for _ in size]
        pads = [int(self.rng.integers(0, k)) for k in kernel * 2]
        attributes = {}
        if op == "AveragePool":
            attributes["count_include_pad"] = self.pick(0, 1)
        ceil = not attributes.get("count_include_pad") and self.may("ceil", 0.3)
        out = self.pooled(size, kernel, stride, pads, ceil)
        kept = self.pooled(size, kernel, stride, pads, ceil, drop=False)
        if out != kept and self.opset < 22:  # ONNX said it then only
            out, ceil = self.pooled(size, kernel, stride, pads, False), False
        attributes["ceil_mode"] = int(ceil)
        return self.node(op, [x], [n, c, *out], kernel_shape=kernel,
                         strides=stride, pads=pads, **attributes)

    def upsample(self, x):
        """Where scales have few digits, runtimes find the same neighbours."""
        n, c, *size = self.shapes[x]
        modes = ["nearest", "nearest", "linear"] + ["cubic"] * (len(size) == 2)
        scales = [self.pick(1, 2, 2, 3, 1.5, 0.5) for _ in size]
        out = [int(s * k) for s, k in zip(size, scales)]
        if min(out) < 1 or max(out) > 48:
            return self.conv(x)
        mode = self.pick("half_pixel", "asymmetric", "align_corners")
        if self.pick(*modes) == "nearest":
            mode, kind = "asymmetric", "nearest"
        else:
            kind = self.pick(*modes[2:])
        if mode == "align_corners":  # of sizes, since runtimes differ for others
            scales = [o / s for s, o in zip(size, out)]
        empty = self.floats(np.zeros(0))
        return self.node("Resize", [x, empty, self.floats([1, 1, *scales])],
                         [n, c, *out], mode=kind, nearest_mode="floor",
                         coordinate_transformation_mode=mode)

    def transposed(self, x):
        """A transposed convolution, or channels put side by side."""
        n, c, *size = self.shapes[x]
        if len(size) == 2 and self.chance(0.2) and max(size) <= 24:
            x = self.conv(x, channels=4 * int(self.rng.integers(1, 9)), same=True)
            return self.node("DepthToSpace", [x], [n, self.shapes[x][1] // 4,
                                                   2 * size[0], 2 * size[1]],
                             blocksize=2, mode=self.pick("DCR", "CRD"))
        groups = self.pick(1, 1, *[d for d in range(1, c + 1) if c % d == 0])
        each = int(self.rng.integers(1, 40 if groups == 1 else 4))
        kernel = [self.pick(1, 2, 3, 4) for _ in size]
        stride = [self.pick(1, 2, 2, 3) for _ in size]
        pads = [int(self.rng.integers(0, min(k, 2))) for k in kernel * 2]
        more = [int(self.rng.integers(0, t)) for t in stride]
        out = [(s - 1) * t + k + m - pads[i] - pads[i + len(size)] for i, (s, t, k, m)
               in enumerate(zip(size, stride, kernel, more))]
        if min(out) < 1 or max(out) > 48:
            return self.conv(x)
        inputs = [x, self.weights(c, each, *kernel)]
        if self.chance(0.7):
            inputs.append(self.floats(self.rng.standard_normal(groups * each)))
        return self.node("ConvTranspose", inputs, [n, groups * each, *out],
                         group=groups, kernel_shape=kernel, strides=stride, pads=pads,
                         output_padding=more)

    def repeated_pad(self, x):
        n, c, *size = self.shapes[x]
        pads = [int(self.rng.integers(0, min(s, 3))) for s in size * 2]
        out = [s + pads[i] + pads[i + len(size)] for i, s in enumerate(size)]
        pads = [0, 0, *pads[:len(size)], 0, 0, *pads[len(size):]]
        return self.node("Pad", [x, self.ints(*pads)], [n, c, *out],
                         mode=self.pick("reflect", "edge"))

    def pad(self, x):
        rank = len(self.shapes[x])
        pads = [0, 0] + [int(self.rng.integers(0, 3)) for _ in range(rank - 2)]
        pads += [0, int(self.rng.integers(0, 5))] + [
            int(self.rng.integers(0, 3)) for _ in range(rank - 2)]
        return self.padded(x, pads, self.pad_value())

    def pad_value(self):
        return self.rng.uniform(-2, 2) if self.may("pad-values", 0.5) else 0

    def padded(self, x, pads, value):
        rank = len(self.shapes[x])
        shape = [s + pads[i] + pads[i + rank]
                 for i, s in enumerate(self.shapes[x])]
        return self.node("Pad", [x, self.ints(*pads), self.floats(value)], shape)

    def two_pads(self, x):
        """One value with the same border of two values."""
        if "two-pads" in self.without:
            return self.pad(x)
        rank = len(self.shapes[x])
        pads = [0, 0] + [self.pick(1, 1, 2)] * (rank - 2)
        values = self.pad_value(), self.pad_value() + 1
        branches = [self.padded(x, pads * 2, v) for v in values]
        channels = int(self.rng.integers(1, 40))
        n, c, *size = self.shapes[branches[0]]
        shape = [n, channels, *(s - 2 for s in size)]
        branches = [self.node("Conv", [b, self.weights(channels, c, *[3] * len(size))],
                              shape) for b in branches]
        return self.node("Add", branches, shape)
