"""How many bytes are said in a sentence. Pure."""

_UNITS = ((1024**4, "TB"), (1024**3, "GB"), (1024**2, "MB"), (1024, "kB"))


def words(size: int) -> str:
    """Return a size as people say it, to three digits: a limit of 5 GiB is `5 GB`."""
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return "1 byte" if size == 1 else f"{size} bytes"
