#!/usr/bin/python3
"""Exports the networks Keel is compared on, with random weights: zoo.py DIR [NAME ...]"""

import argparse
import pathlib
import zlib

import torch
import torchvision.models

import torch_export
import unet
import yolo

# name: (constructor, input height and width, opset). The opsets spread over 13..17 on purpose:
# the exporter spells the same module differently in each (HardSwish exists from 14).
ZOO = {
    "resnet18": (torchvision.models.resnet18, 224, 13),
    "resnet50": (torchvision.models.resnet50, 224, 17),
    "mobilenet_v2": (torchvision.models.mobilenet_v2, 224, 13),
    "mobilenet_v3_large": (torchvision.models.mobilenet_v3_large, 224, 17),
    "efficientnet_b0": (torchvision.models.efficientnet_b0, 224, 15),
    "densenet121": (torchvision.models.densenet121, 224, 16),
    "squeezenet1_1": (torchvision.models.squeezenet1_1, 224, 14),
    "vgg16_bn": (torchvision.models.vgg16_bn, 224, 13),
    "unet": (unet.UNet, 256, 17),
    "yolo_head": (yolo.Yolo, 320, 17),
}
CALIBRATION_BATCH = 8


def images(count, size):
    """[count, 3, size, size] of noise at several scales: batch statistics as of pictures."""
    x = torch.zeros(count, 3, size, size)
    for scale in (1, 4, 16, 64):
        noise = torch.randn(count, 3, -(-size // scale), -(-size // scale))
        x += torch.nn.functional.interpolate(noise, scale_factor=scale)[:, :, :size, :size]
    return x / 2 + torch.randn(count, 3, 1, 1) / 2


def randomise(model, size):
    """Gives every bias and every BN random values under which activations keep their size.

    A BN takes the statistics of its own input on random images, disturbed: the mean by a fifth of a
    standard deviation, the variance by a factor of 1/2 to 2. The next layers see the disturbed
    output, so errors do not add up through the depth. Every eighth scale is negative.
    """

    def settle(bn, inputs):
        variance, mean = torch.var_mean(inputs[0], (0, 2, 3), unbiased=False)
        bn.running_mean = mean + 0.2 * variance.sqrt() * torch.randn_like(mean)
        bn.running_var = variance * 2.0 ** (2 * torch.rand_like(mean) - 1)

    for m in model.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            sign = 1 - 2 * (torch.rand_like(m.weight) < 0.125).float()
            m.weight.data = sign * (0.5 + torch.rand_like(m.weight))
            m.bias.data = 0.2 * torch.randn_like(m.bias)
            m.register_forward_pre_hook(settle)
        elif getattr(m, "bias", None) is not None:
            m.bias.data = 0.03 * torch.randn_like(m.bias)
    with torch.no_grad():
        model(images(CALIBRATION_BATCH, size))
    for m in model.modules():
        m._forward_pre_hooks.clear()


def check_outputs(name, model, size):
    """Fails unless outputs are finite, of moderate size, and tell one input from another.

    Returns (max |y|, max |y0 - y1| / max |y|).
    """
    with torch.no_grad():
        y = model(images(2, size))
    largest = y.abs().max().item()
    difference = (y[0] - y[1]).abs().max().item() / largest
    # max() of a tensor with a NaN is NaN, for which both comparisons are false.
    if not (1e-2 < largest < 1e3 and difference > 1e-2):
        raise RuntimeError(f"{name}: badly conditioned: max {largest}, difference {difference}")
    return largest, difference


def make(name, directory):
    constructor, size, opset = ZOO[name]
    torch.manual_seed(zlib.crc32(name.encode()))  # of its own: a model does not depend on the list
    model = constructor().eval()
    randomise(model, size)
    largest, difference = check_outputs(name, model, size)
    path = directory / f"{name}.onnx"
    ops = torch_export.export(model, images(1, size), path, "input", "output", opset)
    print(
        f"{name}: opset {opset}, {path.stat().st_size / 1e6:.1f} MB, "
        f"{ops['BatchNormalization']} BatchNormalization, "
        f"max |y| {largest:.3g}, two inputs differ by {difference:.2g}\n  "
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
    torch.set_num_threads(1)  # the sums behind the statistics depend on the number of threads
    args.directory.mkdir(parents=True, exist_ok=True)
    for name in args.names or ZOO:
        make(name, args.directory)


if __name__ == "__main__":
    main()
