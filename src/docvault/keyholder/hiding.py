"""Keeps the memory of a process that holds keys from core dumps, debuggers and other processes of its user.

Sources: prctl(2), PR_SET_DUMPABLE; getrlimit(2), RLIMIT_CORE; proc(5): its files belong to root from then on.
"""

import ctypes
import os
import resource
import signal

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_PR_SET_DUMPABLE = 4


def hide() -> None:
    """Let this process leave no core, and let nobody but root look into it. Raises OSError."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prctl(_PR_SET_DUMPABLE, 0)


def end_with_parent() -> None:
    """Let the kernel end this process with the thread that forked it. Raises OSError."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
