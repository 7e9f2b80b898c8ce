"""How a database means to answer what an action asks of it."""

from sqlalchemy import event

EXPLAIN = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN "}


def plans(db, ask):
    """Return a pair of statement and plan for each question that `ask` puts."""
    asked = []

    def note(_connection, _cursor, statement, parameters, *_):
        asked.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    ask()
    event.remove(db.engine, "before_cursor_execute", note)
    explain = EXPLAIN[db.engine.dialect.name]
    with db.engine.connect() as connection:
        return [
            (" ".join(statement.split()), _plan(connection, explain + statement, about))
            for statement, about in asked
            if statement.startswith(("SELECT", "WITH"))
        ]


def _plan(connection, statement, about):
    return "\n".join(str(row[-1]) for row in connection.exec_driver_sql(statement, about))
