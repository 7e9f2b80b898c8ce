"""Keep how the objects of a version begin, so that reading it proves each of them without hashing it again.

What was kept before has none: it is hashed, as it was.
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("versions", sa.Column("heads", sa.String(length=64), nullable=True))
