"""Drawn shoes and accessories whose parts are known."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.cut.cutout import Cutout

Mask = NDArray[np.bool_]
_T = np.array([0, 0.012, 0.04, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.96, 0.99, 1.0])
_LATERAL = np.array(
    [0, 0.05, 0.09, 0.135, 0.172, 0.19, 0.186, 0.168, 0.152, 0.146, 0.145, 0.134, 0.098, 0.05, 0]
)
_MEDIAL = np.array(
    [0, 0.05, 0.10, 0.15, 0.175, 0.176, 0.160, 0.140, 0.130, 0.130, 0.135, 0.128, 0.098, 0.05, 0]
)
_SIDE = np.array(
    """
    0.02 0  0.9 0  0.98 0.03  1 0.08  0.985 0.13  0.93 0.175  0.8 0.215  0.68 0.27  0.56 0.36
    0.47 0.45  0.43 0.46  0.38 0.41  0.22 0.37  0.09 0.42  0.04 0.43  0.01 0.38  0.02 0.2  0 0.08
    """.split(),
    np.float64,
).reshape(-1, 2)
_BOOT = np.array(
    """
    0.02 0  0.9 0  0.98 0.03  1 0.08  0.985 0.14  0.93 0.19  0.8 0.235  0.68 0.29  0.56 0.38
    0.5 0.5  0.49 0.8  0.52 1.1  0.1 1.1  0.07 0.8  0.06 0.5  0.03 0.35  0.02 0.2  0 0.08
    """.split(),
    np.float64,
).reshape(-1, 2)


@dataclass(frozen=True)
class Drawing:
    """A picture of shoes, each one's own area, and its toe in pixels."""

    rgb: NDArray[np.uint8]
    masks: tuple[Mask, ...]
    toes: tuple[tuple[float, float], ...]

    @property
    def cutout(self) -> Cutout:
        """As if cut out without a fault."""
        whole = np.any(self.masks, axis=0)
        rows, columns = np.nonzero(whole.any(1))[0], np.nonzero(whole.any(0))[0]
        at = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        alpha = cv2.GaussianBlur(whole.astype(np.float32), (0, 0), 0.7)
        return Cutout(np.ascontiguousarray(self.rgb[at]), np.ascontiguousarray(alpha[at]), "plain")

    def cropped(self, mask: Mask) -> Mask:
        """As the cut-out is."""
        whole = np.any(self.masks, axis=0)
        rows, columns = np.nonzero(whole.any(1))[0], np.nonzero(whole.any(0))[0]
        return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


class Sheet:
    """A white sheet to draw on."""

    def __init__(self, width: int, height: int) -> None:
        self.rgb = np.full((height, width, 3), 246, np.uint8)
        self.masks: list[Mask] = []
        self.toes: list[tuple[float, float]] = []

    def fill(self, outline: NDArray[np.float64], colour: tuple[int, int, int]) -> Mask:
        """A polygon; returns where it is."""
        fine = np.round(outline * 16).astype(np.int32)
        cv2.fillPoly(self.rgb, [fine], colour, cv2.LINE_AA, 4)
        there = np.zeros(self.rgb.shape[:2], np.uint8)
        cv2.fillPoly(there, [fine], 1, cv2.LINE_8, 4)
        return there > 0

    def shade(self, mask: Mask, strength: float = 0.28) -> None:
        """Darker towards the edge, as a round thing is."""
        depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
        turn = np.clip(depth / (0.5 * depth.max()), 0, 1)
        light = 1 - strength * (1 - np.sqrt(1 - (1 - turn) ** 2))
        self.rgb[mask] = (self.rgb * light[..., None]).clip(0, 255).astype(np.uint8)[mask]

    def done(self) -> Drawing:
        """What was drawn; later shoes hide earlier ones."""
        own = []
        for index, mask in enumerate(self.masks):
            hidden = np.any([*self.masks[index + 1 :], np.zeros_like(mask)], axis=0)
            own.append(mask & ~hidden)
        return Drawing(self.rgb, tuple(own), tuple(self.toes))


def smooth(outline: NDArray[np.float64], rounds: int = 2) -> NDArray[np.float64]:
    """Corners cut (Chaikin)."""
    for _ in range(rounds):
        after = np.roll(outline, -1, 0)
        outline = np.stack(
            [0.75 * outline + 0.25 * after, 0.25 * outline + 0.75 * after], 1
        ).reshape(-1, 2)
    return outline


def above(
    sheet: Sheet,
    toe: tuple[float, float],
    length: float,
    turn_deg: float,
    side: int,
    colour: tuple[int, int, int],
) -> None:
    """A shoe from above. Turned by 0: toe down, 90: toe left. `side`: the foot it fits, -1 is on
    the left.
    """
    angle = np.deg2rad(turn_deg)
    along, across = (
        np.array([-np.sin(angle), np.cos(angle)]),
        np.array([np.cos(angle), np.sin(angle)]),
    )

    def place(t: NDArray[np.float64], u: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(
            np.array(toe) + length * (-t[:, None] * along + side * u[:, None] * across), np.float64
        )

    outline = place(np.concatenate([_T, _T[::-1]]), np.concatenate([_LATERAL, -_MEDIAL[::-1]]))
    mask = sheet.fill(outline, (235, 232, 228))
    inner = 0.93
    t = 0.03 + _T * 0.945
    sheet.fill(
        place(np.concatenate([t, t[::-1]]), inner * np.concatenate([_LATERAL, -_MEDIAL[::-1]])),
        colour,
    )
    sheet.shade(mask)
    ring = np.linspace(0, 2 * np.pi, 40)
    dark = tuple(int(0.35 * value) for value in colour)
    sheet.fill(
        place(0.755 + 0.2 * np.cos(ring), 0.005 + 0.088 * np.sin(ring)), (dark[0], dark[1], dark[2])
    )
    light = tuple(min(255, int(1.15 * value) + 18) for value in colour)
    tongue = np.array([(0.36, 0.06), (0.62, 0.075), (0.66, 0.0), (0.62, -0.075), (0.36, -0.06)])
    sheet.fill(place(tongue[:, 0], tongue[:, 1]), (light[0], light[1], light[2]))
    for step in np.linspace(0.37, 0.56, 5):
        lace = place(
            np.array([step, step + 0.016, step + 0.016, step]),
            np.array([0.095, 0.095, -0.095, -0.095]),
        )
        sheet.fill(lace, (250, 250, 248))
    sheet.masks.append(mask)
    sheet.toes.append(toe)


def from_side(
    sheet: Sheet,
    heel: tuple[float, float],
    length: float,
    to: int,
    colour: tuple[int, int, int],
    *,
    boot: bool = False,
) -> None:
    """A profile; `heel`: its lowest point at the back; `to`: 1 = toe to the right."""

    def place(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.array(heel) + length * points * [to, -1]

    mask = sheet.fill(smooth(place(_BOOT if boot else _SIDE)), colour)
    sheet.shade(mask)
    sole = np.array(
        [
            (-0.005, 0.005),
            (0.0, 0.085),
            (0.5, 0.06),
            (0.97, 0.065),
            (1.0, 0.05),
            (0.985, 0.02),
            (0.9, -0.003),
        ]
    )
    mask |= sheet.fill(place(sole), (238, 236, 230))
    if not boot:
        for step in np.linspace(0.5, 0.68, 5):
            lace = np.array([step, 0.43 - 0.75 * (step - 0.47)]) + np.array(
                [(0, 0), (-0.06, -0.09), (-0.045, -0.1), (0.018, -0.008)]
            )
            sheet.fill(place(lace), (250, 250, 248))
    sheet.masks.append(mask)
    sheet.toes.append((heel[0] + to * length, heel[1]))
