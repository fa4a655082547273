"""The floor's parts, run as a process of their own: a durable commit, and a request by bare httpx.

Told ``commit`` or ``post`` on a line of its input, it does one and answers with the instants before and after. It uses
nothing of the program's.
"""

import sqlite3
import sys
import time
from pathlib import Path

import httpx

_ROW = "x" * 600
_BODY = ('{"movie":{"title":"Bench","year":2020,"ids":{"trakt":1}},"progress":10.0,"x":"%s"}' % ("x" * 225)).encode()
_HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer " + "x" * 64}


def main(url: str, folder: str) -> None:
    """Serves until its input ends."""
    db = sqlite3.connect(Path(folder) / "floor.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, row TEXT NOT NULL)")
    with httpx.Client(limits=httpx.Limits(keepalive_expiry=120)) as client:
        for line in sys.stdin:
            began = time.monotonic()
            if line.strip() == "commit":
                db.execute("BEGIN IMMEDIATE")
                db.execute("INSERT INTO rows (row) VALUES (?)", (_ROW,))
                db.execute("COMMIT")
            else:
                client.post(f"{url}/floor", content=_BODY, headers=_HEADERS)
            sys.stdout.write(f"{began} {time.monotonic()}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
