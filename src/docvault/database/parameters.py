"""How our values become parameters of PostgreSQL's driver. Never a statement.

https://www.psycopg.org/psycopg3/docs/advanced/adapt.html
"""

from psycopg.abc import Buffer
from psycopg.types.string import StrDumperUnknown


class Text(StrDumperUnknown):
    """Text as a parameter. PostgreSQL keeps no NUL and refuses to compare with one; SQLite does both.

    Text that is kept has none by our rules. What is only looked for, such as an id in an address, is then
    simply not found, as on SQLite.
    """

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj.replace("\0", "\N{REPLACEMENT CHARACTER}"))
