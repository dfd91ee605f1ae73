// An agent's loop over MCP: list the tools, call one, read the result, go on.
//
//     node examples/agent-loop.mjs [URL]
//
// Needs "@modelcontextprotocol/sdk".  "think" stands for the model: it gets what
// the tool said and names the next command, or nothing when it is done.

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const url = new URL(process.argv[2] ?? "http://127.0.0.1:8003/mcp");
const client = new Client({ name: "agent-loop", version: "1.0.0" });

function think(result) {
    if (!result) {
        return "seq 3 | sed 's/^/step /'";
    }

    return result.isError || result.structuredContent.stdout.includes("done")
        ? null : "echo done";
}

await client.connect(new StreamableHTTPClientTransport(url));

const { tools } = await client.listTools();
console.log("tools:", tools.map((tool) => tool.name).includes("execute") ? "execute" : "none");

for (let result, command; (command = think(result)); ) {
    // progress resets the client's own timeout, so a command may take long

    result = await client.callTool({ name: "execute", arguments: { command } }, undefined,
        { onprogress: () => {}, resetTimeoutOnProgress: true });

    console.log(`$ ${command}`);
    console.log(result.structuredContent.stdout.trimEnd());
}

await client.close();
