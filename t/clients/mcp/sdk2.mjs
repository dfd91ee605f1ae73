// @modelcontextprotocol/client 2.x: node sdk2.mjs legacy|auto|modern URL

import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { check, finish, rejects, tool } from "./check.mjs";

const [era, url] = process.argv.slice(2);
const mode = era === "modern" ? { pin: "2026-07-28" } : era;

const client = new Client({ name: "test", version: "1.0.0" },
                          { capabilities: {}, versionNegotiation: { mode } });
const errors = [];
client.onerror = (error) => errors.push(error);
await client.connect(new StreamableHTTPClientTransport(new URL(url)));

const want = era === "legacy" ? "2025-11-25" : "2026-07-28";
check(client.getNegotiatedProtocolVersion() === want, "connected at " + want);
check(/Runs commands/.test(client.getInstructions()), "instructions");
check((await rejects(client.callTool({ name: "nope", arguments: {} })))?.code === -32602,
      "an unknown tool is refused");

await tool(client, (args, options) =>
    client.callTool({ name: "execute", arguments: args }, options));

check(errors.length === 0, "no error was reported: " + errors.join("; "));
await client.close();
finish();
