"""What a photo's background looks like behind the garment: a quadratic in x and y per channel,
fitted to the border."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats, Mask

BORDER_SHARE = 0.03
ROUNDS = 6
PLAIN_SPREAD = 1.4
PLAIN_OUTLIERS = 0.30
MAX_SAMPLES = 6_000


def lab(rgb: NDArray[np.uint8]) -> Floats:
    """CIE L*a*b*, L from 0 to 100."""
    return np.asarray(cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2Lab), np.float32)


@dataclass(frozen=True, slots=True)
class Background:
    """`colour`: (height, width, channels), the background everywhere. `spread`: its robust standard
    deviation."""

    colour: Floats
    spread: float
    outliers: float

    @property
    def plain(self) -> bool:
        """Whether one smooth colour explains the border."""
        return self.spread < PLAIN_SPREAD and self.outliers < PLAIN_OUTLIERS


def border(height: int, width: int) -> Mask:
    """The frame of a picture."""
    frame = np.zeros((height, width), bool)
    thick = max(3, int(BORDER_SHARE * min(height, width)))
    frame[:thick] = frame[-thick:] = True
    frame[:, :thick] = frame[:, -thick:] = True
    return frame


def _terms(height: int, width: int, rows: Floats, columns: Floats) -> Floats:
    y, x = rows / height * 2 - 1, columns / width * 2 - 1
    return np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], -1)


def in_rgb(behind: Background) -> Floats:
    """The colour of a background that was fitted in CIE L*a*b*, as RGB from 0 to 255."""
    return np.asarray(
        np.clip(cv2.cvtColor(behind.colour, cv2.COLOR_Lab2RGB), 0, 1) * 255, np.float32
    )


def fit(picture: Floats, where: Mask | None = None) -> Background:
    """Fitted to the border, or `where` it is known to show.

    By iteratively reweighted least squares with Cauchy weights, so that a sleeve on the border does
    not matter.
    """
    height, width, channels = picture.shape
    rows, columns = np.nonzero(border(height, width) if where is None else where)
    step = len(rows) // MAX_SAMPLES + 1
    rows, columns = rows[::step], columns[::step]
    terms = _terms(height, width, rows.astype(np.float32), columns.astype(np.float32))
    values = picture[rows, columns]
    weights = np.ones(len(rows), np.float32)
    spread, residual = 1.0, np.zeros(len(rows), np.float32)
    for _ in range(ROUNDS):
        weighted = terms * weights[:, None]
        solution = np.linalg.solve(
            terms.T @ weighted + 1e-3 * np.eye(6, dtype=np.float32), weighted.T @ values
        )
        residual = np.linalg.norm(values - terms @ solution, axis=1)
        spread = max(1.4826 * float(np.median(residual)), 0.4)
        weights = 1 / (1 + (residual / (2.5 * spread)) ** 2)
    coarse_rows, coarse_columns = np.mgrid[0:9, 0:9].astype(np.float32)
    coarse = (_terms(8, 8, coarse_rows.ravel(), coarse_columns.ravel()) @ solution).reshape(
        9, 9, channels
    )
    colour = cv2.resize(coarse.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return Background(
        np.asarray(colour, np.float32), spread, float((residual > 4 * spread + 2).mean())
    )
