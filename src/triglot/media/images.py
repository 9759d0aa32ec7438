"""Images in the form that every model server reads: PNG or JPEG, 8 bits, gray or RGB, upright, of moderate size. Pure.

llama.cpp decodes with stb_image, which knows neither WebP nor EXIF, drops what an alpha channel or a CMYK JPEG meant, and other servers
break on 16 bits. The largest side is limited because the models scale down anyway, and the rest is only upload and prefill.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final, NamedTuple

from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.ExifTags import Base

from triglot.errors import ApiError, ErrorKind

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

MAX_PIXELS: Final = 50_000_000
"""Decoded, this many take 200 MB."""
_READ: Final = ("JPEG", "PNG", "GIF", "WEBP", "BMP")
_KEPT: Final = {"JPEG": "image/jpeg", "PNG": "image/png"}
_PLAIN_MODES: Final = {"JPEG": ("L", "RGB"), "PNG": ("L", "LA", "RGB", "RGBA")}
_LOSSY: Final = ("JPEG", "MPO", "WEBP")
_JPEG_QUALITY: Final = 92
_PNG_DEPTH_AT: Final = 24
"""Where a PNG's header (IHDR, always first) says how many bits a sample has."""
_UPRIGHT: Final = 1


class EncodedImage(NamedTuple):
    """An image file.

    Attributes:
        media_type: what `data` truly is, whatever the client called it.
        data: the bytes of the file.
    """

    media_type: str
    data: bytes


def normalise_image(data: bytes, *, max_side: int, where: str) -> EncodedImage:
    """The image as a PNG or JPEG that every model server reads; the very same bytes if it is one already.

    Of an animation the first frame counts. Transparency makes a PNG; otherwise what was lossy becomes a JPEG again.

    Args:
        data: the file as the client gave it.
        max_side: pixels of the longer side at most; larger images are scaled down.
        where: the place in the request, for the error.

    Raises:
        ApiError: INVALID_REQUEST: this is no image of a known kind, it is damaged, or it has too many pixels.
    """
    try:
        with Image.open(io.BytesIO(data), formats=_READ) as image:
            _check_pixels(image)
            if _is_plain(image, data) and max(image.size) <= max_side and _orientation(image) == _UPRIGHT:
                image.draft(None, (1, 1))  # the quickest way through the whole of a JPEG
                image.load()  # damage shows here, not in the backend
                return EncodedImage(_KEPT[str(image.format)], data)
            return _encode(_convert(image, max_side), lossy=image.format in _LOSSY)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _refusal(where, f"the image has more than {MAX_PIXELS // 1_000_000} million pixels; send a smaller one") from None
    except UnidentifiedImageError:
        raise _refusal(where, "the image is not a JPEG, PNG, GIF, WebP or BMP file") from None
    except Exception as exc:
        raise _refusal(where, f"the image is damaged: {exc}") from exc


def _check_pixels(image: ImageFile) -> None:
    """Pillow's own check, with a limit for a server that has more to do."""
    if image.width * image.height > MAX_PIXELS:
        raise Image.DecompressionBombError


def _is_plain(image: ImageFile, data: bytes) -> bool:
    kind = str(image.format)
    if kind == "PNG" and data[_PNG_DEPTH_AT] != 8:  # noqa: PLR2004 - bits; Pillow's mode of 16-bit RGB is RGB, too
        return False
    return image.mode in _PLAIN_MODES.get(kind, ())


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(Base.Orientation, _UPRIGHT))
    except Exception:  # noqa: BLE001 - unreadable EXIF turns nothing, and does not make the image unreadable
        return _UPRIGHT


def _convert(image: ImageFile, max_side: int) -> Image.Image:
    if max(image.size) > max_side:
        image.draft(None, (2 * max_side, 2 * max_side))  # a JPEG is decoded at a fraction of its size
    orientation = _orientation(image)
    plain = _in_plain_mode(image)
    if max(plain.size) > max_side:
        plain.thumbnail((max_side, max_side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return ImageOps.exif_transpose(plain) if orientation != _UPRIGHT else plain


def _in_plain_mode(image: Image.Image) -> Image.Image:
    """A copy in 8-bit gray, RGB or RGBA."""
    if image.mode.startswith("I"):
        image = image.point(lambda value: value * (1 / 256))  # `convert` would cut off at 255
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode[0] in "1LIF" and image.mode != "LAB" else "RGB")


def _encode(image: Image.Image, *, lossy: bool) -> EncodedImage:
    out = io.BytesIO()
    if lossy and image.mode != "RGBA":
        image.save(out, "JPEG", quality=_JPEG_QUALITY, subsampling=0, comment=b"")
        return EncodedImage("image/jpeg", out.getvalue())
    image.save(out, "PNG", compress_level=3, icc_profile=None)
    return EncodedImage("image/png", out.getvalue())


def _refusal(where: str, what: str) -> ApiError:
    return ApiError(ErrorKind.INVALID_REQUEST, f"{where}: {what}.", param=where)
