#!/usr/bin/python3
"""A small client that connects again.

    python3 examples/reconnecting.py [URL] COMMAND ...

runs each COMMAND and prints what it writes.  Needs the package "websockets"
(Debian: python3-websockets).

What it shows: a server that closes with 1001 (reload, stop, idle) has not
started what it did not answer, so that is sent again.  A command that was
answered ends with its connection; when a connection breaks without a word,
nobody knows.  Both are reported as lost: nothing is ever started twice.
"""

import asyncio
import itertools
import json
import sys

import websockets


class Lost(Exception):
    """The connection went, and the command with it, if it had started."""


class Refused(Exception):
    """The server's error: code and message."""


class Executor:
    def __init__(self, url, token=None):
        self.url = url
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.ids = itertools.count(1)

    async def connect(self):
        """Connects; waits longer after each failure, 10 seconds at most."""
        for attempt in itertools.count():
            try:
                ws = await websockets.connect(
                    self.url, extra_headers=self.headers, max_size=None)
                await ws.recv()                          # "connected"
                return ws
            except (OSError, websockets.WebSocketException):
                await asyncio.sleep(min(0.1 * 2 ** attempt, 10))

    async def run(self, command, output):
        """Runs a command; output(stream, text) gets what it writes.

        Returns the parameters of process.completed.
        """
        request = {"jsonrpc": "2.0", "id": next(self.ids), "method": "execute",
                   "params": {"command": command}}
        while True:
            ws = await self.connect()
            answered = False
            try:
                await ws.send(json.dumps(request))
                async for text in ws:
                    message = json.loads(text)
                    params = message.get("params", {})
                    if message.get("id") == request["id"]:
                        if "error" in message:
                            raise Refused(message["error"])
                        answered = True
                    elif message.get("method") == "process.output":
                        output(params["type"], params["data"])
                    elif message.get("method") == "process.completed":
                        return params
            except websockets.ConnectionClosed:
                pass
            finally:
                await ws.close()
            if answered or ws.close_code != 1001:
                raise Lost(command)


async def main(arguments):
    url = "ws://127.0.0.1:8003/ws/mcp"
    if arguments and arguments[0].startswith(("ws://", "wss://")):
        url = arguments.pop(0)
    executor = Executor(url)
    streams = {"stdout": sys.stdout, "stderr": sys.stderr}

    def output(stream, text):
        print(text, end="", file=streams[stream], flush=True)

    for command in arguments:
        done = await executor.run(command, output)
        print(f"[{command}: exit code {done['exit_code']}]")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
