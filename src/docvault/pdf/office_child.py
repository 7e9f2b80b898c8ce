"""The process in which office files become PDFs: `python -m docvault.pdf.office_child DESCRIPTOR PROGRAM`.

It makes itself a world of its own before it says that it is ready: no network, its own processes, and a root
folder in memory that holds the system's programs and fonts, read-only, and nothing of ours: no data, no key.
One document each; with the process its whole world ends. See unshare(2), mount(2), pivot_root(2).
"""

import ctypes
import os
import resource
import signal
import socket
import sys
from pathlib import Path

from docvault.pdf import child, wire
from docvault.pdf.inside import office

DATA = 2 * 1024**3  # bytes of private writable memory, of any file: inside/office.py has what is for one
FILE = 256 * 1024**2  # bytes of one file
ROOM = "size=512m,mode=700"  # of its root folder
OPEN_FILES = 512
SECONDS = 120  # of the processor
SHARED = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/opt", "/etc/fonts", "/etc/libreoffice")
SHARED_FILES = ("/etc/ld.so.cache", "/dev/null", "/dev/zero", "/dev/urandom")
PLACES = ("/mnt", "/media", "/srv")  # where its root folder is put; nobody else sees it there
MADE = ("/work", "/proc", "/tmp", "/var/cache/fontconfig", "/dev/shm")  # noqa: S108 - in a root folder of its own

_NEW = {"user": 0x10000000, "net": 0x40000000, "mount": 0x20000, "ipc": 0x8000000, "pid": 0x20000000}
_READ_ONLY, _NO_SETUID, _REMOUNT, _BIND, _RECURSIVE, _PRIVATE = 1, 2, 32, 4096, 16384, 1 << 18
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_libc = ctypes.CDLL(None, use_errno=True)


def isolate(program: Path) -> None:
    """Leave the system behind. Raises OSError where the kernel does not let us."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _unshare()
    _mount(None, "/", None, _RECURSIVE | _PRIVATE)
    root = next(Path(place) for place in PLACES if Path(place).is_dir())
    _mount("tmpfs", str(root), "tmpfs", _NO_SETUID, ROOM)
    for place in MADE:
        (root / place[1:]).mkdir(parents=True, exist_ok=True)
    beside = program.resolve().parent
    known = any(str(beside).startswith(f"{place}/") for place in SHARED)
    for place in (*SHARED, *(() if known else (str(beside),))):
        _share(root, Path(place))
    for place in SHARED_FILES:
        (root / place[1:]).touch()
        _mount(place, str(root / place[1:]), None, _BIND)
    os.chroot(root)
    os.chdir("/work")
    _limit()


def _unshare() -> None:
    """As an administrator, or as anybody where the kernel lets people have a user namespace."""
    wanted = sum(value for name, value in _NEW.items() if name != "user")
    if _libc.unshare(wanted) == 0:
        return
    person, group = os.getuid(), os.getgid()
    if _libc.unshare(wanted | _NEW["user"]) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{person} {person} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _share(root: Path, place: Path) -> None:
    target = root / str(place)[1:]
    if place.is_symlink():
        target.symlink_to(place.readlink())
    elif place.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        _mount(str(place), str(target), None, _BIND | _RECURSIVE)
        _mount(None, str(target), None, _BIND | _REMOUNT | _READ_ONLY | _NO_SETUID)


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    texts = [text.encode() if text is not None else None for text in (source, target, kind, data)]
    if _libc.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3]) != 0:
        raise OSError(ctypes.get_errno(), "mount", target)


def _limit() -> None:
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_DATA, DATA),
        (resource.RLIMIT_FSIZE, FILE),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CPU, SECONDS),
    ):
        resource.setrlimit(limit, (value, value))
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def main() -> None:
    """Isolate this process, say so and serve; without isolation it ends, and nothing is converted."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = wire.Channel(socket.socket(fileno=int(sys.argv[2])))
    isolate(Path(sys.argv[1]))
    office.PROGRAM = sys.argv[1]
    channel.send(wire.Ready(network=False))
    child.serve(channel)


if __name__ == "__main__":
    main()
