"""Words that occur in events: full-text search by trigrams, so that Korean and parts of words are found like anything else.

SQLite: an FTS5 table with the trigram tokenizer, kept by triggers (migrations 006 and 012); words of less than three characters, which
have no trigram, are looked for in the texts themselves. PostgreSQL: an index of pg_trgm over the same expression, where the extension is
there.
"""

import re
from typing import Any

from sqlalchemy import ColumnElement, Select, Uuid, column, literal, literal_column, select, table
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Boolean

from haetae.database.models import Event

MOST_WORDS = 16

_TABLES = frozenset({"event_texts", "event_search", "event_vectors"})
_SHADOW = "event_search_"
_INDEX = "ix_events_text"

_WORD = re.compile(r'"([^"]+)"|(\S+)')
_TRIGRAM = 3

_TEXTS = table("event_texts", column("id"), column("event_id", Uuid()), column("text"))
# As migration 012 has it, to the letter: PostgreSQL takes an index over an expression only for the same expression.
_COLUMNS = ("corrected_type", "subtype", "detail", "vlm_type", "vlm_description", "note", "search_text")
_TEXT: ColumnElement[str] = literal_column(" || ' ' || ".join(f"coalesce(events.{name}, '')" for name in _COLUMNS))


def is_search_table(name: str) -> bool:
    """Whether a table holds nothing but what is made of others, for searching."""
    return name in _TABLES or name.startswith(_SHADOW)


def is_search_part(name: str | None) -> bool:
    """The same for tables and indexes."""
    return name is not None and (is_search_table(name) or name == _INDEX)


def words_of(text: str) -> list[str]:
    """What must occur: each word, and what stands in quotes as one. At most MOST_WORDS."""
    return list(dict.fromkeys(quoted or word for quoted, word in _WORD.findall(text)))[:MOST_WORDS]


def occurring(text: str) -> list[ColumnElement[bool]]:
    """The conditions that each word of `text` occurs in an event. Ones for which an index is used come as one."""
    words = words_of(text)
    return [_ByDatabase(_in_sqlite(words), *(_TEXT.icontains(word, autoescape=True) for word in words))] if words else []


def _in_sqlite(words: list[str]) -> ColumnElement[bool]:
    found = select(_TEXTS.c.event_id)
    long = [word for word in words if len(word) >= _TRIGRAM]
    if long:
        # A phrase in quotes is a run of trigrams: the word as it stands. The operator names the table.
        wanted = " ".join('"' + word.replace('"', '""') + '"' for word in long)
        numbers: Select[tuple[int]] = select(literal_column("rowid")).select_from(table("event_search"))
        found = found.where(_TEXTS.c.id.in_(numbers.where(literal_column("event_search").op("MATCH")(literal(wanted)))))
    short = [word for word in words if len(word) < _TRIGRAM]
    return Event.id.in_(found.where(*(_TEXTS.c.text.icontains(word, autoescape=True) for word in short)))


class _ByDatabase(FunctionElement[bool]):
    """The first clause on SQLite, all others on PostgreSQL."""

    inherit_cache = True
    type = Boolean()


@compiles(_ByDatabase, "sqlite")
def _first(element: _ByDatabase, compiler: Any, **options: Any) -> str:
    return str(compiler.process(next(iter(element.clauses)), **options))


@compiles(_ByDatabase)
def _others(element: _ByDatabase, compiler: Any, **options: Any) -> str:
    _, *clauses = element.clauses
    return " AND ".join(f"({compiler.process(clause, **options)})" for clause in clauses)
