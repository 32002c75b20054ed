#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Adds one to a number in a file, under a flock on a file beside it.

usage: flock_counter.py COUNTER
"""
import fcntl
import sys

path = sys.argv[1]
with open(path + ".lock", "a", encoding="ascii") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    with open(path, encoding="ascii") as counter:
        value = int(counter.read())
    with open(path, "w", encoding="ascii") as counter:
        counter.write(f"{value + 1}\n")
