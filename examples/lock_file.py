#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Takes a flock, works for a while, gives it back. It guards nothing that could be looked at: what
`lockproof exec` can check of it is that no two copies hold it at once.

usage: lock_file.py [LOCKFILE [SECONDS]]
"""
import fcntl
import sys
import time

path = sys.argv[1] if len(sys.argv) > 1 else "/shared/demo.lock"
seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 5.0


def take():
    handle = open(path, "w")
    try:
        fcntl.flock(handle.fileno(), fcntl.LOCK_EX)
    except OSError as error:
        handle.close()
        print(f"not taken: {error}")
        return None
    return handle


def give_back(handle):
    fcntl.flock(handle.fileno(), fcntl.LOCK_UN)
    handle.close()


held = take()
if held:
    print("taken, working")
    time.sleep(seconds)
    give_back(held)
    print("given back")
