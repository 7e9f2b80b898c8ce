"""`docvault database`: bring the tables up to date as their owner, and let the application own nothing."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from docvault.database.engine import Database

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Data = Annotated[Path | None, typer.Option("--data", help="The data folder.")]
Owner = Annotated[str, typer.Option("--owner", help="The role that owns the tables and migrates them.")]
Application = Annotated[str, typer.Option("--application", help="The role that `docvault serve` runs as.")]


@app.command()
def migrate(data: Data = None) -> None:
    """Make the tables, or bring them up to date, as the role of DOCVAULT_DATABASE_URL.

    Example: docvault database migrate
    """
    from docvault.database import migrate as migrations
    from docvault.database import work

    with _database(data) as db:
        with db.alone():
            migrations.migrate(db)
            work.prepare(db.url)
        print(f"The tables are up to date: {migrations.newest()}.")


@app.command()
def roles(
    owner: Owner = "docvault_owner",
    application: Application = "docvault_app",
    apply: Annotated[
        bool, typer.Option("--apply", help="Run the owner's part, as the role of DOCVAULT_DATABASE_URL.")
    ] = False,
    data: Data = None,
) -> None:
    """Print the SQL for two PostgreSQL roles: one that owns the tables, one that cannot rewrite the log.

    Example: docvault database roles --apply
    """
    from docvault.database import grants

    with _database(data) as db:
        if apply:
            grants.apply(db, application)
            print(f"{application} may read and write rows, and only add to the audit log.")
            return
        name = grants.name_of(db.url)
        first = grants.by_the_server(name, owner, application)
        second = grants.by_the_owner(name, application)
    print("-- Once, as the server's administrator. Then give both a password: \\password")
    print("\n".join(f"{statement};" for statement in first))
    print(
        f"\n-- As {owner}, after `docvault database migrate` and again after each upgrade; or with --apply."
    )
    print("\n".join(f"{statement};" for statement in second))


@contextmanager
def _database(data: Path | None) -> Iterator["Database"]:
    from docvault.cli import serving
    from docvault.database.engine import Database
    from docvault.policy.engine import Policy, default_folder

    settings = serving.chosen(data)
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with closing(Database(settings.database, Policy.load(default_folder()))) as db:
        yield db
