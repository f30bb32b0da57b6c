"""`python -m assets.segmenter.near OUTPUT [SECONDS [WORKERS]]`: the segmenter, trained further on
necks and waists seen from near; writes `near.onnx`.

It goes on from the committed weights, or from `near.pt` in OUTPUT where that is there; those began
with the whole segmenter's. A CPU is enough: two cores made the first of them in an hour.
"""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from assets.segmenter.__main__ import export
from assets.segmenter.drawing import BACKDROP_EVERY, drawers, planes_of
from assets.segmenter.hangers import hung_anyhow
from assets.segmenter.layers import Bytes, Layers, backdrop, painted
from assets.segmenter.network import NARROW_WIDTHS, Network, without_norms
from assets.segmenter.scenes import Scenes, between, chance, placing
from assets.segmenter.training import Shift, Trainer, pooled
from compositing.cut.near import MODEL

SIDE_PX, ACROSS = 160, 5.2
"""Of what the network sees, in px and in halves of the neck's width; in quarters of a waist's."""
DRAWN_PX, LAYER_PX, LAYER_ACROSS, BELOW = 720, 288, 10.0, 1.0
"""Garments are drawn so large; a layer shows so much about a point so far below the neck."""
OFTEN = {
    "t-shirt": 4, "top": 4, "shirt": 5, "polo": 2, "blouse": 2, "sweater": 2.5, "hoodie": 1,
    "cardigan": 1.5, "jacket": 4, "blazer": 1.5, "coat": 1.5, "vest": 1.5, "tank": 1,
    "crop-top": 0.5, "dress": 3.5, "jeans": 3, "trousers": 3, "shorts": 2, "skirt": 3,
}  # fmt: skip
SHIFT = Shift(4_000, 250, 400, 20, batch=16, rate=5e-4, weights=(0.5, 1.0, 0.7))


def drawn(seed: int) -> tuple[bool, Bytes]:
    """As `drawing.drawn`: around a neck."""
    if seed % BACKDROP_EVERY == 0:
        return True, np.ascontiguousarray(backdrop(seed, LAYER_PX).transpose(2, 0, 1))
    garment = painted(seed, DRAWN_PX, OFTEN, hung_anyhow)
    if garment.made.points is None:
        return drawn(seed + 5 * 10**7 + 1)
    upper = garment.made.family == "upper"
    left, right = (
        garment.on.px(side["neck" if upper else "waist"][None])[0] for side in garment.made.points
    )
    half = float(np.linalg.norm(right - left)) / (2 if upper else 4)
    return False, planes_of(_around(garment.layers(), 0.5 * (left + right), half))


def _around(layers: Layers, neck: np.ndarray, half: float) -> Layers:
    """What lies about a neck."""
    per_px = LAYER_ACROSS * half / LAYER_PX
    first = neck + half * np.array([-LAYER_ACROSS / 2, BELOW - LAYER_ACROSS / 2])
    matrix = np.array([[per_px, 0, first[0]], [0, per_px, first[1]]])
    return layers.seen_by(matrix, LAYER_PX)


class NeckScenes(Scenes):
    """Necks where the template's points may lie wrong, in all light and all folds."""

    def placed(self, count: int) -> Tensor:
        nearer = torch.exp(between(count, -0.35, 0.35, self.device)) * LAYER_ACROSS / ACROSS
        squeeze = torch.exp(between(count, -0.25, 0.25, self.device))
        turn = 0.16 * torch.randn(count, device=self.device)
        flip = torch.where(torch.rand(count, device=self.device) < 0.5, -1.0, 1.0)
        x, y = between(count, -0.22, 0.22, self.device), between(count, -0.2, 0.28, self.device)
        return placing(turn, flip * nearer * squeeze, nearer / squeeze, x, y)

    def coloured(self, layer: Tensor) -> Tensor:
        colour = super().coloured(layer)
        count = len(colour)
        lighter = 0.5 * torch.randn(count, 1, 1, 1, device=self.device)
        lit = 1 + layer[:, 5:6] * lighter.clamp(-0.4, 0.9) * chance(count, 0.7, self.device)
        return (colour * lit).clamp(0, 1)


def weights_of(path: Path) -> list[np.ndarray]:
    """The weights and biases of a model's convolutions, in the order in which they run."""
    model = onnx.load(path)
    known = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    wide = {one.output[0]: one.input[0] for one in model.graph.node if one.op_type == "Cast"}
    found = []
    for node in model.graph.node:
        if node.op_type == "Conv":
            found += [known[wide.get(name, name)].astype(np.float32) for name in node.input[1:]]
    return found


def begun(output: Path) -> Network:
    """A network to go on from."""
    network = Network(NARROW_WIDTHS)
    without_norms(network)
    before = output / "near.pt"
    if before.exists():
        network.load_state_dict(torch.load(before, map_location="cpu"))
        return network
    order = [network.stem, *network.downs, network.middle, *reversed(network.ups), network.head]
    numbers = iter(weights_of(MODEL))
    with torch.no_grad():
        for module in nn.ModuleList(order).modules():
            if isinstance(module, nn.Conv2d) and module.bias is not None:
                module.weight.copy_(torch.from_numpy(next(numbers)))
                module.bias.copy_(torch.from_numpy(next(numbers)))
    return network


def main() -> None:
    """Train and save."""
    output = Path(sys.argv[1])
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 3600.0
    workers = int(sys.argv[3]) if len(sys.argv) > 3 else max(1, (os.cpu_count() or 2) - 1)
    output.mkdir(parents=True, exist_ok=True)
    network = begun(output)
    quick = torch.cuda.is_available()
    device, shift = (
        torch.device("cuda" if quick else "cpu"),
        replace(SHIFT, batch=96 if quick else 16),
    )
    scenes = NeckScenes(*pooled(shift, LAYER_PX, device), SIDE_PX)
    with drawers(workers, int(time.time()) % 1000 * 10**7 + 1, drawn) as coming:
        trainer = Trainer(network, coming, device, scenes, shift)
        trainer.train(seconds)
    trained = trainer.averaged.cpu().eval()
    torch.save(trained.state_dict(), output / "near.pt")
    export(trained, output / "near.onnx", SIDE_PX)


if __name__ == "__main__":
    main()
