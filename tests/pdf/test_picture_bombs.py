"""Pictures that are small to bring and large to look at: an end in 5 seconds, within 512 MiB (promise 30)."""

import io
import resource
import struct
import time
import zlib

import pytest
from PIL import Image

from docvault.pdf import contents, errors
from docvault.pdf.workers import Workers

SIDE = 7000  # 49 million points, just within what is looked at
DATA = 512 * 1024**2  # bytes


def blank(mode, kind, side=SIDE, **how):
    """A picture of nothing, which packs into a few kilobytes."""
    out = io.BytesIO()
    Image.new(mode, (side, side)).save(out, kind, **how)
    return out.getvalue()


def with_chunks(*chunks):
    """A PNG with more in it than a picture."""
    whole = blank("1", "PNG", 10)
    packed = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    return whole[:33] + packed + whole[33:]


GIF = blank("P", "GIF", 10)
BOMBS = {
    "see-through": lambda: blank("P", "PNG", transparency=0),
    "four-channels": lambda: blank("RGBA", "TIFF", 5000, compression="tiff_deflate"),
    "ink": lambda: blank("CMYK", "JPEG", 4000, progressive=True),
    "boast": lambda: GIF[:6] + struct.pack("<HH", 30_000, 30_000) + GIF[10:],  # of points that are not there
    "notes": lambda: with_chunks(*[(b"zTXt", b"k\0\0" + zlib.compress(bytes(20_000_000)))] * 20),
    "colours": lambda: with_chunks((b"iCCP", b"p\0\0" + zlib.compress(bytes(200_000_000), 1))),
}


@pytest.fixture(scope="module")
def worker():
    with Workers(1) as pool:
        pool.warm()
        yield pool


def processes(pool):
    return [each.process.pid for each in pool._live]


@pytest.mark.promise(30)
@pytest.mark.parametrize("name", BOMBS)
def test_a_picture_that_unpacks_to_much_ends_in_time_within_its_memory(worker, scratch, name):
    source = scratch(BOMBS[name]())
    (before,) = processes(worker)
    assert resource.prlimit(before, resource.RLIMIT_DATA) == (DATA, DATA)  # the kernel keeps it, not we
    started = time.monotonic()
    try:
        contents.picture(worker, source).close()
    except (errors.PdfUnreadable, errors.PictureUnreadable):
        worker.warm()  # whatever it did to the process, the next picture finds one
    assert time.monotonic() - started < 5
    contents.thumbnail(worker, scratch(blank("RGB", "PNG", 100))).close()
    assert [resource.prlimit(each, resource.RLIMIT_DATA)[0] for each in processes(worker)] == [DATA]
