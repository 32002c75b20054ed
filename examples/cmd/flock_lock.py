#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A lock for lockproof's `cmd` driver: flock on a file. Put your client library in its place.

usage: flock_lock.py LOCKFILE
"""
import fcntl
import os
import sys

handle = None
for line in sys.stdin:
    word, *rest = line.split()
    answer = "fail not understood"
    if word in ("open", "prepare"):
        answer = "ok"
    elif word == "try":
        handle = handle or open(sys.argv[1], "a")
        mode = fcntl.LOCK_SH if rest == ["shared"] else fcntl.LOCK_EX
        try:
            fcntl.flock(handle, mode | fcntl.LOCK_NB)
            answer = f"ok on inode {os.fstat(handle.fileno()).st_ino}"
        except BlockingIOError:
            answer = "busy"
    elif word == "unlock":
        fcntl.flock(handle, fcntl.LOCK_UN)
        answer = "ok"
    print(answer, flush=True)
