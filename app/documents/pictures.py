"""Pictures made safe: never more pixels than a screen needs, nothing of the camera's notes (EXIF, GPS) kept."""

from __future__ import annotations

import io
import warnings
from typing import Any

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from app.core.errors import Invalid

MAX_PIXELS = 60_000_000
MAX_SIDE = 2_000
MAX_FRAMES = 200
_SAVING: dict[str, dict[str, Any]] = {"JPEG": {"quality": 85, "optimize": True}, "PNG": {"optimize": True}}
FORMATS = ("PNG", "JPEG", "GIF", "WEBP")


def clean(_options: dict[str, Any], files: dict[str, bytes]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Task: the picture `in`, turned upright, at most 2,000 pixels a side, written anew as `out`; and its size."""
    picture, size = clean_picture(files["in"])
    return {"width": size[0], "height": size[1]}, {"out": picture}


def clean_picture(content: bytes) -> tuple[bytes, tuple[int, int]]:
    """The same picture in the same format without metadata, and its (width, height). Raises Invalid."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _clean(content)
    except Image.DecompressionBombError as error:
        raise Invalid({"file": _too_large()}) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise Invalid({"file": "รูปนี้เปิดไม่ได้ อาจเสียหายระหว่างคัดลอก โปรดบันทึกใหม่แล้วลองอีกครั้ง"}) from error


def _too_large() -> str:
    return f"รูปนี้มีจุดภาพเกิน {MAX_PIXELS // 1_000_000} ล้านจุด โปรดย่อขนาดก่อนแนบ"


def _clean(content: bytes) -> tuple[bytes, tuple[int, int]]:
    with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
        kind = opened.format or "PNG"
        if opened.width * opened.height > MAX_PIXELS:
            raise Invalid({"file": _too_large()})
        out = io.BytesIO()
        if getattr(opened, "n_frames", 1) > 1 and kind in ("GIF", "WEBP"):
            size = _write_moving(opened, kind, out)
        else:
            size = _write_still(opened, kind, out)
    return out.getvalue(), size


def _write_still(opened: Image.Image, kind: str, out: io.BytesIO) -> tuple[int, int]:
    picture: Image.Image = ImageOps.exif_transpose(opened)
    picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    if kind == "JPEG":
        picture = picture.convert("L" if picture.mode == "L" else "RGB")
    elif picture.mode.startswith("I"):  # 16 bits a point: as many shades as a screen shows.
        picture = picture.point(lambda value: value / 257).convert("L")
    elif "transparency" in picture.info or picture.mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
        picture = picture.convert("RGBA")
    bare = Image.new(picture.mode, picture.size)
    if picture.mode == "P":
        bare = picture.convert("RGBA")
    else:
        bare.paste(picture)
    bare.save(out, kind, **_SAVING.get(kind, {}))
    return bare.size


def _write_moving(opened: Image.Image, kind: str, out: io.BytesIO) -> tuple[int, int]:
    frames: list[Image.Image] = []
    times: list[int] = []
    for frame in ImageSequence.Iterator(opened):
        if len(frames) >= MAX_FRAMES or len(frames) * opened.width * opened.height > MAX_PIXELS * 4:
            break
        copy = frame.convert("RGBA")
        copy.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
        frames.append(copy)
        times.append(int(frame.info.get("duration", 100)))
    options: dict[str, Any] = {"disposal": 2} if kind == "GIF" else {}
    if "loop" in opened.info or kind == "WEBP":
        options["loop"] = opened.info.get("loop", 0)
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=times, **options)
    return frames[0].size
