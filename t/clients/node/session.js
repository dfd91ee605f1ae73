// Drives the server with the npm package "ws": node session.js URL
// Prints one line per check; the exit code is the number of failures.

"use strict";

const WebSocket = require("ws");
const url = process.argv[2];
let failures = 0;

function check(ok, name) {
    console.log((ok ? "ok - " : "not ok - ") + name);
    failures += ok ? 0 : 1;
}

function open(protocols, options) {
    const ws = new WebSocket(url, protocols, options);
    ws.inbox = [];
    ws.waiting = [];
    ws.on("message", (data, binary) => {
        const message = JSON.parse(data);
        message.binary = binary;
        const next = ws.waiting.shift();
        next ? next(message) : ws.inbox.push(message);
    });
    return ws;
}

function next(ws) {
    return ws.inbox.length ? Promise.resolve(ws.inbox.shift())
        : new Promise((resolve) => ws.waiting.push(resolve));
}

function closed(ws) {
    return new Promise((resolve) => ws.on("close", (code) => resolve(code)));
}

function send(ws, id, method, params) {
    ws.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
}

async function run(ws, params) {
    const result = { stdout: "", stderr: "" };
    send(ws, 1, "execute", params);
    for (;;) {
        const m = await next(ws);
        if (m.error) {
            return m;
        }
        if (m.method === "process.output") {
            result[m.params.type] += m.params.data;
        }
        if (m.method === "process.completed") {
            return Object.assign(result, m.params);
        }
    }
}

async function main() {
    let ws = open(["cc-executor", "other"]);
    const hello = await next(ws);
    check(hello.method === "connected", "connected");
    check(!hello.binary, "text frames");
    check(ws.protocol === "cc-executor", "the subprotocol is echoed");
    check(ws.extensions === "", "no extension, although one was offered");

    let r = await run(ws, { command: "echo out; echo err >&2; exit 5" });
    check(r.stdout === "out\n" && r.stderr === "err\n" && r.exit_code === 5, "a command");

    const text = "\u00e4\u20ac\u{1f600}\n".repeat(20000);
    r = await run(ws, { command: "cat", stdin: text });
    check(r.stdout === text, "200 KB of UTF-8 there and back");

    r = await run(ws, { command: "seq 1 200000", output: "chunk" });
    check(r.stdout.length === 1288895, "1.3 MB of output");

    const pong = new Promise((resolve) => ws.on("pong", (data) => resolve(data.toString())));
    ws.ping("are you there");
    check(await pong === "are you there", "ping, pong");

    send(ws, 7, "execute", { command: "sleep 60" });
    check((await next(ws)).result.status === "started", "started");
    await next(ws);
    send(ws, 8, "control", { type: "CANCEL" });
    check((await next(ws)).result.status === "canceled", "canceled");
    await next(ws);
    check((await next(ws)).params.signal === "SIGTERM", "by SIGTERM");

    ws.close(1000, "good-bye");
    check(await closed(ws) === 1000, "close 1000");

    ws = open();
    await next(ws);
    ws.send(Buffer.from([1, 2, 3]));
    check(await closed(ws) === 1003, "binary: close 1003");

    ws = open();
    await next(ws);
    ws.send("x".repeat(1024 * 1024 + 1));
    check(await closed(ws) === 1009, "too large: close 1009");

    const refused = open(undefined, { origin: "http://evil.example" });
    const status = await new Promise((resolve) =>
        refused.on("unexpected-response", (request, response) => resolve(response.statusCode)));
    check(status === 403, "a browser's Origin: 403");

    const many = [];
    for (let i = 0; i < 20; i++) {
        many.push(open());
    }
    const outputs = await Promise.all(many.map(async (each, i) => {
        await next(each);
        return (await run(each, { command: "echo " + i })).stdout;
    }));
    check(outputs.join("") === [...Array(20).keys()].map((i) => i + "\n").join(""),
          "twenty clients at once");
    many.forEach((each) => each.terminate());

    process.exit(failures);
}

main();
