#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The same counter, done right: one exclusive transaction around read and write, patience, and an
exit status that tells when it could not be done.

usage: sqlite_fixed.py DATABASE [SECONDS]
"""
import sqlite3
import sys
import time

seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
base = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
try:
    base.execute("BEGIN EXCLUSIVE")
except sqlite3.OperationalError as error:
    print(f"not done: {error}")
    sys.exit(75)  # EX_TEMPFAIL: certainly had no effect
value = base.execute("SELECT value FROM counter WHERE id = 1").fetchone()[0]
time.sleep(seconds)
base.execute("UPDATE counter SET value = ? WHERE id = 1", (value + 1,))
base.execute("COMMIT")
base.close()
