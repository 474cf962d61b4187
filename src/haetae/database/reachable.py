"""Can the database be used now?"""

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from haetae.database.engine import Sessions, session_scope


def why_unreachable(sessions: Sessions) -> str:
    """Empty when the database answers a read, else the reason in one line."""
    try:
        with session_scope(sessions, read_only=True) as session:
            session.execute(text("SELECT count(*) FROM cameras"))
    except (SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        return f"the database cannot be used: {' '.join(str(cause).split())}"
    return ""
