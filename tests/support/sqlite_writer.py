"""Runs inside the guest's file system: python sqlite_writer.py FILE JOURNAL_MODE. Commits one transaction after the other and says the
number of each when SQLite has said that it is durable. Ends when the disk fails."""

import sqlite3
import sys


def blob(number):
    """What row `number` holds: of different lengths, so that pages are split and chained."""
    return (b"%016d" % number) * (1 + number * 7919 % 400)


def main(file, mode):
    database = sqlite3.connect(file, isolation_level=None)
    database.execute(f"PRAGMA journal_mode = {mode}")
    # With FULL alone, a commit that removes the journal may be taken back by a power cut: SQLite syncs the directory with EXTRA only.
    database.execute(f"PRAGMA synchronous = {'EXTRA' if mode == 'DELETE' else 'FULL'}")
    database.execute("CREATE TABLE IF NOT EXISTS rows (number INTEGER PRIMARY KEY, content BLOB)")
    database.execute("CREATE TABLE IF NOT EXISTS last (number INTEGER)")
    number = database.execute("SELECT coalesce(max(number), 0) FROM rows").fetchone()[0]
    while True:
        number += 1
        database.execute("BEGIN IMMEDIATE")
        database.execute("INSERT INTO rows VALUES (?, ?)", (number, blob(number)))
        database.execute("DELETE FROM last")
        database.execute("INSERT INTO last VALUES (?)", (number,))
        database.execute("COMMIT")
        print(number, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
