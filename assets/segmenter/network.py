"""A small U-Net: RGB in, garment, inside of the back, and what else covers out."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

WIDTHS, NARROW_WIDTHS = (24, 48, 80, 144, 192), (24, 48, 72, 104, 128)
"""Channels at 1/2, 1/4, 1/8, 1/16 and 1/32 of the side, of the larger network and of the others."""
OUTPUTS = 3


def _layer(inputs: int, outputs: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, dilation, dilation, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def without_norms(module: nn.Module) -> None:
    """Its normalisations, which exported weights already hold, become the convolutions' biases."""
    for child in module.children():
        without_norms(child)
    if isinstance(module, nn.Sequential) and len(module) > 1:
        first, second = module[0], module[1]
        if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
            first.bias = nn.Parameter(torch.zeros(first.out_channels))
            module[1] = nn.Identity()


class ResidualBlock(nn.Module):
    """Two convolutions and a way around them."""

    def __init__(self, width: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = _layer(width, width, dilation=dilation)
        self.second = nn.Sequential(
            nn.Conv2d(width, width, 3, 1, dilation, dilation, bias=False), nn.BatchNorm2d(width)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.second(self.first(x)))


class Network(nn.Module):
    """(n, 3, side, side) in 0..1 to logits (n, 4 * OUTPUTS, side / 2, side / 2).

    Each output pixel holds the four of the full size below it: rows first, as `unfolded` reads.
    """

    def __init__(self, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.stem = _layer(3, widths[0], 2)
        downs, ups = [], []
        for above, below in pairwise(widths):
            downs.append(nn.Sequential(_layer(above, below, 2), ResidualBlock(below)))
            ups.append(nn.Sequential(_layer(above + below, above), ResidualBlock(above)))
        self.downs, self.ups = nn.ModuleList(downs), nn.ModuleList(ups)
        self.middle = nn.Sequential(ResidualBlock(widths[-1], 2), ResidualBlock(widths[-1]))
        self.enlarge = nn.Upsample(scale_factor=2, mode="nearest")
        self.head = nn.Conv2d(widths[0], 4 * OUTPUTS, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x - 0.5)
        kept = []
        for down in self.downs:
            kept.append(x)
            x = down(x)
        x = self.middle(x)
        for up, beside in zip(reversed(self.ups), reversed(kept), strict=True):
            x = up(torch.cat([self.enlarge(x), beside], 1))
        return self.head(x)


def unfolded(logits: Tensor) -> Tensor:
    """At the full size: (n, OUTPUTS, side, side)."""
    return nn.functional.pixel_shuffle(logits, 2)
