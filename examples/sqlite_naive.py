#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Adds one to a counter in SQLite: reads it, works for a second, writes it back. The read is in no
transaction with the write, so two copies read the same number.

usage: sqlite_naive.py DATABASE [SECONDS]
"""
import sqlite3
import sys
import time

seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
base = sqlite3.connect(sys.argv[1])
cursor = base.cursor()
cursor.execute("SELECT value FROM counter WHERE id = 1")
value = cursor.fetchone()[0]
time.sleep(seconds)
cursor.execute("UPDATE counter SET value = ? WHERE id = 1", (value + 1,))
base.commit()
base.close()
