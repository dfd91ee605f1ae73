// Calls of MCP by POST over HTTP/3, by a browser's fetch().
//
//     http3.mjs ORIGIN SPKI [TOKEN JOB]
//
// SPKI: the digest of the certificate's key, in base 64.  JOB: one of another node,
// to be read through this one.

import { chromium } from "playwright-core";

import { check, finish, until } from "./page.mjs";

const [, , origin, spki, token, job] = process.argv;
const mark = process.env.CC_MARK;
const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
           "--host-resolver-rules=MAP localhost 127.0.0.1", "--enable-quic",
           `--origin-to-force-quic-on=${new URL(origin).host}`,
           `--ignore-certificate-errors-spki-list=${spki}`],
});
const page = await browser.newPage();
const protocol = (name) => page.evaluate((name) =>
    performance.getEntriesByName(name).at(-1)?.nextHopProtocol, name);

// the text of an answer, its status, and what carried it

const call = (params, end) => page.evaluate(async ([params, end, token]) => {
    const abort = new AbortController();

    if (end) {
        setTimeout(() => abort.abort(), end);
    }

    try {
        const r = await fetch("/ws/mcp", { method: "POST", signal: abort.signal,
            headers: { "Content-Type": "application/json",
                       "Accept": "application/json, text/event-stream",
                       ...(token && { Authorization: `Bearer ${token}` }) },
            body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call",
                params }) });

        return { status: r.status, text: await r.text() };

    } catch (error) {
        return { name: error.name };
    }
}, [params, end, token]);

const post = (command, end) => call({ name: "execute", arguments: { command } }, end);

const result = ({ text }) =>
    JSON.parse(text.slice(text.indexOf("{"))).result?.structuredContent;

await page.goto(`${origin}/other`);
check(await page.evaluate(() =>
    performance.getEntriesByType("navigation")[0].nextHopProtocol) === "h3",
    "nginx speaks HTTP/3");

let r = await post("echo by HTTP/3; exit 3");
check(r.status === 200, "a call is answered", r);
check(result(r)?.stdout === "by HTTP/3\n" && result(r).exit_code === 3,
      "with what the command said", r);
check(await protocol(`${origin}/ws/mcp`) === "h3", "by HTTP/3");

r = await post("head -c 20000 /dev/zero | tr '\\0' x");
check(result(r)?.stdout.length === 20000, "much output is complete", r.text?.length);

r = await post(`sleep ${mark}`, 1000);
check(r.name === "AbortError", "one that is given up", r);
r = await post(`pgrep -f '^sleep ${mark}' > /dev/null || echo gone`);
check(await until(async () => result(r)?.stdout === "gone\n"
    || !(r = await post(`pgrep -f '^sleep ${mark}' > /dev/null || echo gone`))),
    "ends its command", r);

r = await page.evaluate(async () => (await fetch("/ws/mcp")).status);
check(r >= 400 && r < 500, "there is no WebSocket: refused", r);

if (job) {
    r = await call({ name: "job_write", arguments: { job_id: job,
        data: `${"x".repeat(100000)}\n`, eof: true } });
    check(r.status === 200 && !JSON.parse(r.text.slice(r.text.indexOf("{"))).error,
          "a job of another node is written to", r);
    r = await call({ name: "job_read", arguments: { job_id: job, cursor: "start",
        until: "exit", wait_ms: 20000 } });
    check(result(r)?.exit_code === 4 && result(r).stdout === "100001\n",
          "and read, by HTTP/3", r);
    check(await protocol(`${origin}/ws/mcp`) === "h3", "which that was");
}

await finish(browser);
