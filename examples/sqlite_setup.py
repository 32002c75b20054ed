#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes a SQLite database with one counter at 0, or with -p prints the counter.

usage: sqlite_setup.py [-p | --wal] DATABASE
"""
import os
import sqlite3
import sys

path = sys.argv[-1]
if "-p" in sys.argv:
    print(sqlite3.connect(path).execute("SELECT value FROM counter WHERE id = 1").fetchone()[0])
    sys.exit(0)
for end in ("", "-journal", "-wal", "-shm"):
    if os.path.exists(path + end):
        os.unlink(path + end)
base = sqlite3.connect(path)
if "--wal" in sys.argv:
    base.execute("PRAGMA journal_mode = WAL")
base.execute("CREATE TABLE counter (id INTEGER PRIMARY KEY, value INTEGER)")
base.execute("INSERT INTO counter VALUES (1, 0)")
base.commit()
