"""A U-Net: four levels down, four up, skips by Concat, batch normalization everywhere."""

import torch
from torch import nn


def double_conv(c_in, c_out):
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(c_out),
        nn.ReLU(inplace=True),
        nn.Conv2d(c_out, c_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(c_out),
        nn.ReLU(inplace=True),
    )


def up_transposed(c_in, c_out):
    """ConvTranspose -> BN -> ReLU: the fold that ONNX Runtime does not do."""
    return nn.Sequential(
        nn.ConvTranspose2d(c_in, c_out, 2, stride=2),
        nn.BatchNorm2d(c_out),
        nn.ReLU(inplace=True),
    )


def up_resized(c_in, c_out):
    """Bilinear Resize -> Conv -> BN -> ReLU: the other common way up."""
    return nn.Sequential(
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
        nn.Conv2d(c_in, c_out, 1, bias=False),
        nn.BatchNorm2d(c_out),
        nn.ReLU(inplace=True),
    )


class UNet(nn.Module):
    """[N, 3, H, W] -> [N, classes, H, W]; H and W are multiples of 16."""

    def __init__(self, classes=4, width=32):
        super().__init__()
        c = [width << level for level in range(5)]
        self.stem = double_conv(3, c[0])
        self.down = nn.ModuleList(double_conv(c[i], c[i + 1]) for i in range(4))
        self.pool = nn.MaxPool2d(2)
        # The two deep levels go up by ConvTranspose, the two wide ones by Resize.
        up = [up_resized, up_resized, up_transposed, up_transposed]
        self.up = nn.ModuleList(up[i](c[i + 1], c[i]) for i in reversed(range(4)))
        self.merge = nn.ModuleList(double_conv(2 * c[i], c[i]) for i in reversed(range(4)))
        self.head = nn.Conv2d(c[0], classes, 1)

    def forward(self, x):
        x = self.stem(x)
        skips = []
        for down in self.down:
            skips.append(x)
            x = down(self.pool(x))
        for up, merge in zip(self.up, self.merge):
            x = merge(torch.cat([skips.pop(), up(x)], 1))
        return self.head(x)
