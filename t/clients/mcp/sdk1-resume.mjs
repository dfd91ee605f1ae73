// @modelcontextprotocol/sdk 1.x whose connections are cut while calls run:
// node sdk1-resume.mjs PORT PATH FILE; FILE lets the commands go on

import { writeFileSync } from "node:fs";
import net from "node:net";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { check, finish } from "./check.mjs";

const [port, path, file] = process.argv.slice(2);

// what stands between client and server, and can be cut

const connections = new Set();
const proxy = net.createServer((client) => {
    const server = net.connect(port, "127.0.0.1");
    for (const [from, to] of [[client, server], [server, client]]) {
        connections.add(from);
        from.on("data", (bytes) => to.write(bytes));
        from.on("close", () => { connections.delete(from); to.destroy(); });
        from.on("error", () => {});
    }
});
await new Promise((done) => proxy.listen(0, "127.0.0.1", done));

const client = new Client({ name: "test", version: "1.0.0" }, { capabilities: {} });
const errors = [];
client.onerror = (error) => errors.push(String(error));

await client.connect(new StreamableHTTPClientTransport(
    new URL("http://127.0.0.1:" + proxy.address().port + path)));

// each says when it has begun, and ends when it may

let begun = 0;
const calls = [1, 2, 3].map((n) => client.callTool({ name: "execute", arguments: {
    command: "echo begun; while ! [ -e " + file + " ]; do sleep 0.1; done; echo more; seq "
        + n + "000; exit " + n } }, undefined, { timeout: 300000,
    onprogress: ({ message }) => { if (message === "begun") begun++; } }));

while (begun < 3) await new Promise((done) => setTimeout(done, 20));
const cut = connections.size;
for (const connection of connections) connection.destroy();
while (!errors.some((text) => /disconnected/.test(text))) await new Promise((done) => setTimeout(done, 20));
writeFileSync(file, "");

const results = await Promise.all(calls);
check(cut >= 6, "connections were cut");
check(errors.some((text) => /disconnected/.test(text)), "the client has noticed");
results.forEach(({ isError, structuredContent: { exit_code, stdout } }, i) => {
    const lines = Array.from({ length: (i + 1) * 1000 }, (_, k) => k + 1 + "\n");
    check(isError && exit_code === i + 1, "call " + (i + 1) + " has its exit code");
    check(stdout === "begun\nmore\n" + lines.join(""), "and its output");
});
check((await client.callTool({ name: "execute", arguments: { command: "echo on" } }))
    .structuredContent.stdout === "on\n", "calls go on");

await client.close();
proxy.close();
finish();
