"""Keep generations of the installation's keys and how far a rotation has come."""

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
