#!/usr/bin/env python3
"""The step that bench/search_step times, on PyTorch: DARTS's supernet, alphas by Adam, weights by clipped SGD.

Needs `pip install torch`; nothing else of Nascent needs Python. PyTorch is given what it can use: the zero operation is
left out, each half of the step computes the gradients it asks for and no others, optimizers take the fused or foreach
form, and the peak memory is that of the timed steps, after imports and compilation. One mode a process, so that none
inherits another's memory.
"""
import argparse
import json
import resource
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

CLASSES, NODES, OPERATIONS = 10, 4, 8
SGD = {"lr": 0.025, "momentum": 0.9, "weight_decay": 3e-4}
ADAM = {"lr": 3e-4, "betas": (0.5, 0.999), "weight_decay": 1e-3}
CLIP = 5.0


def normalized(channels, affine=False):
    return nn.BatchNorm2d(channels, affine=affine)


def relu_conv(inputs, outputs):
    return nn.Sequential(nn.ReLU(), nn.Conv2d(inputs, outputs, 1, bias=False), normalized(outputs))


def separable(channels, kernel, stride, dilation=1, inplace=False):
    """ReLU, depthwise, 1x1, batch norm: dil_conv once, sep_conv twice."""
    depthwise = nn.Conv2d(channels, channels, kernel, stride, dilation * (kernel // 2), dilation, channels, bias=False)
    return nn.Sequential(nn.ReLU(inplace), depthwise, nn.Conv2d(channels, channels, 1, bias=False), normalized(channels))


def twice_separable(channels, kernel, stride):
    # Nobody else reads what lies between the two, so the second may overwrite it.
    return nn.Sequential(separable(channels, kernel, stride), separable(channels, kernel, 1, inplace=True))


class FactorizedReduce(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.even = nn.Conv2d(inputs, outputs // 2, 1, 2, bias=False)
        self.odd = nn.Conv2d(inputs, outputs - outputs // 2, 1, 2, bias=False)
        self.norm = normalized(outputs)

    def forward(self, x):
        x = F.relu(x)
        # An odd side gains a row of zeros, so that both halves are of one size.
        shifted = F.pad(x, (0, x.shape[3] % 2, 0, x.shape[2] % 2))[:, :, 1:, 1:]
        return self.norm(torch.cat([self.even(x), self.odd(shifted)], dim=1))


class MixedEdge(nn.Module):
    def __init__(self, channels, stride):
        super().__init__()
        self.branches = nn.ModuleList([
            nn.Sequential(nn.MaxPool2d(3, stride, 1), normalized(channels)),
            nn.Sequential(nn.AvgPool2d(3, stride, 1, count_include_pad=False), normalized(channels)),
            nn.Identity() if stride == 1 else FactorizedReduce(channels, channels),
            twice_separable(channels, 3, stride),
            twice_separable(channels, 5, stride),
            separable(channels, 3, stride, dilation=2),
            separable(channels, 5, stride, dilation=2),
        ])

    def forward(self, x, weights):
        mixed = weights[1] * self.branches[0](x)  # weights[0] belongs to the zero operation
        for k in range(1, len(self.branches)):
            mixed = mixed + weights[k + 1] * self.branches[k](x)
        return mixed


class Cell(nn.Module):
    def __init__(self, before_previous, previous, channels, reduction, after_reduction):
        super().__init__()
        self.pre0 = FactorizedReduce(before_previous, channels) if after_reduction else relu_conv(before_previous, channels)
        self.pre1 = relu_conv(previous, channels)
        self.edges = nn.ModuleList([
            MixedEdge(channels, 2 if reduction and source < 2 else 1)
            for node in range(NODES) for source in range(node + 2)
        ])

    def forward(self, s0, s1, weights):
        states = [self.pre0(s0), self.pre1(s1)]
        edge = 0
        for _ in range(NODES):
            node = self.edges[edge](states[0], weights[edge])
            for k, state in enumerate(states[1:], start=1):
                node = node + self.edges[edge + k](state, weights[edge + k])
            edge += len(states)
            states.append(node)
        return torch.cat(states[2:], dim=1)


class Supernet(nn.Module):
    def __init__(self, image_channels, channels, layers):
        super().__init__()
        stem = 3 * channels
        self.stem = nn.Sequential(nn.Conv2d(image_channels, stem, 3, padding=1, bias=False), normalized(stem, affine=True))
        self.cells, self.reductions = nn.ModuleList(), []
        before_previous, previous, after_reduction = stem, stem, False
        for layer in range(layers):
            reduction = layer in (layers // 3, 2 * layers // 3)
            channels *= 2 if reduction else 1
            self.cells.append(Cell(before_previous, previous, channels, reduction, after_reduction))
            self.reductions.append(reduction)
            before_previous, previous, after_reduction = previous, NODES * channels, reduction
        self.head = nn.Linear(previous, CLASSES)

    def forward(self, images, normal, reduce):
        s0 = s1 = self.stem(images)
        for cell, reduction in zip(self.cells, self.reductions):
            s0, s1 = s1, cell(s0, s1, reduce if reduction else normal)
        return self.head(s1.mean(dim=(2, 3)))


class Step:
    def __init__(self, net):
        self.net, self.weights = net, list(net.parameters())
        edges = NODES * (NODES + 3) // 2
        self.alphas = [nn.Parameter(1e-3 * torch.randn(edges, OPERATIONS)) for _ in range(2)]
        self.sgd = torch.optim.SGD(self.weights, foreach=True, **SGD)
        self.adam = torch.optim.Adam(self.alphas, foreach=True, **ADAM)

    def loss(self, batch):
        images, labels = batch
        return F.cross_entropy(self.net(images, *(F.softmax(a, dim=-1) for a in self.alphas)), labels)

    def want(self, weights, alphas):
        for tensors, wanted in ((self.weights, weights), (self.alphas, alphas)):
            for tensor in tensors:
                tensor.requires_grad_(wanted)

    def alpha_gradient(self, batch):
        self.want(weights=False, alphas=True)
        return torch.autograd.grad(self.loss(batch), self.alphas)

    def second_order(self, train, validation):
        """Equations 7 and 8 of the DARTS paper, as its code has them."""
        before = [w.detach().clone() for w in self.weights]
        self.want(weights=True, alphas=False)
        gradients = torch.autograd.grad(self.loss(train), self.weights)
        with torch.no_grad():
            for w, g in zip(self.weights, gradients):
                velocity = self.sgd.state[w].get("momentum_buffer") if w in self.sgd.state else None
                ahead = g + SGD["weight_decay"] * w
                w -= SGD["lr"] * (ahead if velocity is None else ahead + SGD["momentum"] * velocity)
        self.want(weights=True, alphas=True)
        *dalphas, = torch.autograd.grad(self.loss(validation), self.alphas + self.weights)
        dalphas, v = dalphas[:2], dalphas[2:]
        radius = 0.01 / torch.linalg.vector_norm(torch.stack(torch._foreach_norm(v))).item()

        def gradient_at(offset):
            with torch.no_grad():
                for w, at, direction in zip(self.weights, before, v):
                    w.copy_(at).add_(direction, alpha=offset)
            return self.alpha_gradient(train)

        plus, minus = gradient_at(radius), gradient_at(-radius)
        with torch.no_grad():
            for w, at in zip(self.weights, before):
                w.copy_(at)
        return [d - SGD["lr"] * (p - m) / (2 * radius) for d, p, m in zip(dalphas, plus, minus)]

    def run(self, train, validation, order):
        gradients = self.alpha_gradient(validation) if order == "first" else self.second_order(train, validation)
        for alpha, gradient in zip(self.alphas, gradients):
            alpha.grad = gradient
        self.adam.step()
        self.want(weights=True, alphas=False)
        self.sgd.zero_grad(set_to_none=True)
        loss = self.loss(train)
        loss.backward()
        nn.utils.clip_grad_norm_(self.weights, CLIP, foreach=True)
        self.sgd.step()
        return loss.item()


def image_size(typed):
    """32x32x3, 3x32x32 (channels are the smaller end) or 32, as (channels, height, width)."""
    sizes = [int(part) for part in typed.split("x")]
    if len(sizes) == 1:
        sizes = [3, sizes[0], sizes[0]]
    if len(sizes) != 3 or min(sizes) < 1:
        raise ValueError(typed)
    return tuple(sizes) if sizes[0] <= sizes[2] else (sizes[2], sizes[0], sizes[1])


def forget_peak():
    """Starts the kernel's record of our peak memory anew. False where it cannot (not Linux)."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
        return True
    except OSError:
        return False


def peak_mib(since_forgotten):
    if since_forgotten:
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident_mib():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--batch", type=int, default=64, help="images of each of the two batches")
    parser.add_argument("--channels", type=int, default=16)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--image", type=image_size, default=(3, 32, 32), metavar="HxWxC")
    parser.add_argument("--order", choices=["first", "second"], default="first")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--threads", type=int, help="default: PyTorch's own choice")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mode", choices=["eager", "compile"], default="eager")
    parser.add_argument("--region", choices=["edge", "cell", "model"], default="edge", help="what torch.compile is given")
    parser.add_argument("--channels-last", action=argparse.BooleanOptionalAction, default=False)
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if min(options.channels, options.layers, options.steps) < 1 or options.batch < 2:
        parser.error("sizes start at 1, a batch at 2")
    return options


def compiled(net, region):
    # Edges and cells of one size share a compiled graph; the default limits are meant for fewer sizes.
    torch._dynamo.config.recompile_limit = 64
    torch._dynamo.config.accumulated_recompile_limit = 1024
    if region == "model":
        return torch.compile(net, dynamic=False)
    for cell in net.cells:
        for module in [cell] if region == "cell" else cell.edges:
            module.compile(dynamic=False)
    return net


def main():
    options = arguments()
    imports = resident_mib() if sys.platform == "linux" else None
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    layout = torch.channels_last if options.channels_last else torch.contiguous_format
    net = Supernet(options.image[0], options.channels, options.layers).to(memory_format=layout).train()
    parameters = sum(w.numel() for w in net.parameters())
    labels = torch.arange(options.batch) % CLASSES
    train, validation = [
        (torch.randn(options.batch, *options.image).contiguous(memory_format=layout), labels) for _ in range(2)
    ]
    step = Step(compiled(net, options.region) if options.mode == "compile" else net)

    warm_up = time.perf_counter()
    for _ in range(2 if options.mode == "compile" else 1):
        step.run(train, validation, options.order)
    warm_up = time.perf_counter() - warm_up
    forgotten = forget_peak()
    seconds = []
    for k in range(options.steps):
        start = time.perf_counter()
        step.run(train, validation, options.order)
        seconds.append(time.perf_counter() - start)
        if not options.quiet:
            print(f"step {k + 1}/{options.steps}: {seconds[-1]:.3f} s", file=sys.stderr)
    median = statistics.median(seconds)
    result = {
        "median_s": median,
        "min_s": min(seconds),
        "peak_rss_mib": peak_mib(forgotten),
        "images_per_s": 2 * options.batch / median,
        "imports_rss_mib": imports,
        "parameters": parameters,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "mode": options.mode + (" " + options.region if options.mode == "compile" else ""),
        "channels_last": options.channels_last,
        "warm_up_s": warm_up,
        "seconds": seconds,
    }
    if options.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:14} {value}")


if __name__ == "__main__":
    main()
