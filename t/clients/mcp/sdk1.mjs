// @modelcontextprotocol/sdk 1.x: node sdk1.mjs ws|http URL

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { WebSocketClientTransport } from "@modelcontextprotocol/sdk/client/websocket.js";
import WebSocket from "ws";
import { check, finish, rejects, tool } from "./check.mjs";

const [kind, url] = process.argv.slice(2);
globalThis.WebSocket = WebSocket;

const client = new Client({ name: "test", version: "1.0.0" }, { capabilities: {} });
const errors = [];
client.onerror = (error) => errors.push(error);

const transport = kind === "ws" ? new WebSocketClientTransport(new URL(url))
    : new StreamableHTTPClientTransport(new URL(url));
await client.connect(transport);

check(client.getServerVersion().name === "ngx_cc_executor", "connected");
check(/Runs commands/.test(client.getInstructions()), "instructions");
check((transport.sessionId !== undefined) === (kind === "http"), "a session id by HTTP");
check(JSON.stringify(await client.ping()) === "{}", "ping");
check((await client.listPrompts()).prompts.length === 0, "prompts/list");
check((await rejects(client.callTool({ name: "nope", arguments: {} })))?.code === -32602,
      "an unknown tool is refused");

await tool(client, (args, options) =>
    client.callTool({ name: "execute", arguments: args }, undefined, options));

check(errors.length === 0, "no error was reported: " + errors.join("; "));

if (kind === "http") {
    await transport.terminateSession();
    check(transport.sessionId === undefined, "it ends the session");
}

await client.close();
finish();
