"""How our processes write their log: one JSON object a line on standard error, without secrets.

A traceback names files and lines only: values of variables would be passwords and tokens sooner or later.
"""

import sys

import structlog


def configure() -> None:
    """Set the log up for this process. Line breaks in values are escaped by JSON: nobody can forge a line."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
