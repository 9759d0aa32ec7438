"""Whatever image comes in, what goes out is one that every model server reads, and shows the same."""

from __future__ import annotations

import struct

import pytest
from PIL import Image

from tests.media.pictures import BLUE, RED, decode, encode, near, picture, png
from triglot.errors import ApiError, ErrorKind
from triglot.media.images import EncodedImage, normalise_image

WHERE = "messages[0].content[1]"


def normalise(data: bytes, max_side: int = 2048) -> EncodedImage:
    return normalise_image(data, max_side=max_side, where=WHERE)


def see_through() -> Image.Image:
    image = picture("RGBA")
    image.putpixel((30, 30), (0, 0, 0, 0))
    return image


def check_plain(result: EncodedImage) -> Image.Image:
    image = decode(result.data)
    assert result.media_type == {"PNG": "image/png", "JPEG": "image/jpeg"}[image.format]
    assert image.mode in {"L", "RGB", "RGBA"}
    if image.format == "PNG":
        assert result.data[24] == 8
    assert image.getexif().get(0x0112, 1) == 1
    assert normalise(result.data).data is result.data
    return image


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (encode(picture(), "PNG"), "image/png"),
        (encode(picture("L"), "PNG"), "image/png"),
        (encode(picture("RGBA"), "PNG"), "image/png"),
        (encode(picture("LA"), "PNG"), "image/png"),
        (encode(picture(), "JPEG"), "image/jpeg"),
        (encode(picture("L"), "JPEG"), "image/jpeg"),
        (encode(picture(), "JPEG", progressive=True), "image/jpeg"),
        (encode(picture(size=(2048, 10)), "PNG"), "image/png"),
    ],
    ids=["png", "gray png", "rgba png", "gray alpha png", "jpeg", "gray jpeg", "progressive jpeg", "at the limit"],
)
def test_what_is_fine_passes_byte_for_byte(data: bytes, media_type: str) -> None:
    result = normalise(data)
    assert result.data is data
    assert result.media_type == media_type


@pytest.mark.parametrize(
    ("data", "media_type", "mode"),
    [
        (encode(picture("CMYK"), "JPEG", quality=95), "image/jpeg", "RGB"),
        (encode(picture("P"), "PNG"), "image/png", "RGB"),
        (encode(picture("P"), "GIF"), "image/png", "RGB"),
        (encode(picture(), "WEBP", quality=95), "image/jpeg", "RGB"),
        (encode(see_through(), "WEBP", lossless=True), "image/png", "RGBA"),
        (encode(picture(), "BMP"), "image/png", "RGB"),
        (encode(picture("YCbCr"), "JPEG", quality=95), "image/jpeg", "RGB"),
    ],
    ids=["cmyk", "palette", "gif", "webp", "webp with alpha", "bmp", "ycbcr"],
)
def test_what_is_not_becomes_png_or_jpeg(data: bytes, media_type: str, mode: str) -> None:
    result = normalise(data)
    image = check_plain(result)
    assert (result.media_type, image.mode, image.size) == (media_type, mode, (64, 32))
    rgb = image.convert("RGB")
    assert near(rgb.getpixel((8, 8)), RED)
    assert near(rgb.getpixel((56, 8)), BLUE)


@pytest.mark.parametrize(
    ("data", "mode", "pixel"),
    [
        (png(1, 1, 16, 0, struct.pack(">H", 0x8000)), "L", 128),
        (png(1, 1, 16, 2, struct.pack(">HHH", 0x8000, 0x4000, 0xFFFF)), "RGB", (128, 64, 255)),
        (png(1, 1, 16, 6, struct.pack(">HHHH", 0x8000, 0x4000, 0xFFFF, 0x2000)), "RGBA", (128, 64, 255, 32)),
        (png(1, 1, 16, 4, struct.pack(">HH", 0x8000, 0x4000)), "RGBA", (128, 128, 128, 64)),
        (png(8, 1, 1, 0, b"\xff"), "L", 255),
        (png(4, 1, 2, 0, b"\x55"), "L", 85),
    ],
    ids=["gray 16", "rgb 16", "rgba 16", "gray alpha 16", "gray 1", "gray 2"],
)
def test_other_depths_become_8_bits(data: bytes, mode: str, pixel: int | tuple[int, ...]) -> None:
    image = check_plain(normalise(data))
    assert (image.mode, image.getpixel((0, 0))) == (mode, pixel)


def test_transparency_of_a_palette_is_kept() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([*RED, *BLUE])
    image.putpixel((1, 0), 1)
    result = check_plain(normalise(encode(image, "PNG", transparency=0)))
    assert [result.getpixel((x, 0))[3] for x in (0, 1)] == [0, 255]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_turned_image_is_put_upright(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn clockwise: what is left comes to the top
    image = check_plain(normalise(encode(picture(), kind, exif=exif)))
    assert image.size == (32, 64)
    assert near(image.getpixel((8, 8)), RED)
    assert near(image.getpixel((8, 56)), BLUE)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_unreadable_exif_turns_nothing() -> None:
    data = encode(picture(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert normalise(data).data is data


@pytest.mark.parametrize(("kind", "loop"), [("GIF", 0), ("WEBP", 0)])
def test_of_an_animation_the_first_frame_counts(kind: str, loop: int) -> None:
    first, second = Image.new("RGB", (16, 16), RED), Image.new("RGB", (16, 16), BLUE)
    data = encode(first, kind, save_all=True, append_images=[second], duration=100, loop=loop)
    assert decode(data).n_frames == 2
    assert near(check_plain(normalise(data)).convert("RGB").getpixel((8, 8)), RED)


@pytest.mark.parametrize(
    ("kind", "mode"), [("JPEG", "RGB"), ("PNG", "RGB"), ("PNG", "P"), ("PNG", "RGBA"), ("WEBP", "RGB"), ("JPEG", "CMYK")]
)
def test_an_oversize_image_is_scaled_down(kind: str, mode: str) -> None:
    image = check_plain(normalise(encode(picture(mode, (3000, 1500)), kind), max_side=1000))
    assert image.size == (1000, 500)
    rgb = image.convert("RGB")
    assert near(rgb.getpixel((100, 100)), RED)
    assert near(rgb.getpixel((900, 400)), BLUE)


def test_a_turned_oversize_image_fits_afterwards() -> None:
    exif = Image.Exif()
    exif[0x0112] = 8
    image = check_plain(normalise(encode(picture(size=(2000, 500)), "JPEG", exif=exif), max_side=400))
    assert image.size == (100, 400)


def test_a_sliver_keeps_a_pixel() -> None:
    assert check_plain(normalise(encode(picture(size=(4000, 1)), "PNG"), max_side=100)).size == (100, 1)


def test_what_is_written_anew_carries_no_baggage() -> None:
    profiled = check_plain(normalise(encode(picture("P"), "PNG", icc_profile=b"a profile of other colours")))
    assert "icc_profile" not in profiled.info
    talking = check_plain(normalise(encode(picture("CMYK"), "JPEG", comment=b"taken at home", icc_profile=b"a profile of inks")))
    assert not {"icc_profile", "comment"} & talking.info.keys()


def test_the_same_image_gives_the_same_bytes() -> None:
    data = encode(picture("CMYK"), "JPEG")
    assert normalise(data) == normalise(data)


@pytest.mark.parametrize(
    "data",
    [
        png(40_000, 40_000, 8, 2, b""),
        png(12_000, 8_000, 8, 2, b""),
        png(10_000, 6_000, 8, 2, b""),
        encode(Image.new("1", (10_000, 6_000)), "GIF"),
    ],
    ids=["refused by Pillow", "warned of by Pillow", "beyond our limit", "small as a file"],
)
def test_a_bomb_is_refused(data: bytes) -> None:
    assert len(data) < 1_000_000
    with pytest.raises(ApiError) as caught:
        normalise(data)
    assert caught.value.kind is ErrorKind.INVALID_REQUEST
    assert caught.value.message == f"{WHERE}: the image has more than 50 million pixels; send a smaller one."
    assert caught.value.param == WHERE


JPEG = encode(picture(size=(200, 200)), "JPEG")
PNG = encode(Image.effect_noise((200, 200), 50), "PNG")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is not a JPEG"),
        (b"hello", "is not a JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a JPEG"),
        (encode(picture(), "TIFF"), "is not a JPEG"),
        (JPEG[: len(JPEG) // 2], "is damaged"),
        (PNG[: len(PNG) // 2], "is damaged"),
        (PNG[:30], "damaged|is not"),
    ],
    ids=["nothing", "text", "svg", "tiff", "half a jpeg", "half a png", "a header"],
)
def test_what_cannot_be_read_is_refused_and_says_where(data: bytes, told: str) -> None:
    with pytest.raises(ApiError, match=told) as caught:
        normalise(data)
    assert caught.value.kind is ErrorKind.INVALID_REQUEST
    assert caught.value.message.startswith(f"{WHERE}: the image ")


def test_every_cut_is_an_image_or_an_error() -> None:
    small = encode(picture("P", (8, 8)), "GIF")
    refused = 0
    for end in range(len(small)):
        try:
            check_plain(normalise(small[:end]))
        except ApiError:
            refused += 1
    assert 0 < refused < len(small)
