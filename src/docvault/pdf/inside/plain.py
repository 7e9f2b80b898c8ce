"""Reads text files of any encoding as plain text. Runs in a worker."""

from charset_normalizer import from_bytes

from docvault.pdf.tasks import Job

PAGE_BREAK = "\f"
SAMPLE = 64 * 1024  # bytes from which the encoding is told
MOST_LIKELY = "cp1252"  # of what is no UTF-8 and fits nothing else: every byte has a meaning there
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def plain_text(job: Job) -> object:
    """Task: its first characters as UTF-8 in the only output; returns encoding and whether all is there."""
    most = job.options["most"]
    raw = job.files[0].read(4 * most + 4)
    encoding = encoding_of(raw)
    text = raw.decode(encoding, errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    job.output().write(printable(text[:most]).encode())
    return {"encoding": encoding, "whole": len(text) <= most and len(raw) <= 4 * most}


def encoding_of(raw: bytes) -> str:
    """The encoding, from a byte order mark, from being valid UTF-8, or from how letters are distributed."""
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return encoding
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(raw) - 4:  # else a letter was cut in two at the end of what was read
            best = from_bytes(raw[:SAMPLE]).best()
            return best.encoding if best else MOST_LIKELY
    return "utf-8"


def printable(text: str) -> str:
    """The text without what a screen cannot show: control characters, lone surrogates."""
    return (
        "".join(
            letter for letter in text if letter in "\n\t" or (letter.isprintable() and letter != "\ufeff")
        )
        if not text.isprintable()
        else text
    )
