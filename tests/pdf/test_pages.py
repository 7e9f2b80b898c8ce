"""Pages for readers: pictures, the text layer, paragraphs, and what is kept of them."""

import io
import threading
import time
from xml.etree import ElementTree as ET

import pikepdf
import pytest
from PIL import Image
from pypdfium2 import PdfDocument as Document

from docvault.pdf import render, text
from docvault.pdf.cache import PageCache, SourceCache
from docvault.pdf.errors import PageMissing
from docvault.pdf.scratch import Scratch

from . import crafted


@pytest.mark.parametrize("width", render.WIDTHS)
def test_a_text_page_is_a_palette_png_of_the_asked_width(workers, scratch, width):
    content, media_type = render.page_image(workers, scratch(crafted.plain()), 1, width)
    picture = Image.open(io.BytesIO(content))
    assert (media_type, picture.format, picture.mode, picture.width) == ("image/png", "PNG", "P", width)
    assert picture.convert("RGB").getpixel((1, 1)) == (255, 255, 255)  # paper is white


def test_a_photograph_comes_as_webp(workers, scratch):
    pdf = crafted.pdf_with()
    photo = Image.merge("RGB", [Image.effect_noise((300, 400), 60) for _ in range(3)])
    picture = pdf.make_stream(photo.tobytes())
    picture.Type, picture.Subtype, picture.Width, picture.Height = (
        pikepdf.Name.XObject,
        pikepdf.Name.Image,
        300,
        400,
    )
    picture.ColorSpace, picture.BitsPerComponent = pikepdf.Name.DeviceRGB, 8
    pdf.pages[0].obj.Resources.XObject = pikepdf.Dictionary(P=picture)
    pdf.pages[0].obj.Contents = pdf.make_stream(b"q 595 0 0 842 0 0 cm /P Do Q")
    _, media_type = render.page_image(workers, scratch(crafted.saved(pdf)), 1, 600)
    assert media_type == "image/webp"


@pytest.mark.parametrize(("page", "width"), [(0, 600), (3, 600), (-1, 600), (1, 601)])
def test_a_page_or_size_that_is_not_there_is_missing(workers, scratch, page, width):
    with pytest.raises(PageMissing):
        render.page_image(workers, scratch(crafted.plain(2)), page, width)


def test_a_very_tall_page_stays_within_its_budget(workers, scratch):
    content, _ = render.page_image(
        workers, scratch(crafted.saved(crafted.pdf_with(size=(100, 14000)))), 1, 2000
    )
    picture = Image.open(io.BytesIO(content))
    assert picture.width * picture.height <= 24_100_000


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_runs_stand_where_the_words_are_shown(workers, scratch, turn):
    pdf = crafted.pdf_with(text="Agreed & <signed>")
    pdf.pages[0].obj.Rotate = turn
    source = scratch(crafted.saved(pdf))
    (run,) = text.page_runs(workers, source, 1)
    assert run.text == "Agreed & <signed> Page 1."
    assert run.angle % 360 == pytest.approx(turn, abs=1)
    picture = Image.open(io.BytesIO(render.page_image(workers, source, 1, 600)[0])).convert("L")
    size = render.page_sizes(workers, source)[0]
    scale = size[0] / 600
    dark = picture.point(lambda grey: 255 * (grey < 128))
    x, y = run.x / scale, run.y / scale
    reach = (run.width + 20) / scale
    around = dark.crop((round(x - reach), round(y - reach), round(x + reach), round(y + reach)))
    assert around.getbbox()


def test_the_text_layer_is_well_formed_and_has_no_inline_style(workers, scratch):
    runs = text.page_runs(workers, scratch(crafted.saved(crafted.pdf_with(text="Agreed & <signed>"))), 1)
    layer = text.text_layer(runs, (595, 842))
    root = ET.fromstring(layer)
    assert root.get("viewBox") == "0 0 595 842"
    assert root.get("role") == "group"
    assert "".join(root.itertext()).strip() == "Agreed & <signed> Page 1."
    assert "style" not in layer


def test_paragraphs_join_lines_and_part_at_gaps():
    lines = [text.Run(72, y, 300, 10, 0, words) for y, words in ((100, "one"), (112, "two"), (160, "three"))]
    heading = text.Run(72, 200, 300, 18, 0, "Heading")
    assert text.paragraphs([*lines, heading]) == ["one two", "three", "Heading"]
    assert text.paragraphs([]) == []


def test_a_page_is_drawn_once_while_it_is_kept():
    cache, drawn = PageCache(max_bytes=100), []

    def draw():
        drawn.append(1)
        return b"x" * 40, "image/png"

    for page in (1, 1, 2, 3, 3):
        assert cache.image("v", page, 600, draw)[0] == b"x" * 40
    assert len(drawn) == 3
    cache.image("v", 1, 600, draw)  # page 1 was the least recently used
    assert len(drawn) == 4


def test_a_source_is_decrypted_once_for_many_readers_and_kept_until_nobody_reads():
    cache, loaded = SourceCache(max_bytes=10), []

    def load():
        loaded.append(1)
        time.sleep(0.05)
        return Scratch.create(b"x" * 8)

    seen = []

    def read():
        with cache.holding("a", load) as source:
            seen.append(source.read())

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [b"x" * 8] * 8
    assert len(loaded) == 1
    with cache.holding("a", load) as first, cache.holding("b", load) as second:
        assert first.read() == second.read()  # over the budget, but both are being read
    with cache.holding("a", load), cache.holding("b", load):
        assert len(loaded) == 3  # one of the two was let go
    cache.close()


def test_whoever_goes_through_all_pages_gets_each_of_them_while_little_is_kept_open(tmp_path, monkeypatch):
    from docvault.pdf.inside import render as inside

    file = tmp_path / "five.pdf"
    file.write_bytes(crafted.plain(5))
    opened = []
    monkeypatch.setattr(inside, "KEPT", file.stat().st_size // 5)  # one page of it
    monkeypatch.setattr(inside, "open_document", lambda it: opened.append(Document(it)) or opened[-1])
    with file.open("rb") as source:
        pages = inside.Pages(source)
        words = [pages[index].get_textpage().get_text_range() for index in (0, 0, 1, 2, 3, 4)]
        assert [each[-2] for each in words] == list("112345")
        assert len(pages) == 5
        assert len(opened) == 3  # two pages each, at most
        opened[-1].close()


def test_a_source_that_cannot_be_loaded_is_tried_again():
    cache = SourceCache(max_bytes=10)

    def fail():
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"), cache.holding("a", fail):
        pass
    with cache.holding("a", lambda: Scratch.create(b"back")) as source:
        assert source.read() == b"back"
    cache.close()
