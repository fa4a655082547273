"""The floor of a receiver, run as a process of its own: Starlette on uvicorn, and nothing of ours.

``parse`` only reads the JSON; ``commit`` makes one durable commit of a row as well, on the loop and before the answer;
``forward`` then makes a request of it by bare httpx, on a thread and after the answer.
"""

import json
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

_ROW = "x" * 600
_BODY = ('{"movie":{"title":"Bench","year":2020,"ids":{"trakt":1}},"progress":10.0,"x":"%s"}' % ("x" * 225)).encode()
_HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer " + "x" * 64}


def main(mode: str, url: str, folder: str, port: str) -> None:
    """Serves until it is killed."""
    db = sqlite3.connect(Path(folder) / "floor.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, row TEXT NOT NULL)")
    client = httpx.Client(limits=httpx.Limits(keepalive_expiry=120))
    sender = ThreadPoolExecutor(1)

    async def forward() -> None:
        sender.submit(client.post, f"{url}/floor", content=_BODY, headers=_HEADERS)

    async def hook(request: Request) -> Response:
        json.loads(await request.body())
        if mode != "parse":
            db.execute("INSERT INTO rows (row) VALUES (?)", (_ROW,))
        return PlainTextResponse("ok\n", background=BackgroundTask(forward) if mode == "forward" else None)

    app = Starlette(routes=[Route("/hook", hook, methods=["POST"])])
    uvicorn.run(app, host="127.0.0.1", port=int(port), http="h11", access_log=False, log_level="error")


if __name__ == "__main__":
    main(*sys.argv[1:])
