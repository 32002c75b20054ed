#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The same counter with read and write in one exclusive transaction, which is right. But when the
database stays locked for longer than the connection waits, the error is printed and the program
ends as if all were well: its exit status is 0 and nothing was written.

usage: sqlite_swallows.py DATABASE [SECONDS]
"""
import sqlite3
import sys
import time

seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
base = sqlite3.connect(sys.argv[1])
cursor = base.cursor()
try:
    cursor.execute("BEGIN EXCLUSIVE")
    cursor.execute("SELECT value FROM counter WHERE id = 1")
    value = cursor.fetchone()[0]
    time.sleep(seconds)
    cursor.execute("UPDATE counter SET value = ? WHERE id = 1", (value + 1,))
    base.commit()
except sqlite3.Error as error:
    base.rollback()
    print(f"error: {error}")
finally:
    base.close()
