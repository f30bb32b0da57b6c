"""The studio: one camera, a picture by path tracing, and what lies behind each pixel by rays
through the same camera.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import trimesh
from numpy.typing import NDArray
from trimesh.ray.ray_pyembree import RayMeshIntersector

from assets.body import MannequinMesh
from assets.mesh import PARTS, MeshArray

Image = NDArray[np.float32]
DEPTH_LEAST_M, DEPTH_STEPS = -1.0, 2000.0
"""Half a millimetre a step."""
DISTANCE_M = 7.0
VISIBLE_SHARE = 0.915
"""The figure fills this share of the picture's height."""
EYE_SHARE = 0.487


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole on the z axis. `half_tan`: tangent of half the vertical field of view."""

    width_px: int
    height_px: int
    eye_y_m: float
    half_tan: float

    def project(self, place: MeshArray) -> tuple[float, float, float]:
        """x and y in pixels, z in metres."""
        depth = DISTANCE_M - place[2]
        x = place[0] / (depth * self.half_tan * self.width_px / self.height_px)
        y = (place[1] - self.eye_y_m) / (depth * self.half_tan)
        return (
            float((x + 1) / 2 * self.width_px),
            float((1 - y) / 2 * self.height_px),
            float(place[2]),
        )


def camera_for(height_m: float, width_px: int, height_px: int) -> Camera:
    """The camera that shows a whole figure."""
    return Camera(
        width_px, height_px, height_m * EYE_SHARE, height_m / VISIBLE_SHARE / 2 / DISTANCE_M
    )


@dataclass(frozen=True, slots=True)
class Lamp:
    """A soft box: where it hangs, what it is turned to, half its width and height in metres, how
    bright it is.
    """

    place: tuple[float, float, float]
    target: tuple[float, float, float]
    half_size: tuple[float, float]
    radiance: float


LAMPS = {
    "key": Lamp((-3.0, 3.3, 2.9), (0.0, 1.05, 0.0), (0.8, 1.0), 13.0),
    "fill": Lamp((3.4, 1.6, 3.4), (0.0, 0.9, 0.0), (1.0, 1.5), 0.8),
    "rim_right": Lamp((2.1, 1.5, -1.5), (0.1, 1.0, 0.0), (0.25, 1.3), 3.2),
    "rim_left": Lamp((-2.1, 1.5, -1.5), (-0.1, 1.0, 0.0), (0.25, 1.3), 1.2),
    "wall": Lamp((0.0, 4.4, -1.6), (0.0, 0.9, -4.2), (1.6, 0.5), 6.5),
}
SKY = 0.25
SKIN = (0.570, 0.560, 0.545)
SKIN_ROUGHNESS = 0.45
SHADOW_ROWS = (0.85, 0.975)
"""The feet's shadow has finer detail than the rest: these rows, as shares of the height, take four
times the samples.
"""
SOLE_ROW = 0.925
"""Only what is below this share of the height touches the floor."""
PAPER = (0.352, 0.352, 0.354)


def _sweep(path: Path) -> None:
    """A floor that curves up into a wall."""
    radius, back = 2.0, -4.2
    angles = np.linspace(0, np.pi / 2, 48)
    zs = [9.0, *(back + radius - radius * np.sin(angles)), back]
    ys = [0.0, *(radius - radius * np.cos(angles)), 8.0]
    points = np.array([[x, y, z] for y, z in zip(ys, zs, strict=True) for x in (-12, 12)])
    faces = [
        f
        for i in range(len(zs) - 1)
        for f in ([2 * i, 2 * i + 1, 2 * i + 3], [2 * i, 2 * i + 3, 2 * i + 2])
    ]
    trimesh.Trimesh(points, faces, process=False).export(path, vertex_normal=True)


def trace(body: MannequinMesh, camera: Camera, samples: int, scratch: Path) -> Image:
    """The picture in linear light, (height, width, 3). Minutes on two cores."""
    import mitsuba as mi  # noqa: PLC0415 (its variant must be set before anything else of it is used)

    mi.set_variant("scalar_rgb")
    to = mi.ScalarTransform4f
    body.mesh.export(scratch / "body.ply", vertex_normal=True)
    _sweep(scratch / "sweep.ply")

    def hung(lamp: Lamp) -> dict[str, object]:
        place = to().look_at(origin=list(lamp.place), target=list(lamp.target), up=[0, 1, 0])
        emitter = {"type": "area", "radiance": {"type": "rgb", "value": lamp.radiance}}
        return {
            "type": "rectangle",
            "to_world": place @ to().scale([*lamp.half_size, 1]),
            "emitter": emitter,
        }

    def two_sided(surface: dict[str, object]) -> dict[str, object]:
        return {"type": "twosided", "nested": surface}

    skin = {
        "type": "roughplastic",
        "diffuse_reflectance": {"type": "rgb", "value": list(SKIN)},
        "alpha": SKIN_ROUGHNESS,
    }
    paper = {"type": "diffuse", "reflectance": {"type": "rgb", "value": list(PAPER)}}
    film = {
        "type": "hdrfilm", "width": camera.width_px, "height": camera.height_px,
        "pixel_format": "rgb",
        "component_format": "float32", "rfilter": {"type": "box"},
    }  # fmt: skip
    sensor = {
        "type": "perspective", "fov": 2 * float(np.degrees(np.arctan(camera.half_tan))),
        "fov_axis": "y",
        "to_world": to().look_at(origin=[0, camera.eye_y_m, DISTANCE_M],
        target=[0, camera.eye_y_m, 0], up=[0, 1, 0]),
        "film": film, "sampler": {"type": "independent"},
    }  # fmt: skip
    parts = {
        "type": "scene",
        "integrator": {"type": "path", "max_depth": 4},
        "sensor": sensor,
        "body": {"type": "ply", "filename": str(scratch / "body.ply"), "bsdf": two_sided(skin)},
        "sweep": {"type": "ply", "filename": str(scratch / "sweep.ply"), "bsdf": two_sided(paper)},
        "sky": {"type": "constant", "radiance": {"type": "rgb", "value": SKY}},
        **{name: hung(lamp) for name, lamp in LAMPS.items()},
    }
    scene = mi.load_dict(parts)
    picture = np.array(mi.render(scene, spp=samples), np.float32)
    first, last = (round(edge * camera.height_px) for edge in SHADOW_ROWS)
    scene = mi.load_dict(
        {
            **parts,
            "sensor": {
                **sensor,
                "film": {
                    **film,
                    "crop_offset_y": first,
                    "crop_height": last - first,
                    "crop_width": camera.width_px,
                },
            },
        }
    )
    picture[first:last] = np.asarray(mi.render(scene, spp=4 * samples), np.float32)
    return picture


@dataclass(frozen=True, slots=True)
class Geometry:
    """Per pixel: part number (0: background), depth z in metres (NaN: background), unit normal."""

    labels: NDArray[np.uint8]
    depth_m: Image
    normals: Image


def geometry(body: MannequinMesh, camera: Camera) -> Geometry:
    """What the ray through each pixel's centre hits first."""
    height, width = camera.height_px, camera.width_px
    directions = _directions(camera)
    origins = np.tile([0.0, camera.eye_y_m, DISTANCE_M], (len(directions), 1))
    mesh = body.mesh
    hit_face = RayMeshIntersector(mesh).intersects_first(origins, directions)
    hit = hit_face >= 0
    faces = np.asarray(mesh.faces)[hit_face[hit]]
    corners = np.asarray(mesh.vertices)[faces]
    plane = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    reach = ((corners[:, 0] - origins[hit]) * plane).sum(1) / (directions[hit] * plane).sum(1)
    points = origins[hit] + reach[:, None] * directions[hit]
    shares = trimesh.triangles.points_to_barycentric(corners, points)
    normal = (np.asarray(mesh.vertex_normals)[faces] * shares[:, :, None]).sum(1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    labels = np.zeros(len(hit), np.uint8)
    labels[hit] = np.maximum(body.labels[faces][np.arange(len(faces)), shares.argmax(1)], 1)
    depth = np.full(len(hit), np.nan, np.float32)
    depth[hit] = points[:, 2]
    normals = np.zeros((len(hit), 3), np.float32)
    normals[hit] = normal
    return Geometry(
        labels.reshape(height, width),
        depth.reshape(height, width),
        normals.reshape(height, width, 3),
    )


def coverage(body: MannequinMesh, camera: Camera) -> Image:
    """The share of each pixel that the body covers: eight rays in a rooks' pattern."""
    height, width = camera.height_px, camera.width_px
    intersector = RayMeshIntersector(body.mesh)
    total = np.zeros(height * width, np.float32)
    for i, column in enumerate((3, 6, 0, 5, 2, 7, 1, 4)):
        directions = _directions(camera, (column + 0.5) / 8, (i + 0.5) / 8)
        origins = np.broadcast_to([0.0, camera.eye_y_m, DISTANCE_M], directions.shape)
        total += intersector.intersects_first(origins, directions) >= 0
    return total.reshape(height, width) / 8


def _directions(camera: Camera, right: float = 0.5, down: float = 0.5) -> MeshArray:
    height, width = camera.height_px, camera.width_px
    rows, columns = np.mgrid[0:height, 0:width]
    x = ((columns + right) / width * 2 - 1) * camera.half_tan * width / height
    y = (1 - (rows + down) / height * 2) * camera.half_tan
    return np.stack([x, y, -np.ones_like(x)], -1).reshape(-1, 3)


def _guide(seen: Geometry) -> Image:
    return np.dstack([seen.normals, np.nan_to_num(seen.depth_m, nan=-9.0)[..., None] * 5]).astype(
        np.float32
    )


def _denoised_body(picture: Image, seen: Geometry, inner: Image, rounds: int = 5) -> Image:
    """Edge-avoiding à-trous wavelets guided by normals and depth (Dammertz et al., HPG 2010), the
    body's pixels alone.
    """
    guide = _guide(seen)
    taps = np.array([1, 4, 6, 4, 1], np.float32) / 16
    height, width, _ = picture.shape
    result, known = picture, inner[..., None]
    for level in range(rounds):
        step, total, weights = (
            2**level,
            np.zeros_like(picture),
            np.full((height, width, 1), 1e-9, np.float32),
        )
        for down in range(-2, 3):
            rows = np.clip(np.arange(height) + down * step, 0, height - 1)
            for right in range(-2, 3):
                columns = np.clip(np.arange(width) + right * step, 0, width - 1)
                other = result[rows][:, columns]
                unlike = ((guide - guide[rows][:, columns]) ** 2).sum(-1, keepdims=True)
                likeness = np.exp(-unlike / 0.1)
                weight = taps[down + 2] * taps[right + 2] * known[rows][:, columns] * likeness
                total += weight * other
                weights += weight
        result = np.where(weights > 1e-6, total / weights, result)
        known = np.maximum(known, (weights > 1e-4) * (seen.labels > 0)[..., None])
    return np.asarray(result, np.float32)


def _denoised_studio(picture: Image, outer: Image, seen: Geometry) -> Image:
    """The empty studio is smooth, but for the shadow at the feet: blurred more, the farther from
    them.
    """
    width = picture.shape[1]
    feet = np.isin(seen.labels, [PARTS.index("foot_l"), PARTS.index("foot_r")])
    feet[: round(SOLE_ROW * len(feet))] = False
    far = cv2.distanceTransform((~feet).astype(np.uint8), cv2.DIST_L2, 5) / width
    radii = [width / 350, width / 150, width / 70, width / 28, width / 14]
    reach = [0.0, 0.012, 0.05, 0.15, 0.4]
    layers = []
    for radius in radii:
        weight = cv2.GaussianBlur(outer, (0, 0), radius)[..., None]
        layers.append(
            cv2.GaussianBlur(picture * outer[..., None], (0, 0), radius) / np.maximum(weight, 1e-6)
        )
        if len(layers) > 1:
            sure = np.clip(weight * 20, 0, 1)
            layers[-2] = layers[-2] * sure + layers[-1] * (1 - sure)
    level = np.interp(far, reach, range(len(reach)))
    return np.asarray(
        sum(
            layer * np.clip(1 - np.abs(level - i), 0, 1)[..., None]
            for i, layer in enumerate(layers)
        ),
        np.float32,
    )


def _enlarged(body: Image, small: Geometry, large: Geometry) -> Image:
    """The body's light at a larger size, from the pixels around that face and lie alike (joint
    bilateral).
    """
    height, width = large.labels.shape
    ratio = width / small.labels.shape[1]
    there, fine, coarse = (small.labels > 0).astype(np.float32), _guide(large), _guide(small)
    rows = (np.arange(height) + 0.5) / ratio - 0.5
    columns = (np.arange(width) + 0.5) / ratio - 0.5
    total, weights = (
        np.zeros((height, width, 3), np.float32),
        np.full((height, width, 1), 1e-12, np.float32),
    )
    for down in range(-1, 3):
        y = np.floor(rows).astype(int) + down
        near_y = np.exp(-((y - rows) ** 2) / 1.2)
        y = np.clip(y, 0, small.labels.shape[0] - 1)
        for right in range(-1, 3):
            x = np.floor(columns).astype(int) + right
            near_x = np.exp(-((x - columns) ** 2) / 1.2)
            x = np.clip(x, 0, small.labels.shape[1] - 1)
            unlike = ((fine - coarse[y][:, x]) ** 2).sum(-1)
            weight = (
                near_y[:, None] * near_x * (there[y][:, x] + 1e-4) * (np.exp(-unlike / 0.04) + 1e-5)
            )
            total += weight[..., None].astype(np.float32) * body[y][:, x]
            weights += weight[..., None].astype(np.float32)
    return total / weights


def _terms(seen: Geometry, there: NDArray[np.bool_]) -> Iterator[Image]:
    """Products of the normal's coordinates up to the fourth degree, each alone and times the place
    in the picture.
    """
    height, width = there.shape
    rows, columns = np.nonzero(there)
    places = (
        np.ones(len(rows), np.float32),
        (rows / height * 2 - 1).astype(np.float32),
        (columns / width * 2 - 1).astype(np.float32),
    )
    x, y, z = seen.normals[there].T
    for i in range(5):
        for j in range(5 - i):
            for k in range(min(5 - i - j, 2)):  # z * z is 1 - x * x - y * y
                product = x**i * y**j * z**k
                yield from (product * place for place in places)


def _open_light(
    picture: Image, inner: NDArray[np.bool_], small: Geometry, large: Geometry
) -> tuple[Image, Image]:
    """The light that its normal and place alone let expect for each of the body's pixels, small and
    large.
    """
    terms = np.stack(list(_terms(small, inner)), 1)
    known = picture[inner]
    square = terms.T @ terms + 1e-4 * len(terms) * np.eye(terms.shape[1], dtype=np.float32)
    shares = np.linalg.solve(square.astype(float), (terms.T @ known).astype(float)).astype(
        np.float32
    )
    results = []
    for seen in (small, large):
        there = seen.labels > 0
        light = np.zeros((int(there.sum()), 3), np.float32)
        for term, share in zip(_terms(seen, there), shares, strict=True):
            light += term[:, None] * share
        whole = np.zeros((*there.shape, 3), np.float32)
        whole[there] = light
        results.append(whole)
    return results[0], results[1]


def finish(picture: Image, small: Geometry, large: Geometry, cover: Image) -> Image:
    """A small, noisy picture as a large, clean one: body and studio are freed from noise apart and
    put together.

    What the body's light differs from the light that its normal lets expect (it is in some other
    part's shadow) varies slowly: that alone is blurred and enlarged.
    """
    height, width, _ = picture.shape
    covered = cv2.resize(cover, (width, height), interpolation=cv2.INTER_AREA)
    inner = (covered > 0.999) & (small.labels > 0)
    expected, expected_large = _open_light(picture, inner, small, large)
    shadows = _denoised_body(picture - expected, small, inner.astype(np.float32))
    studio = _denoised_studio(picture, (covered < 0.001).astype(np.float32), small)
    fine = _enlarged(shadows, small, large) + expected_large
    # Edge pixels whose middle is outside take their neighbours' light
    inside = (large.labels > 0).astype(np.float32)
    blurred = cv2.GaussianBlur(fine * inside[..., None], (0, 0), 1.0)
    blurred /= np.maximum(cv2.GaussianBlur(inside, (0, 0), 1.0)[..., None], 1e-6)
    fine = np.where(inside[..., None] > 0, fine, blurred)
    share = cover[..., None]
    return np.asarray(
        fine * share
        + cv2.resize(studio, cover.shape[::-1], interpolation=cv2.INTER_CUBIC) * (1 - share),
        np.float32,
    )


STUDIO_LEVEL = 0.50
"""Of the background at the picture's upper left, in linear light: sRGB 188."""


def develop(picture: Image) -> NDArray[np.uint8]:
    """Linear light to sRGB bytes, highlights rolled off above 0.75."""
    height, width, _ = picture.shape
    corner = picture[int(0.02 * height) : int(0.3 * height), : int(0.15 * width)].mean(-1)
    exposed = np.clip(picture * (STUDIO_LEVEL / np.median(corner)), 0, None)
    knee = 0.75
    rolled = np.where(
        exposed < knee, exposed, knee + (1 - knee) * np.tanh((exposed - knee) / (1 - knee))
    )
    encoded = np.where(
        rolled <= 0.0031308, 12.92 * rolled, 1.055 * np.maximum(rolled, 1e-6) ** (1 / 2.4) - 0.055
    )
    # Against bands in the smooth wall
    grain = np.random.default_rng(7).triangular(-0.5, 0, 0.5, (height, width, 1))
    return np.asarray(np.clip(encoded * 255 + 0.5 + grain, 0, 255), np.uint8)


def save_picture(folder: Path, name: str, picture: NDArray[np.uint8]) -> None:
    """As WebP."""
    cv2.imwrite(str(folder / f"{name}.webp"), picture[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, 98])


def save_geometry(folder: Path, name: str, seen: Geometry) -> None:
    """Labels, normals and depth as lossless PNG. Depth: 16 bits, DEPTH_STEPS to the metre above
    DEPTH_LEAST_M; 0: nothing.
    """
    level = [cv2.IMWRITE_PNG_COMPRESSION, 9]
    cv2.imwrite(str(folder / f"{name}_labels.png"), seen.labels, level)
    encoded = np.clip(seen.normals * 127.5 + 127.5, 0, 255).astype(np.uint8)
    cv2.imwrite(str(folder / f"{name}_normals.png"), encoded[..., ::-1], level)
    steps = np.nan_to_num(np.round((seen.depth_m - DEPTH_LEAST_M) * DEPTH_STEPS), nan=0)
    cv2.imwrite(
        str(folder / f"{name}_depth.png"), np.clip(steps, 0, 65535).astype(np.uint16), level
    )
