"""A detector with the graph of a YOLOv8 export: C2f, SPPF, a two-way pyramid, three heads.

What makes it a test: Split and Concat in every block, SiLU as Sigmoid and Mul, nearest Resize,
a Shape -> Slice -> Concat -> Reshape chain from the dynamic batch, a Softmax over 16 bins and
anchor arithmetic at the end.
"""

import torch
from torch import nn

BINS = 16  # a box side is the expectation of a distribution over this many distances


class ConvBlock(nn.Module):
    """Conv -> BN -> SiLU."""

    def __init__(self, c_in, c_out, kernel=1, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(c_out)
        self.act = nn.SiLU(inplace=True)

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))


class Bottleneck(nn.Module):
    def __init__(self, c, shortcut):
        super().__init__()
        self.body = nn.Sequential(ConvBlock(c, c, 3), ConvBlock(c, c, 3))
        self.shortcut = shortcut

    def forward(self, x):
        return x + self.body(x) if self.shortcut else self.body(x)


class C2f(nn.Module):
    """Split in two, send one half through `n` bottlenecks, concatenate every stage."""

    def __init__(self, c_in, c_out, n=1, shortcut=False):
        super().__init__()
        c = c_out // 2
        self.half = c
        self.enter = ConvBlock(c_in, 2 * c)
        self.leave = ConvBlock((2 + n) * c, c_out)
        self.stages = nn.ModuleList(Bottleneck(c, shortcut) for _ in range(n))

    def forward(self, x):
        y = list(self.enter(x).split(self.half, 1))
        for stage in self.stages:
            y.append(stage(y[-1]))
        return self.leave(torch.cat(y, 1))


class SPPF(nn.Module):
    """Three chained 5x5 max pools, concatenated: pools of 5, 9 and 13."""

    def __init__(self, c):
        super().__init__()
        self.enter = ConvBlock(c, c // 2)
        self.leave = ConvBlock(2 * c, c)
        self.pool = nn.MaxPool2d(5, 1, 2)

    def forward(self, x):
        y = [self.enter(x)]
        for _ in range(3):
            y.append(self.pool(y[-1]))
        return self.leave(torch.cat(y, 1))


class Detect(nn.Module):
    """Feature maps of stride 8, 16 and 32 -> [N, 4 + classes, anchors]: x, y, w, h, scores.

    Boxes are fractions of the image, so that an error in a score is not lost beside them.
    """

    def __init__(self, channels, classes, size):
        super().__init__()
        box_c, cls_c = 64, max(channels[0], min(classes, 100))

        def branch(c_in, c, c_out):
            return nn.Sequential(
                ConvBlock(c_in, c, 3), ConvBlock(c, c, 3), nn.Conv2d(c, c_out, 1)
            )

        self.classes = classes
        self.box = nn.ModuleList(branch(c, box_c, 4 * BINS) for c in channels)
        self.cls = nn.ModuleList(branch(c, cls_c, classes) for c in channels)
        self.expectation = nn.Conv2d(BINS, 1, 1, bias=False)  # 1x1 convolution by 0, 1, ... 15
        self.expectation.weight.data[:] = torch.arange(BINS).view(1, BINS, 1, 1)
        centres, strides = [], []
        for stride in (8, 16, 32):
            axis = torch.arange(size // stride) + 0.5
            y, x = torch.meshgrid(axis, axis, indexing="ij")
            centres.append(torch.stack([x.flatten(), y.flatten()]))
            strides.append(torch.full((1, axis.numel() ** 2), stride / size))
        self.register_buffer("centres", torch.cat(centres, 1)[None])  # [1, 2, anchors]
        self.register_buffer("strides", torch.cat(strides, 1))  # [1, anchors]

    def forward(self, maps):
        n = maps[0].shape[0]
        flat = [
            torch.cat([box(x), cls(x)], 1).view(n, 4 * BINS + self.classes, -1)
            for x, box, cls in zip(maps, self.box, self.cls)
        ]
        box, scores = torch.cat(flat, 2).split([4 * BINS, self.classes], 1)
        bins = box.view(n, 4, BINS, -1).transpose(1, 2).softmax(1)  # [N, BINS, 4, anchors]
        sides = self.expectation(bins).view(n, 4, -1)
        left_top, right_bottom = sides.split(2, 1)
        low = self.centres - left_top
        high = self.centres + right_bottom
        xywh = torch.cat([(low + high) / 2, high - low], 1) * self.strides
        return torch.cat([xywh, scores.sigmoid()], 1)


class Yolo(nn.Module):
    """[N, 3, size, size] -> [N, 4 + classes, (size/8)^2 + (size/16)^2 + (size/32)^2]."""

    def __init__(self, size=320, classes=80, width=16):
        super().__init__()
        c = [width << level for level in range(5)]  # strides 2, 4, 8, 16, 32
        self.to_p3 = nn.Sequential(
            ConvBlock(3, c[0], 3, 2),
            ConvBlock(c[0], c[1], 3, 2),
            C2f(c[1], c[1], 1, True),
            ConvBlock(c[1], c[2], 3, 2),
            C2f(c[2], c[2], 2, True),
        )
        self.to_p4 = nn.Sequential(ConvBlock(c[2], c[3], 3, 2), C2f(c[3], c[3], 2, True))
        self.to_p5 = nn.Sequential(
            ConvBlock(c[3], c[4], 3, 2), C2f(c[4], c[4], 1, True), SPPF(c[4])
        )
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.top_p4 = C2f(c[4] + c[3], c[3])
        self.top_p3 = C2f(c[3] + c[2], c[2])
        self.down_p4 = ConvBlock(c[2], c[2], 3, 2)
        self.out_p4 = C2f(c[2] + c[3], c[3])
        self.down_p5 = ConvBlock(c[3], c[3], 3, 2)
        self.out_p5 = C2f(c[3] + c[4], c[4])
        self.detect = Detect(c[2:], classes, size)

    def forward(self, x):
        p3 = self.to_p3(x)
        p4 = self.to_p4(p3)
        p5 = self.to_p5(p4)
        mid = self.top_p4(torch.cat([self.up(p5), p4], 1))
        out3 = self.top_p3(torch.cat([self.up(mid), p3], 1))
        out4 = self.out_p4(torch.cat([self.down_p4(out3), mid], 1))
        out5 = self.out_p5(torch.cat([self.down_p5(out4), p5], 1))
        return self.detect([out3, out4, out5])
