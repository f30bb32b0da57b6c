"""Training pictures made on the accelerator: a layer, warped and recoloured, before any background.

Tensors are (n, channels, side, side), float, 0..1 unless said otherwise. The aim is not beauty: it
is that nothing but a garment's own form and cloth tells it from what it lies on.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

CHANNELS = 6
"""Of a pooled layer: red, green, blue, coverage, the garment's own, its back's inside."""


@dataclass(frozen=True, slots=True)
class Batch:
    """`seen`: the pictures, RGB; `truth`: garment, the inside of its back, what else covers."""

    seen: Tensor
    truth: Tensor


class Scenes:
    """Draws batches from pools of layers and backdrops (both uint8). `sheets`: some garments lie
    on sheets whose edges show, or before walls of two colours, and have folds and blots besides."""

    def __init__(
        self, layers: Tensor, backdrops: Tensor, side: int, *, sheets: bool = True
    ) -> None:
        self.layers, self.backdrops, self.side = layers, backdrops, side
        self.sheets = sheets
        self.device = layers.device

    def batch(self, count: int, filled: int, backdrops: int) -> Batch:
        """From the first `filled` layers and `backdrops` backdrops."""
        layer = _warped(self._layers(count, filled), self.placed(count), self.side)
        colour = self.coloured(layer)
        behind = self._behind(count, filled, backdrops, colour, layer[:, 3:4])
        picture = behind + (colour - behind) * layer[:, 3:4]
        worn = layer[:, 4:5]
        truth = torch.cat([worn, layer[:, 5:6], (layer[:, 3:4] - worn).clamp_min(0)], 1)
        return Batch(_exposed(picture).clamp(0, 1), truth)

    def placed(self, count: int) -> Tensor:
        """How layers lie in the picture, as `placing` has it."""
        return _placed(count, self.device)

    def coloured(self, layer: Tensor) -> Tensor:
        """A layer's colours, and more folds than it was drawn with."""
        colour = layer[:, :3] / layer[:, 3:4].clamp_min(1e-3)
        colour = _recoloured(colour, layer[:, 3:4], blots=self.sheets)
        if not self.sheets:
            return colour
        count = len(colour)
        lit = torch.ones(count, 1, self.side, self.side, device=self.device)
        for cells in (5, 11, 23):
            much = 0.11 * torch.rand(count, 1, 1, 1, device=self.device)
            lit = lit * (1 + much * noise(count, 1, self.side, cells, self.device))
        return (colour * lit).clamp(0, 1)

    def _layers(self, count: int, filled: int) -> Tensor:
        layer = self.layers[torch.randint(filled, (count,), device=self.device)].float() / 255
        return torch.cat([layer[:, :3] * layer[:, 3:4], layer[:, 3:]], 1)

    def _behind(
        self, count: int, filled: int, backdrops: int, colour: Tensor, alpha: Tensor
    ) -> Tensor:
        size = (count, self.side, self.device)
        drawn = self.backdrops[torch.randint(backdrops, (count,), device=self.device)].float() / 255
        drawn = _warped(drawn, _anywhere(count, self.device), self.side, padding="reflection")
        drawn = _tinted(drawn)
        plain, cells, fog = (
            _plain(*size),
            _cells(*size),
            _fog(*size),
        )
        kind = torch.rand(count, 1, 1, 1, device=self.device)
        behind = torch.where(kind < 0.42, drawn, plain)
        behind = torch.where((kind > 0.72) & (kind < 0.85), cells, behind)
        behind = torch.where(kind > 0.85, fog, behind)
        if self.sheets:
            behind = _sheeted(_halved(behind), drawn.roll(1, 0))
        behind = _cluttered(behind)
        other = self._layers(count, filled)
        other = _warped(other, _aside(count, self.device), self.side)
        beside = other[:, 3:4] * chance(count, 0.12, self.device)
        behind = behind + (other[:, :3] / other[:, 3:4].clamp_min(1e-3) - behind) * beside
        weight = alpha.mean((2, 3), keepdim=True).clamp_min(1e-3)
        cloth = (colour * alpha).mean((2, 3), keepdim=True) / weight
        alike = cloth + 0.05 * torch.randn(count, 3, 1, 1, device=self.device)
        near = behind - behind.mean((2, 3), keepdim=True) + alike
        behind = torch.where(chance(count, 0.2, self.device) > 0, near, behind).clamp(0, 1)
        return _shadowed(behind, alpha)


def chance(count: int, share: float, device: torch.device) -> Tensor:
    return (torch.rand(count, 1, 1, 1, device=device) < share).float()


def between(count: int, low: float, high: float, device: torch.device) -> Tensor:
    return low + (high - low) * torch.rand(count, device=device)


def placing(turn: Tensor, wide: Tensor, high: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Affine maps (n, 2, 3) from the picture to a layer that is placed so."""
    c, s = torch.cos(turn), torch.sin(turn)
    a, b, d, e = c / wide, s / wide, -s / high, c / high
    return torch.stack(
        [torch.stack([a, b, -a * x - b * y], 1), torch.stack([d, e, -d * x - e * y], 1)], 1
    )


def _placed(count: int, device: torch.device) -> Tensor:
    scale = torch.exp(between(count, math.log(0.6), math.log(1.14), device))
    squeeze = torch.exp(between(count, -0.32, 0.32, device))
    turn = 0.12 * torch.randn(count, device=device)
    any_turn = between(count, -math.pi, math.pi, device)
    turn = torch.where(torch.rand(count, device=device) < 0.06, any_turn, turn)
    flip = torch.where(torch.rand(count, device=device) < 0.5, -1.0, 1.0)
    room = (1.1 - scale).clamp_min(0.04)
    x, y = (room * between(count, -1, 1, device) for _ in range(2))
    return placing(turn, flip * scale * squeeze.clamp_max(1), scale / squeeze.clamp_min(1), x, y)


def _aside(count: int, device: torch.device) -> Tensor:
    """Another garment of which a corner shows."""
    scale = between(count, 0.3, 0.9, device)
    angle, away = between(count, -math.pi, math.pi, device), between(count, 1.05, 1.4, device)
    turn = between(count, -math.pi, math.pi, device)
    return placing(turn, scale, scale, away * torch.cos(angle), away * torch.sin(angle))


def _anywhere(count: int, device: torch.device) -> Tensor:
    zoom = torch.exp(between(count, -0.4, 0.9, device))
    turn = between(count, -math.pi, math.pi, device)
    x, y = (between(count, -0.5, 0.5, device) for _ in range(2))
    return placing(turn, zoom, zoom * torch.exp(between(count, -0.3, 0.3, device)), x, y)


def _warped(layer: Tensor, place: Tensor, side: int, padding: str = "zeros") -> Tensor:
    """`side`: of the picture that is made."""
    count = layer.shape[0]
    grid = F.affine_grid(place, [count, 1, side, side], align_corners=False)
    coarse = int(torch.randint(3, 9, (1,)))
    bend = torch.randn(count, 2, coarse, coarse, device=layer.device)
    bend = F.interpolate(bend, size=(side, side), mode="bicubic", align_corners=True)
    much = between(count, 0, 0.1 / coarse**0.5, layer.device)[:, None, None, None]
    grid = grid + (much * bend).permute(0, 2, 3, 1)
    return F.grid_sample(layer, grid, mode="bilinear", padding_mode=padding, align_corners=False)


def _mixing(count: int, device: torch.device) -> Tensor:
    """Colour matrices (n, 3, 3): near the identity, or any blend of the channels."""
    near = torch.eye(3, device=device) + 0.12 * torch.randn(count, 3, 3, device=device)
    wild = torch.softmax(2.5 * torch.randn(count, 3, 3, device=device), 2)
    return torch.where(torch.rand(count, 1, 1, device=device) < 0.22, wild, near)


def _tinted(picture: Tensor) -> Tensor:
    count, device = picture.shape[0], picture.device
    mixed = torch.einsum("nij,njhw->nihw", _mixing(count, device), picture).clamp(0.001, 1)
    power = torch.exp(0.35 * torch.randn(count, 1, 1, 1, device=device))
    return mixed**power


def _recoloured(colour: Tensor, alpha: Tensor, *, blots: bool) -> Tensor:
    """Other dyes, parts of other colours, prints of any scale; folds stay."""
    count, _, side, _ = colour.shape
    device = colour.device
    out = _tinted(colour.clamp(0, 1))
    grey = colour.mean(1, keepdim=True)
    mean = (grey * alpha).sum((2, 3), keepdim=True) / alpha.sum((2, 3), keepdim=True).clamp_min(1)
    shade = grey / mean.clamp_min(0.05)
    for _ in range(2):
        dye = torch.rand(count, 3, 1, 1, device=device) ** 0.8
        part = _bands(count, side, device) * chance(count, 0.22, device)
        out = out + (dye * shade - out) * part
    for cells in (5, 9, 16) if blots else ():
        least = between(count, 0, 1.2, device)[:, None, None, None]
        blot = (noise(count, 1, side, cells, device) > least).float()
        dye = torch.rand(count, 3, 1, 1, device=device)
        out = out + (dye * shade - out) * blot * chance(count, 0.1, device)
    fine = _gratings(count, side, device) * chance(count, 0.2, device)
    ink = torch.rand(count, 3, 1, 1, device=device)
    return (out + (ink * shade - out) * fine).clamp(0, 1)


def _axes(side: int, device: torch.device) -> tuple[Tensor, Tensor]:
    line = torch.linspace(-1, 1, side, device=device)
    return line[None, None, None, :], line[None, None, :, None]


def _turned(count: int, side: int, device: torch.device) -> tuple[Tensor, Tensor]:
    x, y = _axes(side, device)
    turn = between(count, -math.pi, math.pi, device)[:, None, None, None]
    straight = torch.rand(count, 1, 1, 1, device=device) < 0.6
    turn = torch.where(straight, (turn / (math.pi / 2)).round() * (math.pi / 2), turn)
    return x * torch.cos(turn) + y * torch.sin(turn), y * torch.cos(turn) - x * torch.sin(turn)


def _bands(count: int, side: int, device: torch.device) -> Tensor:
    """Everything beyond a line, or between two: colour blocks, yokes, stripes down a side."""
    along, _ = _turned(count, side, device)
    start = between(count, -0.6, 0.6, device)[:, None, None, None]
    width = torch.exp(between(count, math.log(0.04), math.log(1.5), device))[:, None, None, None]
    return ((along > start) & (along < start + width)).float()


def _gratings(count: int, side: int, device: torch.device) -> Tensor:
    """Stripes, checks and dots of any pitch."""
    along, across = _turned(count, side, device)
    pitch = torch.exp(between(count, math.log(4), math.log(45), device))[:, None, None, None]
    duty = between(count, -0.7, 0.7, device)[:, None, None, None]
    one, two = torch.sin(pitch * along), torch.sin(pitch * across)
    kind = torch.rand(count, 1, 1, 1, device=device)
    wave = torch.where(
        kind < 0.5, one, torch.where(kind < 0.75, torch.maximum(one, two), one * two)
    )
    return (wave > duty).float()


def noise(count: int, channels: int, side: int, cells: int, device: torch.device) -> Tensor:
    field = torch.randn(count, channels, cells, cells, device=device)
    return F.interpolate(field, size=(side, side), mode="bicubic", align_corners=False)


def _plain(count: int, side: int, device: torch.device) -> Tensor:
    """Paper and walls: one colour, a slope, a lamp, a little texture."""
    x, y = _axes(side, device)
    base = torch.rand(count, 3, 1, 1, device=device)
    grey = base.mean(1, keepdim=True)
    base = torch.where(chance(count, 0.65, device) > 0, grey + 0.12 * (base - grey), base)
    pale = 1 - 0.25 * torch.rand(count, 1, 1, 1, device=device)
    base = torch.where(chance(count, 0.45, device) > 0, pale + 0.06 * (base - 0.5), base)
    slope = 0.12 * torch.randn(count, 2, 1, 1, device=device)
    level = 1 + slope[:, :1] * x + slope[:, 1:] * y
    level = level + 0.03 * noise(count, 1, side, 6, device)
    level = level + 0.04 * torch.rand(count, 1, 1, 1, device=device) * noise(
        count, 1, side, side // 3, device
    )
    return (base * level).clamp(0, 1)


def _cells(count: int, side: int, device: torch.device) -> Tensor:
    """Tiles, furniture, doors: patches of colour about random points."""
    x, y = _axes(side, device)
    points = 2.4 * torch.rand(count, 14, 2, device=device) - 1.2
    used = torch.randint(2, 14, (count, 1), device=device)
    far = torch.arange(14, device=device)[None] >= used
    dx, dy = (x - points[:, :, :1, None]).abs(), (y - points[:, :, 1:, None]).abs()
    away = torch.where(
        torch.rand(count, 1, 1, 1, device=device) < 0.5, dx + dy, torch.maximum(dx, dy)
    )
    away = away + 9.0 * far[:, :, None, None]
    nearest = away.argmin(1, keepdim=True)
    colours = torch.rand(count, 14, 3, device=device)
    base = colours.mean((1, 2), keepdim=True)
    colours = torch.where(
        torch.rand(count, 1, 1, device=device) < 0.6, base + 0.3 * (colours - base), colours
    )
    flat = nearest.flatten(1)[..., None].expand(-1, -1, 3)
    return colours.gather(1, flat).transpose(1, 2).reshape(count, 3, side, side)


def _fog(count: int, side: int, device: torch.device) -> Tensor:
    """Carpets and prints: noise of several scales."""
    out = torch.rand(count, 3, 1, 1, device=device).expand(-1, -1, side, side).clone()
    for cells in (4, 12, 36, 110):
        much = 0.16 * torch.rand(count, 1, 1, 1, device=device)
        grey = noise(count, 1, side, cells, device)
        hue = noise(count, 3, side, cells, device)
        out = out + much * (0.7 * grey + 0.4 * hue)
    return out.clamp(0, 1)


def _cluttered(behind: Tensor) -> Tensor:
    """Bars, boxes and discs that come in from the sides, or cross the picture."""
    count, _, side, _ = behind.shape
    device = behind.device
    for _ in range(4):
        along, across = _turned(count, side, device)
        x, y = (between(count, -1.1, 1.1, device)[:, None, None, None] for _ in range(2))
        wide = torch.exp(between(count, math.log(0.01), math.log(0.6), device))[:, None, None, None]
        high = torch.exp(between(count, math.log(0.1), math.log(3.0), device))[:, None, None, None]
        box = (((along - x) / wide).abs() < 1) & (((across - y) / high).abs() < 1)
        disc = ((along - x) / wide) ** 2 + ((across - y) / wide.clamp_min(0.05)) ** 2 < 1
        form = torch.where(torch.rand(count, 1, 1, 1, device=device) < 0.75, box, disc).float()
        colour = torch.rand(count, 3, 1, 1, device=device)
        mild = behind.mean((2, 3), keepdim=True) + 0.25 * (colour - 0.5)
        colour = torch.where(chance(count, 0.6, device) > 0, mild, colour)
        shade = 1 + 0.2 * along
        behind = behind + (colour * shade - behind) * form * chance(count, 0.16, device)
    return behind.clamp(0, 1)


def _halved(behind: Tensor) -> Tensor:
    """Walls of two colours, a floor that meets a wall: beyond a line all is dyed otherwise."""
    count, _, side, _ = behind.shape
    device = behind.device
    along, _ = _turned(count, side, device)
    beyond = (along > between(count, -0.7, 0.7, device)[:, None, None, None]).float()
    dye = torch.exp(0.6 * torch.randn(count, 3, 1, 1, device=device))
    return behind + (behind * (dye - 1) * beyond) * chance(count, 0.15, device)


def _sheeted(behind: Tensor, cloth: Tensor) -> Tensor:
    """Some lie on a sheet, a towel or a board whose edges show; it casts a little shade."""
    count, _, side, _ = behind.shape
    device = behind.device
    x, y = _axes(side, device)
    wave = 0.03 * noise(count, 1, side, 7, device)
    inside = torch.full((count, 1, side, side), 9.0, device=device)
    for quarter in range(4):
        turn = quarter * math.pi / 2 + 0.16 * torch.randn(count, 1, 1, 1, device=device)
        far = between(count, 0.35, 1.5, device)[:, None, None, None]
        inside = torch.minimum(inside, far - x * torch.cos(turn) - y * torch.sin(turn) + wave)
    sheet = (inside * side / 4).clamp(0, 1)
    pale = 1 - 0.4 * torch.rand(count, 3, 1, 1, device=device)
    grey = cloth.mean(1, keepdim=True)
    folds = grey / grey.mean((2, 3), keepdim=True).clamp_min(0.05)
    cloth = torch.where(chance(count, 0.5, device) > 0, pale * folds, cloth).clamp(0, 1)
    lies = chance(count, 0.3, device)
    shade = 1 - 0.35 * torch.rand(count, 1, 1, 1, device=device) * _blurred(sheet, side // 40)
    behind = behind * (1 + (shade - 1) * lies)
    return behind + (cloth - behind) * sheet * lies


def _blurred(field: Tensor, radius: int) -> Tensor:
    size = 2 * radius + 1
    field = F.avg_pool2d(field, size, 1, radius, count_include_pad=False)
    return F.avg_pool2d(field, size, 1, radius, count_include_pad=False)


def _shadowed(behind: Tensor, alpha: Tensor) -> Tensor:
    count, device = alpha.shape[0], alpha.device
    side = alpha.shape[-1]
    for radius, dark in ((max(1, side // 100), 0.45), (side // 26, 0.45)):
        shift = 0.05 * radius / (side / 26) * torch.randn(count, 2, device=device)
        ones = torch.ones(count, device=device)
        place = placing(0 * ones, ones, ones, shift[:, 0], shift[:, 1])
        grid = F.affine_grid(place, list(alpha.shape), align_corners=False)
        cast = _blurred(F.grid_sample(alpha, grid, align_corners=False), radius)
        behind = behind * (1 - dark * torch.rand(count, 1, 1, 1, device=device) * cast)
    return behind


def _exposed(picture: Tensor) -> Tensor:
    """Light that falls off, a cast, contrast, a soft lens, grain."""
    count, _, side, _ = picture.shape
    device = picture.device
    x, y = _axes(side, device)
    tilt = 0.13 * torch.randn(count, 2, 1, 1, device=device)
    cx, cy = (between(count, -0.6, 0.6, device)[:, None, None, None] for _ in range(2))
    lamp = torch.exp(
        -((x - cx) ** 2 + (y - cy) ** 2) / between(count, 0.3, 3.0, device)[:, None, None, None]
    )
    much = 0.5 * torch.rand(count, 1, 1, 1, device=device) * chance(count, 0.5, device)
    level = (1 + tilt[:, :1] * x + tilt[:, 1:] * y) * (1 - 0.6 * much + much * lamp)
    stripe = _bands(count, side, device) * chance(count, 0.06, device)  # a shadow's edge, a sunbeam
    level = level * (1 + 0.3 * stripe * torch.randn(count, 1, 1, 1, device=device))
    cast = 1 + 0.07 * torch.randn(count, 3, 1, 1, device=device)
    power = torch.exp(0.25 * torch.randn(count, 1, 1, 1, device=device))
    out = (picture * level * cast).clamp(1e-3, 1) ** power
    contrast = 1 - 0.5 * torch.rand(count, 1, 1, 1, device=device) ** 2
    out = (out - 0.5) * contrast + 0.5 + 0.08 * torch.randn(count, 1, 1, 1, device=device)
    out = torch.where(chance(count, 0.35, device) > 0, _blurred(out, 1), out)
    small = F.interpolate(out, scale_factor=0.5, mode="bilinear", antialias=True)
    small = F.interpolate(small, size=(side, side), mode="bilinear")
    out = torch.where(chance(count, 0.15, device) > 0, small, out)
    grain = 0.05 * torch.rand(count, 1, 1, 1, device=device) ** 2
    return out + grain * torch.randn_like(out)
