#!/usr/bin/python3
"""Exports the transformers Keel is compared on, with random weights: transformers.py DIR [NAME ...]

vit_b_16 is torchvision's; bert_base is the encoder of BERT-base on hidden states of 128 tokens, with
an additive attention mask, its modules written as the original's.
"""

import argparse
import math
import pathlib
import zlib

import torch
import torchvision.models
from torch import nn

import torch_export

TOKENS, WIDTH, HEADS, LAYERS = 128, 768, 12, 12


class SelfAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(WIDTH, WIDTH) for _ in range(3))

    def heads(self, x):
        """[N, tokens, WIDTH] -> [N, HEADS, tokens, WIDTH / HEADS]"""
        return x.view(x.size(0), x.size(1), HEADS, WIDTH // HEADS).permute(0, 2, 1, 3)

    def forward(self, x, mask):
        q, k, v = self.heads(self.query(x)), self.heads(self.key(x)), self.heads(self.value(x))
        scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(WIDTH // HEADS)
        weights = torch.softmax(scores + mask, -1)
        return torch.matmul(weights, v).permute(0, 2, 1, 3).contiguous().view(x.shape)


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention, self.dense = SelfAttention(), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH, 1e-12), nn.LayerNorm(WIDTH, 1e-12)

    def forward(self, x, mask):
        x = self.norm1(self.dense(self.attention(x, mask)) + x)
        return self.norm2(self.down(nn.functional.gelu(self.up(x))) + x)


class Bert(nn.Module):
    """[N, TOKENS, WIDTH], [N, 1, 1, TOKENS] -> [N, TOKENS, WIDTH]"""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))

    def forward(self, x, mask):
        for layer in self.layers:
            x = layer(x, mask)
        return x


def example_of_bert(count):
    return torch.randn(count, TOKENS, WIDTH), torch.randn(count, 1, 1, TOKENS)


def example_of_vit(count):
    return (torch.randn(count, 3, 224, 224),)


# name: (constructor, example inputs, names of the inputs, opset). Opset 17 has LayerNormalization;
# 13 spells it out in primitive operators.
ZOO = {
    "vit_b_16": (torchvision.models.vit_b_16, example_of_vit, ["input"], 17),
    "bert_base": (Bert, example_of_bert, ["input", "mask"], 13),
}


def randomise(model):
    """Random values where the constructors leave zeros and ones."""
    for name, parameter in model.named_parameters():
        if name.endswith("bias") or "token" in name:
            parameter.data = 0.1 * torch.randn_like(parameter)
        elif parameter.dim() == 1:
            parameter.data = 0.5 + torch.rand_like(parameter)
        elif parameter.abs().max() == 0:
            parameter.data = 0.03 * torch.randn_like(parameter)


def make(name, directory):
    constructor, example, inputs, opset = ZOO[name]
    torch.manual_seed(zlib.crc32(name.encode()))  # of its own: a model does not depend on the list
    model = constructor().eval()
    randomise(model)
    with torch.no_grad():
        y = model(*example(2))
    largest, difference = y.abs().max().item(), (y[0] - y[1]).abs().max().item()
    if not (1e-2 < largest < 1e3 and difference > 1e-2 * largest):
        raise RuntimeError(f"{name}: badly conditioned: max {largest}, difference {difference}")
    path = directory / f"{name}.onnx"
    ops = torch_export.export(model, example(1), path, inputs, "output", opset)
    print(
        f"{name}: opset {opset}, {path.stat().st_size / 1e6:.1f} MB, max |y| {largest:.3g}\n  "
        + " ".join(f"{op}:{count}" for op, count in ops.most_common()),
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=pathlib.Path, metavar="DIR")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(ZOO)}")
    args = parser.parse_args()
    unknown = set(args.names) - set(ZOO)
    if unknown:
        parser.error(f"unknown model: {', '.join(sorted(unknown))}")
    torch.set_num_threads(1)
    args.directory.mkdir(parents=True, exist_ok=True)
    for name in args.names or ZOO:
        make(name, args.directory)


if __name__ == "__main__":
    main()
