"""Trains the network on scenes, for as long as the clock allows."""

import math
import sys
import time

import torch
import torch.nn.functional as F
from torch import Tensor

from assets.segmenter.drawing import SIDE_PX, Drawers
from assets.segmenter.network import Network, unfolded
from assets.segmenter.scenes import CHANNELS, Batch, Scenes

POOL, BACKDROPS = 60_000, 4_000
"""Kept in the accelerator's memory: 37 GB and 1 GB. The oldest make room."""
FIRST, FIRST_BACKDROPS = 1_500, 20
"""Must be there before the first step."""
AT_ONCE, WAIT_S = 24, 0.0005
"""So many new layers are taken between two steps, where they are there."""
BATCH = 64
RATE, LEAST_RATE, WARM_STEPS = 2.5e-3, 1e-5, 300
AVERAGED = 0.999
WEIGHTS = (1.0, 0.5, 0.3)
"""Of the garment, its back's inside, and what else covers."""
RIM_PX = 9
TOLD_EVERY = 200


def loss_of(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross entropy, three times as heavy about outlines, and Dice."""
    truth = truth.float()
    half = RIM_PX // 2
    rim = F.max_pool2d(truth, RIM_PX, 1, half) + F.max_pool2d(-truth, RIM_PX, 1, half)
    entropy = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    entropy = (entropy * (1 + 2 * rim)).mean((0, 2, 3))
    there = torch.sigmoid(logits)
    both, either = (there * truth).sum((2, 3)), (there + truth).sum((2, 3))
    dice = (1 - (2 * both + 40) / (either + 40)).mean(0)
    return ((entropy + dice) * torch.tensor(WEIGHTS, device=logits.device)).sum()


class Trainer:
    """A network, its running average, and the pools that scenes are made of."""

    def __init__(self, network: Network, drawers: Drawers, device: torch.device) -> None:
        size = (SIDE_PX, SIDE_PX)
        whole = device.type == "cuda"
        layers, grounds = (POOL, BACKDROPS) if whole else (FIRST + AT_ONCE, FIRST_BACKDROPS)
        self.drawers, self.device = drawers, device
        self.layers = torch.empty((layers, CHANNELS, *size), dtype=torch.uint8, device=device)
        self.grounds = torch.empty((grounds, 3, *size), dtype=torch.uint8, device=device)
        self.drawn = self.laid = 0
        self.network = network.to(device, memory_format=torch.channels_last)
        self.averaged = Network().to(device)
        self.averaged.load_state_dict(network.state_dict())
        self.scenes = Scenes(self.layers, self.grounds, SIDE_PX)
        self.optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-2)

    def train(self, seconds: float) -> None:
        """The rate falls with the time that is left, as a cosine."""
        begun = time.monotonic()
        while self.drawn < FIRST or self.laid < FIRST_BACKDROPS:
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
            self.grounds[self.laid % len(self.grounds)] = planes.to(self.device)
            self.laid += 1
        else:
            self.layers[self.drawn % len(self.layers)] = planes.to(self.device)
            self.drawn += 1
        return True

    def _batch(self) -> Batch:
        with torch.no_grad():
            return self.scenes.batch(
                BATCH, min(self.drawn, len(self.layers)), min(self.laid, len(self.grounds))
            )

    def _step(self, step: int, rate: float) -> Tensor:
        """The loss of one batch, after which the weights moved."""
        for group in self.optimiser.param_groups:
            group["lr"] = RATE * rate * min(1, (step + 1) / WARM_STEPS) + LEAST_RATE
        batch = self._batch()
        with torch.autocast(self.device.type, torch.bfloat16):
            logits = self.network(batch.seen.contiguous(memory_format=torch.channels_last))
        loss = loss_of(unfolded(logits.float()), batch.truth)
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
