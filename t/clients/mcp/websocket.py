#!/usr/bin/python3
# Messages of MCP, one a line, between stdio and a WebSocket: websocket.py URL

import asyncio
import sys

import websockets


async def main(url):
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 26)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)

    async with websockets.connect(url, subprotocols=["mcp"], max_size=None) as ws:

        async def up():
            async for line in reader:
                await ws.send(line.decode().rstrip("\n"))
            await ws.close()

        task = asyncio.create_task(up())
        async for message in ws:
            sys.stdout.write(message + "\n")
            sys.stdout.flush()
        task.cancel()


asyncio.run(main(sys.argv[1]))
