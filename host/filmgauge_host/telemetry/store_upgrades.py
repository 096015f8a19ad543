"""The SQL that makes a store in SQLite, and that brings one of an earlier version along."""

from filmgauge_host.telemetry.received_record import COLUMNS
from filmgauge_host.telemetry.store_tables import BOOTS, HOUR_MS, LIVES, RECORDS, statements

CREATE = ";\n".join(
    statements({"text": "TEXT", "integer": "INTEGER", "real": "REAL"}, " WITHOUT ROWID")
)
# Counted, because to count ten million rows takes seconds.
COUNT = """
INSERT INTO attributes VALUES ('rows', ?)
    ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + excluded.value
"""
# What had waited is dated by the earliest that its boot can have begun.
_UNIX_MS = """
    CASE WHEN history THEN min(received_unix_ms, 1000 * up_s + min(received_unix_ms - 1000 * up_s)
        OVER (PARTITION BY node, life, boot)) ELSE received_unix_ms END
"""
_FOLLOW = f"""
INSERT INTO boots ({", ".join(BOOTS.names)})
    SELECT node, life, boot, max(up_s), unix_ms, sum(history) < count(*) FROM records
    GROUP BY node, life, boot;
INSERT INTO unsummarised
    SELECT node, unix_ms / {HOUR_MS} * {HOUR_MS} AS hour, 1 FROM records GROUP BY node, hour;
INSERT INTO attributes SELECT 'rows', count(*) FROM records
"""
_LIVES = ", ".join(LIVES.names)
_NEW_IN_6 = ("refused", "restarts")
ADD_COLUMNS_6 = tuple(  # in SQLite and PostgreSQL alike, with its name for the type
    f"ALTER TABLE {RECORDS.name} ADD COLUMN {name} {{integer}}" for name in _NEW_IN_6
)
_FROM_VERSION_5 = ";\n".join(ADD_COLUMNS_6).format(integer="INTEGER")
_COLUMNS_4 = ", ".join(name for name in COLUMNS if name not in _NEW_IN_6)
_FROM_VERSION_4 = f"""
ALTER TABLE records RENAME TO records_4;
ALTER TABLE lives RENAME TO lives_4;
{CREATE};
INSERT INTO records ({_COLUMNS_4}, unix_ms) SELECT {_COLUMNS_4}, {_UNIX_MS} FROM records_4;
INSERT INTO lives ({_LIVES}) SELECT {_LIVES} FROM lives_4;
{_FOLLOW};
DROP TABLE records_4;
DROP TABLE lives_4
"""
_COLUMNS_3 = ", ".join(name for name in COLUMNS if name not in ("resets", *_NEW_IN_6))
_FROM_VERSION_3 = f"""
ALTER TABLE records RENAME TO records_3;
ALTER TABLE records_3 ADD COLUMN life INTEGER NOT NULL DEFAULT 0;
{CREATE};
INSERT INTO records ({_COLUMNS_3}, unix_ms) SELECT {_COLUMNS_3}, {_UNIX_MS} FROM records_3;
INSERT INTO lives ({_LIVES}) SELECT DISTINCT node, 0, 1, 1 FROM records;
{_FOLLOW};
DROP TABLE records_3
"""
# from a version to the newest
UPGRADES = {3: _FROM_VERSION_3, 4: _FROM_VERSION_4, 5: _FROM_VERSION_5}
