"""A garment placed whole: one similarity, no parts, as a shop lays a garment over a mannequin's
picture."""

import numpy as np

from compositing.charts.body import Body
from compositing.charts.chart import Chart
from compositing.charts.worn import Worn
from compositing.template.model import Legs, Skirt, Suit, Template, Upper


def place_whole(size: tuple[int, int], template: Template, worn: Worn, body: Body) -> Worn:
    """The cut-out of `size` (height, width), turned upright, at the scale and the place that its
    charts would have."""
    height, width = size
    corners = np.array(
        [[[0.0, 0.0], [width - 1.0, 0.0]], [[0.0, height - 1.0], [width - 1.0, height - 1.0]]]
    )
    held, at = _held(template, worn, body)
    turn = -template.turn_rad
    matrix = worn.scale.value * np.array(
        [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    )
    chart = Chart("whole", corners, (corners - held) @ matrix.T + at)
    return Worn((chart,), worn.scale, worn.landmarks)


def _held(template: Template, worn: Worn, body: Body) -> tuple[np.ndarray, np.ndarray]:
    """The point by which it hangs, in the photo and in the look."""
    match template:
        case Upper() | Suit():
            held = (template.left.neck + template.right.neck) / 2
            at = (worn.landmarks["neck_left"] + worn.landmarks["neck_right"]) / 2
        case Legs() | Skirt():
            held = (template.left.waist + template.right.waist) / 2
            at = worn.landmarks["waist"]
    return np.asarray(held, float), np.array([body.centre_x, float(at[1])])
