// The tools that the tasks-* scenarios of the conformance suite call, as commands
// of a server that has execute: names and arguments are changed, nothing else.
// Prints its port.  Usage: node tasks-proxy.mjs URL

import http from "node:http";

const target = new URL(process.argv[2]);

// "now": a tool that never becomes a task
const tools = {
    greet: { now: true, command: ({ name }) => `printf 'Hello, %s!' '${name}'` },
    slow_compute: { command: ({ seconds }) => `sleep ${Number(seconds)}; echo done` },
    failing_job: { command: () => "sleep 1; exit 1" },
};

const EXTENSIONS = "io.modelcontextprotocol/clientCapabilities";

function request(message, headers) {
    const params = message.params;
    const tool = message.method === "tools/call" && tools[params?.name];

    if (!tool) {
        return null;
    }

    if (headers["mcp-name"] === params.name) {
        headers["mcp-name"] = "execute";
    }

    params.name = "execute";
    params.arguments = { command: tool.command(params.arguments ?? {}) };

    if (tool.now) {
        delete params._meta?.[EXTENSIONS]?.extensions;
    }

    return tool;
}

// the text of a quick tool is what it printed, and nothing around it
function answer(text, tool, method) {
    const message = JSON.parse(text);

    if (tool?.now && message.result?.structuredContent) {
        message.result.content[0].text = message.result.structuredContent.stdout;
    }

    if (method === "tools/list" && message.result) {
        const [execute] = message.result.tools;
        message.result.tools = Object.keys(tools).map(name => ({ ...execute, name }));
    }

    return JSON.stringify(message);
}

const server = http.createServer(async (incoming, outgoing) => {
    let body = "";

    for await (const chunk of incoming) {
        body += chunk;
    }

    const headers = { ...incoming.headers, host: target.host };
    let tool = null, message = {};

    try {
        message = JSON.parse(body);
        tool = request(message, headers);
        body = tool ? JSON.stringify(message) : body;
    } catch {
        // what is no JSON is the server's to refuse
    }

    headers["content-length"] = Buffer.byteLength(body);

    const out = http.request(target, { method: incoming.method, headers }, response => {
        outgoing.writeHead(response.statusCode, Object.fromEntries(Object.entries(
            response.headers).filter(([name]) => name !== "content-length")));

        if (!/json/.test(response.headers["content-type"] ?? "")) {
            response.pipe(outgoing);
            return;
        }

        let text = "";
        response.setEncoding("utf8");
        response.on("data", chunk => { text += chunk; });
        response.on("end", () => outgoing.end(text && answer(text, tool, message.method)));
    });

    outgoing.on("close", () => out.destroy());
    out.on("error", () => outgoing.destroy());
    out.end(body);
});

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.resume().on("end", () => process.exit(0));
