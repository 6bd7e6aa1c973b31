"""The schema of a database as one SQL script, the same from PostgreSQL 15 to 18.

``python -m tests.schema_dump`` migrates an empty database and writes what that
makes to ``db/schema.sql``. pg_dump is not used: its text changes from version to
version, and it must be as new as the server.
"""

from pathlib import Path
from typing import Any

import psycopg

from app.migrations import migrate
from tests import servers

SNAPSHOT = Path(__file__).parents[1] / "db" / "schema.sql"

_HEADER = """\
-- What the migrations in db/migrations add up to. Written by scripts/schema.sh;
-- a test holds it against them. Change a migration, not this file.
"""


_SECTIONS = (
    # Extensions.
    """
SELECT format('CREATE EXTENSION %I;', extname)
  FROM pg_extension
 WHERE extname <> 'plpgsql'
 ORDER BY extname
""",
    # Enumerated types.
    """
SELECT format(E'CREATE TYPE %I AS ENUM (%s);', t.typname,
              string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder))
  FROM pg_type AS t
  JOIN pg_enum AS e ON e.enumtypid = t.oid
 WHERE t.typnamespace = 'public'::regnamespace
 GROUP BY t.typname
 ORDER BY t.typname
""",
    # Functions.
    """
SELECT rtrim(pg_get_functiondef(p.oid), E'\\n') || ';'
  FROM pg_proc AS p
 WHERE p.pronamespace = 'public'::regnamespace
   AND NOT EXISTS (SELECT
                     FROM pg_depend AS d
                    WHERE d.classid = 'pg_proc'::regclass
                      AND d.objid = p.oid
                      AND d.deptype = 'e')
 ORDER BY p.proname
""",
    # Tables, with their columns and every constraint but the foreign keys. PostgreSQL 18
    # lists NOT NULL as a constraint (n) besides; it is told with the column.
    """
SELECT format(E'CREATE TABLE %I (\\n    %s\\n);', c.relname,
              array_to_string(columns.lines || constraints.lines, E',\\n    '))
  FROM pg_class AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (
       SELECT array_agg(concat_ws(' ', quote_ident(a.attname),
                                  format_type(a.atttypid, a.atttypmod),
                                  CASE WHEN a.attidentity = 'a'
                                       THEN 'GENERATED ALWAYS AS IDENTITY'
                                       WHEN a.attgenerated = 's'
                                       THEN format('GENERATED ALWAYS AS (%s) STORED',
                                                   pg_get_expr(d.adbin, d.adrelid))
                                       WHEN d.adbin IS NOT NULL
                                       THEN 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid)
                                   END,
                                  CASE WHEN a.attnotnull THEN 'NOT NULL' END)
                        ORDER BY a.attnum) AS lines
         FROM pg_attribute AS a
         LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = c.oid
          AND a.attnum > 0
          AND NOT a.attisdropped
       ) AS columns
 CROSS JOIN LATERAL (
       SELECT array_agg(format('CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid))
                        ORDER BY k.contype = 'p' DESC, k.conname) AS lines
         FROM pg_constraint AS k
        WHERE k.conrelid = c.oid
          AND k.contype NOT IN ('f', 'n')
       ) AS constraints
 WHERE n.nspname = 'public'
   AND c.relname NOT LIKE '%yoyo%'
   AND c.relkind = 'r'
 ORDER BY c.relname
""",
    # Foreign keys.
    """
SELECT format(E'ALTER TABLE %I\\nADD CONSTRAINT %I %s;', c.relname, k.conname,
              pg_get_constraintdef(k.oid))
  FROM pg_constraint AS k
  JOIN pg_class AS c ON c.oid = k.conrelid
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname = 'public'
   AND c.relname NOT LIKE '%yoyo%'
   AND k.contype = 'f'
 ORDER BY c.relname, k.conname
""",
    # Indexes that no constraint brought.
    """
SELECT pg_get_indexdef(i.indexrelid) || ';'
  FROM pg_index AS i
  JOIN pg_class AS c ON c.oid = i.indexrelid
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname = 'public'
   AND c.relname NOT LIKE '%yoyo%'
   AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid)
 ORDER BY i.indrelid::regclass::text, c.relname
""",
    # Triggers.
    """
SELECT pg_get_triggerdef(t.oid, true) || ';'
  FROM pg_trigger AS t
  JOIN pg_class AS c ON c.oid = t.tgrelid
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname = 'public'
   AND c.relname NOT LIKE '%yoyo%'
   AND NOT t.tgisinternal
 ORDER BY c.relname, t.tgname
""",
)


def dump(conn: psycopg.Connection[Any]) -> str:
    """The schema of the connection's database, as SQL that makes it anew."""
    with conn.transaction(force_rollback=True):
        conn.execute("SET LOCAL timezone = 'UTC'")  # literals print in it
        conn.execute("SET LOCAL search_path = 'public'")
        statements = [text for query in _SECTIONS for (text,) in conn.execute(query.encode())]
    return "\n\n".join([_HEADER.rstrip(), *statements]) + "\n"


def main() -> None:
    """Write the snapshot anew."""
    with servers.postgres() as server, servers.empty(server) as dsn:
        migrate(dsn)
        with psycopg.connect(dsn, autocommit=True) as conn:
            SNAPSHOT.write_text(dump(conn), encoding="utf-8")


if __name__ == "__main__":
    main()
