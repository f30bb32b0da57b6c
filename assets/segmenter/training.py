"""Trains the network on scenes, for as long as the clock allows."""

import copy
import math
import sys
import time
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from assets.segmenter.drawing import Drawers
from assets.segmenter.network import Network, unfolded
from assets.segmenter.scenes import CHANNELS, Batch, Scenes

AT_ONCE, WAIT_S = 24, 0.0005
"""So many new layers are taken between two steps, where they are there."""
LEAST_RATE, WARM_STEPS = 1e-5, 300
AVERAGED = 0.999
RIM_PX = 9
TOLD_EVERY = 200


@dataclass(frozen=True, slots=True)
class Shift:
    """How a training goes: layers and backdrops that are kept, the oldest make room; how many must
    be there before the first step; pictures a step; the first learning rate.
    """

    pool: int
    backdrops: int
    first: int
    first_backdrops: int
    batch: int
    rate: float
    weights: tuple[float, float, float] = (1.0, 0.5, 0.3)
    """In the loss: of the garment, its back's inside, and what else covers."""


WHOLE = Shift(30_000, 3_000, 1_500, 20, 128, 3e-3)
"""19 GB of an accelerator's memory."""


def pooled(shift: Shift, layer_px: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Room for layers and backdrops of this side."""
    kept = ((shift.pool, CHANNELS), (shift.backdrops, 3))
    layers, grounds = (
        torch.empty((*size, layer_px, layer_px), dtype=torch.uint8, device=device) for size in kept
    )
    return layers, grounds


def loss_of(logits: Tensor, truth: Tensor, weights: tuple[float, float, float]) -> Tensor:
    """Cross entropy, three times as heavy about outlines, and Dice."""
    truth = truth.float()
    half = RIM_PX // 2
    rim = F.max_pool2d(truth, RIM_PX, 1, half) + F.max_pool2d(-truth, RIM_PX, 1, half)
    entropy = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    entropy = (entropy * (1 + 2 * rim)).mean((0, 2, 3))
    there = torch.sigmoid(logits)
    both, either = (there * truth).sum((2, 3)), (there + truth).sum((2, 3))
    dice = (1 - (2 * both + 40) / (either + 40)).mean(0)
    return ((entropy + dice) * torch.tensor(weights, device=logits.device)).sum()


class Trainer:
    """A network, its running average, and the pools that scenes are made of."""

    def __init__(
        self, network: Network, drawers: Drawers, device: torch.device, scenes: Scenes, shift: Shift
    ) -> None:
        self.drawers, self.device, self.scenes, self.shift = drawers, device, scenes, shift
        self.drawn = self.laid = 0
        self.network = network.to(device, memory_format=torch.channels_last)
        self.averaged = copy.deepcopy(self.network)
        self.optimiser = torch.optim.AdamW(network.parameters(), lr=shift.rate, weight_decay=1e-2)

    def train(self, seconds: float) -> None:
        """The rate falls with the time that is left, as a cosine."""
        begun = time.monotonic()
        while self.drawn < self.shift.first or self.laid < self.shift.first_backdrops:
            self._take(None)
        first, step, losses = time.monotonic(), 0, torch.zeros((), device=self.device)
        while (now := time.monotonic()) < begun + seconds:
            for _ in range(AT_ONCE):
                if not self._take(WAIT_S):
                    break
            gone = (now - first) / (begun + seconds - first)
            losses += self._step(step, 0.5 + 0.5 * math.cos(math.pi * gone))
            step += 1
            if step % TOLD_EVERY == 0:
                mean = float(losses) / TOLD_EVERY
                losses.zero_()
                sys.stdout.write(
                    f"{now - begun:.0f} s, {step} steps, {self.drawn} layers, loss {mean:.4f}\n"
                )

    def _take(self, timeout_s: float | None) -> bool:
        """Whether another layer or backdrop came."""
        came = self.drawers.next(timeout_s)
        if came is None:
            return False
        backdrop, planes = came[0], torch.from_numpy(came[1])
        if backdrop:
            grounds = self.scenes.backdrops
            grounds[self.laid % len(grounds)] = planes.to(self.device)
            self.laid += 1
        else:
            layers = self.scenes.layers
            layers[self.drawn % len(layers)] = planes.to(self.device)
            self.drawn += 1
        return True

    def _batch(self) -> Batch:
        with torch.no_grad():
            return self.scenes.batch(
                self.shift.batch,
                min(self.drawn, len(self.scenes.layers)),
                min(self.laid, len(self.scenes.backdrops)),
            )

    def _step(self, step: int, rate: float) -> Tensor:
        """The loss of one batch, after which the weights moved."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.shift.rate * rate * min(1, (step + 1) / WARM_STEPS) + LEAST_RATE
        batch = self._batch()
        quick = self.device.type == "cuda"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=quick):
            logits = self.network(batch.seen.contiguous(memory_format=torch.channels_last))
        loss = loss_of(unfolded(logits.float()), batch.truth, self.shift.weights)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no type for it
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        self.optimiser.step()
        self._average(min(AVERAGED, (step + 1) / (step + 20)))
        return loss.detach()

    @torch.no_grad()
    def _average(self, keep: float) -> None:
        mine, theirs = self.averaged.state_dict(), self.network.state_dict()
        for name, value in mine.items():
            if value.dtype.is_floating_point:
                value.lerp_(theirs[name], 1 - keep)
            else:
                value.copy_(theirs[name])
