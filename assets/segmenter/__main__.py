"""`python -m assets.segmenter OUTPUT [SECONDS [WORKERS [NAME]]]`: draw, train, write `NAME.onnx`,
either of the two networks that the engine asks: `sheets` (which is made where none is said), or
`segmenter`, smaller, from scenes without sheets.

Goes on from `NAME.pt` in OUTPUT where that is there. Needs torch and onnx
(`assets/segmenter/requirements.in`), and a GPU: on one of a data centre, with 16 cores that draw,
six minutes made `segmenter`; for `sheets` nine, while necks were trained beside it, and two more at
half the rate.
"""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from assets.segmenter.drawing import SIDE_PX, drawers
from assets.segmenter.network import NARROW_WIDTHS, WIDTHS, Network
from assets.segmenter.scenes import Scenes
from assets.segmenter.training import AT_ONCE, WHOLE, Trainer, pooled

SMALL = 16
"""Weights of fewer numbers stay as they are."""


def main() -> None:
    """Train and save."""
    output = Path(sys.argv[1])
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 360.0
    workers = int(sys.argv[3]) if len(sys.argv) > 3 else max(1, (os.cpu_count() or 2) - 1)
    output.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    name = sys.argv[4] if len(sys.argv) > 4 else "sheets"
    sheets = {"sheets": True, "segmenter": False}[name]
    network, before = Network(WIDTHS if sheets else NARROW_WIDTHS), output / f"{name}.pt"
    if before.exists():
        network.load_state_dict(torch.load(before, map_location="cpu"))
    shift = WHOLE
    if device.type != "cuda":  # its pools are as large as an accelerator's memory
        shift = replace(WHOLE, pool=WHOLE.first + AT_ONCE, backdrops=WHOLE.first_backdrops)
    scenes = Scenes(*pooled(shift, SIDE_PX, device), SIDE_PX, sheets=sheets)
    with drawers(workers, first_seed=int(time.time()) % 1000 * 10**7 + 1) as coming:
        trainer = Trainer(network, coming, device, scenes, shift)
        trainer.train(seconds)
    trained = trainer.averaged.cpu().eval()
    torch.save(trained.state_dict(), before)
    export(trained, output / f"{name}.onnx")


def export(network: Network, path: Path, side_px: int = SIDE_PX) -> None:
    """As ONNX, its weights in half precision: they are widened when the model is loaded."""
    sample = torch.zeros(1, 3, side_px, side_px)
    torch.onnx.export(
        network, (sample,), str(path), input_names=["seen"], output_names=["logits"],
        opset_version=17, dynamo=False,
    )  # fmt: skip
    model = onnx.load(path)
    weights, casts = [], []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != "float32" or values.size <= SMALL:
            weights.append(tensor)
            continue
        half = f"{tensor.name}_half"
        weights.append(numpy_helper.from_array(values.astype("float16"), half))
        casts.append(helper.make_node("Cast", [half], [tensor.name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    for field, items in ((model.graph.initializer, weights), (model.graph.node, nodes)):
        del field[:]
        field.extend(items)
    onnx.checker.check_model(model)
    onnx.save(model, path)


if __name__ == "__main__":
    main()
