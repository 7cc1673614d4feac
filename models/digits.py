#!/usr/bin/python3
"""Trains the digit classifier; writes digits.onnx, the held-out images and their labels here.

Data: the 1797 handwritten digits of 8x8 pixels that come with scikit-learn (UCI, public).
"""

import pathlib

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

import torch_export

HERE = pathlib.Path(__file__).resolve().parent
HELD_OUT = 200
EPOCHS = 60
BATCH = 64


def conv_bn(c_in, c_out, kernel):
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(c_out)
    )


class DigitNet(nn.Module):
    """[N, 1, 8, 8] in 0..1 -> [N, 10].

    `norm` is the one BN that no convolution precedes: it folds only forward, into `widen`, and
    exactly, because a 1x1 convolution has no padding.
    """

    def __init__(self):
        super().__init__()
        self.stem = conv_bn(1, 16, 3)
        self.body = conv_bn(16, 32, 3)
        self.norm = nn.BatchNorm2d(32)
        self.widen = nn.Conv2d(32, 48, 1)
        self.block1 = conv_bn(48, 48, 3)
        self.block2 = conv_bn(48, 48, 3)
        self.head = nn.Linear(48, 10)

    def forward(self, x):
        x = F.relu(self.body(F.relu(self.stem(x))))  # [N, 32, 8, 8]
        x = F.max_pool2d(x, 2)
        x = F.relu(self.widen(self.norm(x)))  # [N, 48, 4, 4]
        x = F.relu(x + self.block2(F.relu(self.block1(x))))
        x = F.adaptive_avg_pool2d(x, 1).flatten(1)
        return self.head(x)


def load_split():
    """((x, y) to train on, (x, y) held out): x uint8 [count, 8, 8] of 0..255, y the digits."""
    digits = load_digits()
    grey = np.round(digits.images * 255 / 16).astype(np.uint8)  # the data has levels 0..16
    order = np.random.default_rng(0).permutation(len(grey))
    held_out, rest = order[:HELD_OUT], order[HELD_OUT:]
    return (grey[rest], digits.target[rest]), (grey[held_out], digits.target[held_out])


def to_input(grey):
    """What `keel run` makes of an 8-bit grey PNG: float [N, 1, 8, 8] in 0..1."""
    return torch.from_numpy(grey).float().div(255).unsqueeze(1)


def jitter(x):
    """Turns, scales and shifts each image a little: 1600 images are few."""
    n = len(x)
    angle = 0.15 * torch.randn(n)
    scale = 1 + 0.08 * torch.randn(n)
    shift = 0.12 * torch.randn(n, 2)
    cos, sin = scale * angle.cos(), scale * angle.sin()
    rows = [torch.stack([cos, -sin, shift[:, 0]], 1), torch.stack([sin, cos, shift[:, 1]], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, align_corners=False)


def train(x, y):
    model = DigitNet()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.01)
    steps = EPOCHS * -(-len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=steps)
    model.train()
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(x)).split(BATCH):
            loss = F.cross_entropy(model(jitter(x[batch])), y[batch], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return model.eval()


def write_images(grey, labels, seven):
    """Replaces the folder of held-out images: NNNN_labelL.png, seven.png and labels.txt."""
    folder = HERE / "digits"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    for i, (image, label) in enumerate(zip(grey, labels)):
        Image.fromarray(image).save(folder / f"{i:04d}_label{label}.png")
    Image.fromarray(grey[seven]).save(folder / "seven.png")
    (folder / "labels.txt").write_text("".join(f"{digit}\n" for digit in range(10)))


def main():
    torch.manual_seed(0)
    torch.set_num_threads(1)  # the order of sums, hence the weights, depend on it
    torch.use_deterministic_algorithms(True)
    (x, y), (held_grey, held_labels) = load_split()
    model = train(to_input(x), torch.from_numpy(y))

    with torch.no_grad():
        p = model(to_input(held_grey)).softmax(1).numpy()
    right = p.argmax(1) == held_labels
    seven = int(np.argmax(np.where(held_labels == 7, p[:, 7], 0)))
    print(f"held out: {right.sum()} of {len(right)} right ({right.mean():.1%})")
    print(f"seven.png: image {seven}, p(7) = {p[seven, 7]:.4f}")
    if right.mean() < 0.99:
        raise SystemExit("digits.py: less than 99 % right; nothing written")

    path = HERE / "digits.onnx"
    ops = torch_export.export(model, torch.zeros(1, 1, 8, 8), path, "image", "logits", 13)
    write_images(held_grey, held_labels, seven)
    print(f"digits.onnx: {path.stat().st_size} bytes, {dict(ops)}")


if __name__ == "__main__":
    main()
