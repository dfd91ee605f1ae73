// The reference server with a tool like ours, both eras: node reference.mjs; prints its port

import { createServer } from "node:http";
import { createMcpHandler, McpServer, fromJsonSchema } from "@modelcontextprotocol/server";

const input = {
    type: "object", required: ["command"],
    properties: { command: { type: "string", minLength: 1 } },
};

function make() {
    const server = new McpServer({ name: "reference", version: "1.0.0" },
                                 { capabilities: { tools: {}, prompts: {}, logging: {} } });
    server.registerTool("execute", { description: "Echo", inputSchema: fromJsonSchema(input) },
                        async ({ command }) => ({ content: [{ type: "text", text: command }] }));
    return server;
}

const handler = createMcpHandler(make);

const http = createServer(async (req, res) => {
    const body = [];
    for await (const chunk of req) body.push(chunk);
    const headers = new Headers();
    for (let i = 0; i < req.rawHeaders.length; i += 2) {
        headers.append(req.rawHeaders[i], req.rawHeaders[i + 1]);
    }
    const abort = new AbortController();
    res.on("close", () => abort.abort());
    const answer = await handler.fetch(new Request("http://127.0.0.1" + req.url, {
        method: req.method, headers, signal: abort.signal,
        body: req.method === "POST" ? Buffer.concat(body) : undefined,
    }));
    res.writeHead(answer.status, Object.fromEntries(answer.headers));
    try {
        if (answer.body) for await (const chunk of answer.body) res.write(chunk);
    } catch { /* the client has gone */ }
    res.end();
});

http.listen(0, "127.0.0.1", () => console.log(http.address().port));
