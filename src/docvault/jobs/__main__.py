"""`python -m docvault.jobs`: a worker, as `process.py` has it."""

import gc
from importlib import import_module

SELDOM = (10_000, 10, 10)

if __name__ == "__main__":
    # Before anything is imported: importing makes much and throws away little, and looking through it each
    # 700 objects took an eighth of a start. Seldom is enough for the work as well.
    gc.set_threshold(*SELDOM)
    import_module("docvault.jobs.process").main()
