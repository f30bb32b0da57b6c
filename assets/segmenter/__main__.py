"""`python -m assets.segmenter OUTPUT [SECONDS [WORKERS]]`: draw, train, write `segmenter.onnx`.

Needs torch and onnx. On one data-centre GPU with 16 cores ten minutes are enough; a CPU alone
needs days. `weights.pt` in OUTPUT is gone on from.
"""

import math
import multiprocessing as mp
import os
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from assets.segmenter.layers import Bytes, backdrop, layered
from assets.segmenter.network import Segmenter, unfolded
from assets.segmenter.scenes import CHANNELS, Scenes

SIDE_PX = 320
POOL, BACKDROPS = 60_000, 4_000
FIRST = 1_500
"""Layers that must be there before the first step."""
BATCH = 64
RATE = 2.5e-3
AVERAGED = 0.999
WEIGHTS = (1.0, 0.5, 0.3)
"""Of the garment, its back's inside, and what else covers."""


def _quiet() -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def drawn(seed: int) -> tuple[bool, Bytes]:
    """A layer (CHANNELS, side, side), or for every fourteenth seed a backdrop (3, side, side)."""
    if seed % 14 == 0:
        return True, np.ascontiguousarray(backdrop(seed, SIDE_PX).transpose(2, 0, 1))
    layers = layered(seed, SIDE_PX)
    planes = (*layers.rgb.transpose(2, 0, 1), layers.alpha, layers.worn, layers.inside)
    return False, np.stack(planes)


def loss_of(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross entropy, heavier about outlines, and Dice."""
    truth = truth.float()
    rough = F.max_pool2d(truth, 9, 1, 4) - (-F.max_pool2d(-truth, 9, 1, 4))
    entropy = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    entropy = (entropy * (1 + 2 * rough)).mean((0, 2, 3))
    there = torch.sigmoid(logits)
    both, either = (there * truth).sum((2, 3)), (there + truth).sum((2, 3))
    dice = (1 - (2 * both + 40) / (either + 40)).mean(0)
    weights = torch.tensor(WEIGHTS, device=logits.device)
    return ((entropy + dice) * weights).sum()


def main() -> None:
    output = Path(sys.argv[1])
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 300.0
    workers = int(sys.argv[3]) if len(sys.argv) > 3 else max(1, (os.cpu_count() or 2) - 1)
    first_seed = int(time.time()) % 1000 * 1_000_000 + 1
    output.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    pool = torch.empty(
        (POOL if device.type == "cuda" else FIRST + 200, CHANNELS, SIDE_PX, SIDE_PX),
        dtype=torch.uint8,
        device=device,
    )
    grounds = torch.empty((BACKDROPS, 3, SIDE_PX, SIDE_PX), dtype=torch.uint8, device=device)
    network, averaged = Segmenter().to(device), Segmenter().to(device)
    network = network.to(memory_format=torch.channels_last)
    start = output / "weights.pt"
    if start.exists():
        network.load_state_dict(torch.load(start, map_location=device))
    averaged.load_state_dict(network.state_dict())
    begun = time.monotonic()
    with mp.get_context("spawn").Pool(workers, _quiet) as drawers:
        coming = drawers.imap_unordered(drawn, range(first_seed, first_seed + 10**6))
        train(network, averaged, (pool, grounds, coming), begun + seconds, begun)
        drawers.terminate()
    save(averaged, output)


def train(network, averaged, source, ends, begun) -> None:  # type: ignore[no-untyped-def]
    """Until the clock says so: the rate follows the time that is left."""
    pool, grounds, coming = source
    device = pool.device
    scenes = Scenes(pool, grounds, SIDE_PX)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-2)
    filled = backdrops = step = 0
    trained_from = 0.0
    losses: list[Tensor] = []
    while time.monotonic() < ends:
        waiting = filled < FIRST or backdrops < 4
        for _ in range(10**6 if waiting else 24):
            if waiting and filled >= FIRST and backdrops >= 4:
                break
            try:
                ground, tensor = coming.next(None if waiting else 0.0005)
            except mp.TimeoutError:
                break
            if ground:
                grounds[backdrops % len(grounds)] = torch.from_numpy(tensor).to(device)
                backdrops += 1
            else:
                pool[filled % len(pool)] = torch.from_numpy(tensor).to(device)
                filled += 1
        trained_from = trained_from or time.monotonic()
        gone = (time.monotonic() - trained_from) / max(ends - trained_from, 1)
        rate = RATE * min(1, (step + 1) / 300) * (0.5 + 0.5 * math.cos(math.pi * min(gone, 1)))
        for group in optimiser.param_groups:
            group["lr"] = rate + 1e-5
        with torch.no_grad():
            batch = scenes.batch(BATCH, min(filled, len(pool)), min(backdrops, len(grounds)))
        seen = batch.seen.contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16):
            logits = network(seen)
        loss = loss_of(unfolded(logits.float()), batch.truth)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        step += 1
        with torch.no_grad():
            keep = min(AVERAGED, (step + 1) / (step + 20))
            for mine, theirs in zip(
                averaged.state_dict().values(), network.state_dict().values(), strict=True
            ):
                if mine.dtype.is_floating_point:
                    mine.lerp_(theirs, 1 - keep)
                else:
                    mine.copy_(theirs)
        losses = [*losses[-199:], loss.detach()]
        if step % 200 == 0 or step in (1, 10, 50):
            mean = float(torch.stack(losses[-200:]).mean())
            print(
                f"{time.monotonic() - begun:.0f} s, step {step}, {filled} layers, loss {mean:.4f}",
                flush=True,
            )


def save(network: Segmenter, output: Path) -> None:
    """Weights to go on from, and the model that the engine reads."""
    network = network.cpu().eval().float()
    torch.save(network.state_dict(), output / "weights.pt")
    sample = torch.zeros(1, 3, SIDE_PX, SIDE_PX)
    torch.onnx.export(
        network, (sample,), str(output / "segmenter.onnx"), input_names=["seen"],
        output_names=["logits"], opset_version=17, dynamo=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
