"""Displayed points and user space, against PDFium, which is what readers see."""

import ctypes
import io

import pikepdf
import pypdfium2
import pypdfium2.raw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docvault.pdf.geometry import Frame, frame, upright
from docvault.pdf.inside.geometry import frame_of

corner = st.floats(-2000, 2000)
extent = st.floats(1, 3000)
frames = st.builds(
    lambda x, y, w, h, turn: Frame(x, y, x + w, y + h, turn),
    corner,
    corner,
    extent,
    extent,
    st.sampled_from([0, 90, 180, 270]),
)


@given(frames, st.floats(0, 1), st.floats(0, 1))
def test_a_point_comes_back_to_where_it_was(seen, across, down):
    width, height = seen.size
    x, y = across * width, down * height
    back = seen.to_displayed(*seen.to_user(x, y))
    assert back == pytest.approx((x, y), abs=1e-6)


@given(frames, st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0.1, 0.5), st.floats(0.1, 0.5))
def test_a_rectangle_stays_inside_the_page_and_keeps_its_size(seen, across, down, wide, high):
    width, height = seen.size
    left, bottom, right, top = seen.rectangle_to_user(
        across * width, down * height, wide * width, high * height
    )
    assert seen.left - 1e-6 <= left < right <= seen.right + 1e-6
    assert seen.bottom - 1e-6 <= bottom < top <= seen.top + 1e-6
    assert sorted((right - left, top - bottom)) == pytest.approx(
        sorted((wide * width, high * height)), abs=1e-6
    )


@pytest.mark.parametrize("turn", [0, 90, 180, 270, -90, 450])
@pytest.mark.parametrize("crop", [None, (50, 100, 500, 700), (-20, -20, 300, 900)])
@pytest.mark.parametrize("inherit", [False, True])
def test_it_agrees_with_pdfium(turn, crop, inherit):
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(595, 842))
    holder = pdf.Root.Pages if inherit else page.obj
    holder.Rotate = turn
    if crop:
        holder.CropBox = pikepdf.Array(crop)
    seen = frame_of(pdf.pages[0])
    output = io.BytesIO()
    pdf.save(output)
    drawn = pypdfium2.PdfDocument(output.getvalue())[0]
    assert seen.size == pytest.approx(drawn.get_size())
    width, height = drawn.get_size()
    for x, y in ((0, 0), (width, 0), (width / 3, height / 5)):
        ux, uy = ctypes.c_double(), ctypes.c_double()
        size = (round(width * 100), round(height * 100))
        pypdfium2.raw.FPDF_DeviceToPage(drawn.raw, 0, 0, *size, 0, round(x * 100), round(y * 100), ux, uy)
        assert seen.to_user(x, y) == pytest.approx((ux.value, uy.value), abs=0.02)


@given(st.sampled_from([0, 90, 180, 270]), extent, extent)
def test_an_upright_drawing_fills_the_turned_rectangle(turn, width, height):
    a, b, c, d, e, f = upright(turn, width, height)
    corners = [(a * x + c * y + e, b * x + d * y + f) for x in (0, width) for y in (0, height)]
    wide, high = (height, width) if turn in (90, 270) else (width, height)
    assert min(corners) == pytest.approx((0, 0), abs=1e-9)
    assert max(corners) == pytest.approx((wide, high))


@pytest.mark.parametrize("media", [None, (0, 0, 0, 0), (10, 10, 10, 500)])
def test_a_page_without_a_usable_box_is_letter_sized(media):
    assert frame(media, None, 0).size == (612, 792)
