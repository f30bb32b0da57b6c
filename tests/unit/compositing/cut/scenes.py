"""Photos with known truth, each with one of the faults that cut-outs have."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.cut import cutout
from compositing.cut.opinion import ExpectedShape
from compositing.decode import Photo

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Colour = tuple[int, int, int]

SIZE = (480, 640)
TEE = [(240, 130), (285, 105), (360, 145), (440, 280), (385, 320), (350, 265), (350, 540)]
STRAPPED = [(240, 250), (300, 215), (330, 290), (340, 520)]
SHORTS = [(240, 200), (330, 200), (360, 430), (258, 440), (242, 330)]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A photo and where the garment is in it."""

    rgb: Pixels
    truth: Mask

    def overlap(self, shape: ExpectedShape = "body") -> float:
        """Intersection over union of the cut-out and the truth."""
        found = cut_out(self.rgb, shape)
        return float((found & self.truth).sum() / (found | self.truth).sum())


def cut_out(rgb: Pixels, shape: ExpectedShape = "body") -> Mask:
    """Where the engine takes the garment to be, at the photo's size."""
    _, alpha, _ = cutout.separated(Photo(rgb, None), shape=shape)
    return np.asarray(alpha > 0.5)


def cut(rgb: Pixels, shape: ExpectedShape = "body") -> cutout.Cutout:
    """The cut-out. Raises GarmentError."""
    return cutout.cut(Photo(rgb, None), shape=shape)


def both_halves(right: list[tuple[int, int]]) -> NDArray[np.int32]:
    """A symmetric outline from its right half."""
    half = np.array(right)
    return np.vstack([half, (half * [-1, 1] + [SIZE[0], 0])[::-1]]).astype(np.int32)


def filled(right: list[tuple[int, int]]) -> Mask:
    """The inside of a symmetric outline."""
    mask = np.zeros(SIZE[::-1], np.uint8)
    cv2.fillPoly(mask, [both_halves(right)], 1)
    return np.asarray(mask > 0)


def grainy(picture: NDArray[np.floating], sigma: float, seed: int = 1) -> Pixels:
    """With a camera's noise."""
    noise = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return np.asarray(np.clip(picture + noise, 0, 255), np.uint8)


def laid(
    garment: Mask, cloth: NDArray[np.floating] | Colour, ground: NDArray[np.floating]
) -> NDArray[np.float32]:
    """A garment of a cloth on a ground, its edge anti-aliased."""
    share = cv2.GaussianBlur(garment.astype(np.float32), (0, 0), 0.7)[..., None]
    return np.asarray(np.asarray(cloth, np.float32) * share + ground * (1 - share), np.float32)


def plain(colour: Colour) -> NDArray[np.float32]:
    """A wall."""
    return np.full((*SIZE[::-1], 3), colour, np.float32)


def white_on_white() -> Drawn:
    """A white T-shirt, modelled by faint shades and a seam at its hem, that casts a soft shadow on
    the floor below its hem.
    """
    truth = filled(TEE)
    rows, columns = np.mgrid[0 : SIZE[1], 0 : SIZE[0]].astype(np.float32)
    ellipse = np.exp(-(((columns - 240) / 125) ** 4) - ((rows - 550) / 20) ** 2)
    shades = (
        246 - 6 * np.cos(columns / 23) ** 2 - 10 * (np.abs(columns - 240) > 85) - 24 * (rows > 535)
    )
    ground = plain((255, 255, 255)) - 36 * ellipse[..., None]
    return Drawn(
        np.clip(laid(truth, np.dstack([shades] * 3), ground), 0, 255).astype(np.uint8), truth
    )


def hanging() -> Drawn:
    """A T-shirt on a wire hanger whose hook stands out of the collar."""
    truth = filled(TEE)
    picture = laid(truth, (40, 90, 160), plain((236, 232, 226))).astype(np.uint8)
    cv2.line(picture, (240, 132), (240, 80), (60, 60, 66), 5, cv2.LINE_AA)
    cv2.ellipse(picture, (254, 78), (14, 18), 0, 180, 380, (60, 60, 66), 5, cv2.LINE_AA)
    return Drawn(picture, truth)


def strapped() -> tuple[Drawn, Mask]:
    """A top on spaghetti straps, and where these are."""
    straps = np.zeros(SIZE[::-1], np.uint8)
    for side in (-1, 1):
        path = np.array(
            [(240 + side * 58, 222), (240 + side * 66, 110), (240 + side * 76, 240)], np.int32
        )
        cv2.polylines(straps, [path], False, 1, 6)
    body = filled(STRAPPED)
    truth = body | (straps > 0)
    drawn = Drawn(laid(truth, (150, 40, 60), plain((240, 240, 240))).astype(np.uint8), truth)
    return drawn, np.asarray((straps > 0) & ~body)


def sheet(first: Colour, second: Colour, pitch_px: int) -> NDArray[np.float32]:
    """A checked sheet."""
    rows, columns = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    odd = ((rows // pitch_px + columns // pitch_px) % 2)[..., None]
    return np.where(odd, np.array(first), np.array(second)).astype(np.float32)


def on_a_sheet() -> Drawn:
    """A checked shirt on a sheet of which one colour is in its checks."""
    truth = filled(TEE)
    cloth = sheet((150, 40, 70), (225, 220, 210), 26)
    return Drawn(grainy(laid(truth, cloth, sheet((200, 186, 164), (176, 158, 134), 40)), 4), truth)


def printed_like_its_ground() -> tuple[Drawn, Mask]:
    """A dark T-shirt on a grainy floor, with patches of the floor's colour; and those of them that
    it encloses.
    """
    truth = filled(TEE)
    cloth = plain((40, 52, 74))
    for centre in ((240, 300), (205, 430), (330, 470), (335, 400)):
        cv2.circle(cloth, centre, 30, (196, 176, 150), -1)
    enclosed = np.zeros(SIZE[::-1], np.uint8)
    for centre in ((240, 300), (205, 430)):
        cv2.circle(enclosed, centre, 28, 1, -1)
    return Drawn(grainy(laid(truth, cloth, _floor()), 5), truth), np.asarray(enclosed > 0)


def on_a_floor_with_joints() -> Drawn:
    """Beige shorts on pale boards: a dark joint runs into their waist."""
    ground = _floor() + 34
    cv2.line(ground, (250, 0), (246, SIZE[1]), (70, 62, 56), 5)
    truth = filled(SHORTS)
    return Drawn(grainy(laid(truth, (184, 150, 120), ground), 4), truth)


def _floor() -> NDArray[np.float32]:
    grain = np.random.default_rng(3).normal(0, 1, SIZE[::-1]).astype(np.float32)
    streaks = cv2.GaussianBlur(grain, (0, 0), sigmaX=1.2, sigmaY=14) * 40
    light = np.linspace(14, -14, SIZE[0], dtype=np.float32)[None]
    return np.asarray(plain((196, 176, 150)) + (streaks + light)[..., None], np.float32)
