"""The studio: one camera, a picture by path tracing, and what lies behind each pixel by rays through the same camera."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import trimesh
from numpy.typing import NDArray
from trimesh.ray.ray_pyembree import RayMeshIntersector

from assets.body import Mannequin
from assets.mesh import Array

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

    def project(self, place: Array) -> tuple[float, float, float]:
        """x and y in pixels, z in metres."""
        depth = DISTANCE_M - place[2]
        x = place[0] / (depth * self.half_tan * self.width_px / self.height_px)
        y = (place[1] - self.eye_y_m) / (depth * self.half_tan)
        return float((x + 1) / 2 * self.width_px), float((1 - y) / 2 * self.height_px), float(place[2])


def camera_for(height_m: float, width_px: int, height_px: int) -> Camera:
    """The camera that shows a whole figure."""
    return Camera(width_px, height_px, height_m * EYE_SHARE, height_m / VISIBLE_SHARE / 2 / DISTANCE_M)


def _cyclorama(path: Path) -> None:
    """A floor that curves up into a wall."""
    radius, back = 1.2, -2.2
    angles = np.linspace(0, np.pi / 2, 24)
    zs = [4.0, *(back + radius - radius * np.sin(angles)), back]
    ys = [0.0, *(radius - radius * np.cos(angles)), 6.0]
    points = np.array([[x, y, z] for y, z in zip(ys, zs, strict=True) for x in (-8, 8)])
    faces = [f for i in range(len(zs) - 1) for f in ([2 * i, 2 * i + 1, 2 * i + 3], [2 * i, 2 * i + 3, 2 * i + 2])]
    trimesh.Trimesh(points, faces, process=False).export(path, vertex_normal=True)


def trace(body: Mannequin, camera: Camera, samples: int, scratch: Path) -> Image:
    """The picture in linear light, (height, width, 3). Minutes on two cores."""
    import mitsuba as mi  # noqa: PLC0415 (its variant must be set before anything else of it is used)

    mi.set_variant("scalar_rgb")
    to = mi.ScalarTransform4f
    body.mesh.export(scratch / "body.ply", vertex_normal=True)
    _cyclorama(scratch / "cyclorama.ply")

    def lamp(origin: list[float], size: tuple[float, float], radiance: float) -> dict[str, object]:
        place = to().look_at(origin=origin, target=[0, 1.0, 0], up=[0, 1, 0]) @ to().scale([*size, 1])
        emitter = {"type": "area", "radiance": {"type": "rgb", "value": radiance}}
        return {"type": "rectangle", "to_world": place, "emitter": emitter}

    def two_sided(surface: dict[str, object]) -> dict[str, object]:
        return {"type": "twosided", "nested": surface}

    skin = {"type": "roughplastic", "diffuse_reflectance": {"type": "rgb", "value": [0.80, 0.785, 0.765]}, "alpha": 0.35}
    paper = {"type": "diffuse", "reflectance": {"type": "rgb", "value": [0.84, 0.84, 0.84]}}
    film = {
        "type": "hdrfilm", "width": camera.width_px, "height": camera.height_px, "pixel_format": "rgb",
        "component_format": "float32", "rfilter": {"type": "gaussian"},
    }  # fmt: skip
    scene = mi.load_dict(
        {
            "type": "scene",
            "integrator": {"type": "path", "max_depth": 5},
            "sensor": {
                "type": "perspective", "fov": 2 * float(np.degrees(np.arctan(camera.half_tan))), "fov_axis": "y",
                "to_world": to().look_at(origin=[0, camera.eye_y_m, DISTANCE_M], target=[0, camera.eye_y_m, 0], up=[0, 1, 0]),
                "film": film, "sampler": {"type": "multijitter", "sample_count": samples},
            },
            "body": {"type": "ply", "filename": str(scratch / "body.ply"), "bsdf": two_sided(skin)},
            "cyclorama": {"type": "ply", "filename": str(scratch / "cyclorama.ply"), "bsdf": two_sided(paper)},
            "sky": {"type": "constant", "radiance": {"type": "rgb", "value": 0.50}},
            "key": lamp([-2.6, 3.2, 3.2], (1.1, 1.4), 6.2),
            "fill": lamp([3.2, 2.0, 2.6], (1.0, 1.6), 1.6),
        }
    )  # fmt: skip
    return np.asarray(mi.render(scene), np.float32)


@dataclass(frozen=True, slots=True)
class Geometry:
    """Per pixel: part number (0: background), depth z in metres (NaN: background), unit normal."""

    labels: NDArray[np.uint8]
    depth_m: Image
    normals: Image


def geometry(body: Mannequin, camera: Camera) -> Geometry:
    """What the ray through each pixel's centre hits first."""
    height, width = camera.height_px, camera.width_px
    rows, columns = np.mgrid[0:height, 0:width]
    x = ((columns + 0.5) / width * 2 - 1) * camera.half_tan * width / height
    y = (1 - (rows + 0.5) / height * 2) * camera.half_tan
    directions = np.stack([x, y, -np.ones_like(x)], -1).reshape(-1, 3)
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
    return Geometry(labels.reshape(height, width), depth.reshape(height, width), normals.reshape(height, width, 3))


def denoise(picture: Image, seen: Geometry, rounds: int = 4) -> Image:
    """Edge-avoiding à-trous wavelet filter guided by normals and depth (Dammertz et al., HPG 2010)."""
    guide = np.dstack([seen.normals, np.nan_to_num(seen.depth_m, nan=-9.0)[..., None] * 4]).astype(np.float32)
    taps = np.array([1, 4, 6, 4, 1], np.float32) / 16
    height, width, _ = picture.shape
    result = picture
    for level in range(rounds):
        step, total, weights = 2**level, np.zeros_like(picture), np.zeros((height, width, 1), np.float32)
        for down in range(-2, 3):
            rows = np.clip(np.arange(height) + down * step, 0, height - 1)
            for right in range(-2, 3):
                columns = np.clip(np.arange(width) + right * step, 0, width - 1)
                other = result[rows][:, columns]
                unlike = ((guide - guide[rows][:, columns]) ** 2).sum(-1, keepdims=True)
                darker = ((result - other) ** 2).sum(-1, keepdims=True)
                weight = taps[down + 2] * taps[right + 2] * np.exp(-unlike / 0.02 - darker / (0.05 / 2**level) ** 2 / 3)
                total += weight * other
                weights += weight
        result = total / weights
    return np.asarray(result, np.float32)


def develop(picture: Image) -> NDArray[np.uint8]:
    """Linear light to sRGB bytes, the background's left top at 0.744, highlights rolled off above 0.7."""
    height, width, _ = picture.shape
    corner = picture[int(0.02 * height) : int(0.3 * height), : int(0.15 * width)].mean(-1)
    exposed = np.clip(picture * (0.744 / np.median(corner)), 0, None)
    knee = 0.7
    rolled = np.where(exposed < knee, exposed, knee + (1 - knee) * np.tanh((exposed - knee) / (1 - knee)))
    encoded = np.where(rolled <= 0.0031308, 12.92 * rolled, 1.055 * np.maximum(rolled, 1e-6) ** (1 / 2.4) - 0.055)
    return np.asarray(np.clip(encoded, 0, 1) * 255 + 0.5, np.uint8)


def save_picture(folder: Path, name: str, picture: NDArray[np.uint8]) -> None:
    """As WebP."""
    cv2.imwrite(str(folder / f"{name}.webp"), picture[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, 96])


def save_geometry(folder: Path, name: str, seen: Geometry) -> None:
    """Labels, normals and depth as lossless PNG. Depth: 16 bits, DEPTH_STEPS to the metre above DEPTH_LEAST_M; 0: nothing."""
    level = [cv2.IMWRITE_PNG_COMPRESSION, 9]
    cv2.imwrite(str(folder / f"{name}_labels.png"), seen.labels, level)
    encoded = np.clip(seen.normals * 127.5 + 127.5, 0, 255).astype(np.uint8)
    cv2.imwrite(str(folder / f"{name}_normals.png"), encoded[..., ::-1], level)
    steps = np.nan_to_num(np.round((seen.depth_m - DEPTH_LEAST_M) * DEPTH_STEPS), nan=0)
    cv2.imwrite(str(folder / f"{name}_depth.png"), np.clip(steps, 0, 65535).astype(np.uint16), level)
