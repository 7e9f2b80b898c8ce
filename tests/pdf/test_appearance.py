"""Drawings of filled fields: size, letters of the world, and what is refused."""

import io
import math

import pypdfium2
import pytest
from PIL import Image, ImageDraw, PngImagePlugin

from docvault.pdf import appearance
from docvault.pdf.errors import AppearanceRefused
from docvault.rules.answers import DrawnSignature, PictureSignature, TypedSignature

WAVE = DrawnSignature((tuple((0.1 + step / 140, 0.25 + 0.15 * math.sin(step / 5)) for step in range(110)),))
LINES = ("Łukasz Żółkiewski-Ćwik", "22 November 2026, 14:05 UTC")
NAMES = ("Łukasz Żółkiewski-Ćwik", "Yrjö Äänekoski", "محمد رضایی‌نژاد", "Zoë 123")


def page_of(drawing):
    with drawing:
        content = drawing.read()
    return pypdfium2.PdfDocument(content)[0]


def ink_of(page):
    """The box of everything drawn, in displayed points."""
    picture = page.render(scale=4).to_pil().convert("L").point(lambda grey: 255 * (grey < 200))
    return tuple(edge / 4 for edge in picture.getbbox() or (0, 0, 0, 0))


def scan(paper="white"):
    picture = Image.new("RGB", (600, 300), paper)
    ImageDraw.Draw(picture).line([(100, 150), (300, 60), (500, 200)], fill=(20, 20, 120), width=9)
    hidden = PngImagePlugin.PngInfo()
    hidden.add_text("Comment", "taken at home")
    output = io.BytesIO()
    picture.save(output, "PNG", pnginfo=hidden)
    return output.getvalue()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("style", ["caveat", "dancing-script", "great-vibes"])
def test_a_typed_name_is_drawn_whole_and_stays_readable_as_text(workers, name, style):
    drawing = appearance.signature(
        workers, TypedSignature(name, style), lines=(name, LINES[1]), width=200, height=50
    )
    page = page_of(drawing)
    assert page.get_size() == pytest.approx((200, 50), abs=0.01)
    left, top, right, bottom = ink_of(page)
    assert 0 <= left < right <= 200
    assert 0 <= top < bottom <= 50
    assert "22 November 2026" in page.get_textpage().get_text_bounded()


@pytest.mark.parametrize(("width", "height"), [(200, 50), (110, 60), (60, 20), (300, 120)])
@pytest.mark.parametrize("ink", [WAVE, PictureSignature(scan()), TypedSignature("Zoë", "caveat")])
def test_a_signature_fits_its_field_whatever_its_shape(workers, ink, width, height):
    page = page_of(appearance.signature(workers, ink, lines=LINES, width=width, height=height))
    left, top, right, bottom = ink_of(page)
    assert -0.3 <= left < right <= width + 0.3
    assert -0.3 <= top < bottom <= height + 0.3
    assert right - left > width / 3


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_drawing_for_a_turned_page_lies_in_the_turned_rectangle(workers, turn):
    straight = ink_of(page_of(appearance.tick(workers, width=60, height=30)))
    page = page_of(appearance.tick(workers, width=60, height=30, turn=turn))
    assert page.get_size() == pytest.approx((60, 30) if turn == 180 else (30, 60), abs=0.01)
    page.set_rotation(turn)
    assert ink_of(page) == pytest.approx(straight, abs=0.5)


@pytest.mark.parametrize("paper", ["white", "#f3e3b4", "#9db6c9"])
def test_an_uploaded_picture_loses_its_paper_and_what_it_carried(workers, paper):
    drawing = appearance.signature(workers, PictureSignature(scan(paper)), lines=(), width=200, height=100)
    with drawing:
        content = drawing.read()
    assert b"taken at home" not in content
    page = pypdfium2.PdfDocument(content)[0]
    corner = page.render(scale=2, fill_color=(255, 0, 0, 255)).to_pil().convert("RGB").getpixel((4, 4))
    assert corner == (255, 0, 0)  # transparent: the page shows through


@pytest.mark.parametrize(
    ("ink", "words"),
    [
        (DrawnSignature(()), "no drawn signature"),
        (DrawnSignature((((math.nan, 0.0),),)), "no drawn signature"),
        (PictureSignature(b"\x89PNG\r\n\x1a\n garbage"), "cannot be read"),
        (PictureSignature(b"GIF89a"), "cannot be read"),
        (TypedSignature("  ", "caveat"), "nothing to write"),
        (TypedSignature("Ann", "comic"), "not offered"),
        (TypedSignature("Ann \U0001f600", "caveat"), "cannot be written"),
    ],
)
def test_a_signature_that_cannot_be_drawn_is_refused_in_plain_words(workers, ink, words):
    with pytest.raises(AppearanceRefused, match=words):
        appearance.signature(workers, ink, lines=LINES, width=200, height=50)


def test_an_empty_picture_is_refused(workers):
    output = io.BytesIO()
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(output, "PNG")
    with pytest.raises(AppearanceRefused, match="empty"):
        appearance.signature(workers, PictureSignature(output.getvalue()), lines=(), width=200, height=50)


@pytest.mark.parametrize(
    "value", ["Managing Director", "2026-11-22", "a long answer " * 30, "محمد رضایی 123"]
)
def test_an_answer_is_made_to_fit_its_field(workers, value):
    page = page_of(appearance.text(workers, value, width=140, height=30))
    left, top, right, bottom = ink_of(page)
    assert -0.3 <= left < right <= 140.3
    assert -0.3 <= top < bottom <= 30.3


def test_markup_in_an_answer_is_only_text(workers):
    page = page_of(appearance.text(workers, '#read("/etc/passwd") *x*', width=300, height=20))
    assert '#read("/etc/passwd") *x*' in page.get_textpage().get_text_bounded()


def test_missing_letters_are_named(workers):
    assert appearance.missing_letters(workers, "Łukasz Ää محمد") == set()
    assert appearance.missing_letters(workers, "A\U0001f600ก") == {"\U0001f600", "ก"}
