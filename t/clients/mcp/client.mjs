// Clients that others have written, by what every client must be able to do:
// node client.mjs KIND URL [words of a command]

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { finish, rows } from "./check.mjs";

const [kind, url, ...words] = process.argv.slice(2);
const modules = new URL("./node_modules/", import.meta.url).pathname;

// a program that is given one message, or a few words, and answers on stdout; a
// call is canceled by killing it
function program(command, input, signal, online) {
    return new Promise((resolve, reject) => {
        const child = spawn(command[0], command.slice(1), { stdio: ["pipe", "pipe", "inherit"] });
        let out = "";
        if (input !== undefined) child.stdin.end(input);
        child.stdout.on("data", (data) => {
            out += data;
            online?.(out, child);
        });
        child.on("error", reject);
        child.on("close", () => signal?.aborted ? reject(new Error("canceled")) : resolve(out));
        signal?.addEventListener("abort", () => child.kill("SIGINT"));
    });
}

// messages, one a line, to and from a bridge
class Bridge {
    constructor(command) {
        this.waiting = new Map();
        this.progress = new Map();
        this.id = 0;
        this.child = spawn(command[0], command.slice(1), { stdio: ["pipe", "pipe", "inherit"] });
        createInterface({ input: this.child.stdout }).on("line", (line) => {
            if (line.startsWith("{")) this.take(JSON.parse(line));
            else console.log("stdout: " + line);
        });
    }

    send(message) {
        this.child.stdin.write(JSON.stringify({ jsonrpc: "2.0", ...message }) + "\n");
    }

    take(message) {
        if (message.method === "notifications/progress") {
            this.progress.get(message.params.progressToken)?.(message.params);
        } else if (this.waiting.has(message.id)) {
            const { resolve, reject } = this.waiting.get(message.id);
            this.waiting.delete(message.id);
            message.error ? reject(new Error(message.error.message)) : resolve(message.result);
        } else {
            console.log("error: unexpected " + JSON.stringify(message).slice(0, 200));
        }
    }

    request(method, params, { signal, onprogress } = {}) {
        const id = this.id++;
        this.progress.set(id, onprogress);
        this.send({ id, method, params: onprogress ? { ...params, _meta: { progressToken: id } } : params });
        return new Promise((resolve, reject) => {
            this.waiting.set(id, { resolve, reject });
            signal?.addEventListener("abort", () => {
                this.waiting.delete(id);
                this.send({ method: "notifications/cancelled", params: { requestId: id, reason: "enough" } });
                reject(new Error("canceled"));
            });
        });
    }
}

function request(method, params) {
    return JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
}

function call(args, onprogress) {
    return request("tools/call", { name: "execute", arguments: args,
                                   ...onprogress ? { _meta: { progressToken: "p" } } : {} });
}

// a result for who hands on its parts only
function text({ stdout, stderr, exit_code }) {
    return { isError: exit_code !== 0, content: [{
        text: stdout + (stderr ? "[stderr]\n" + stderr : "") + "[exit code " + exit_code + ", ?]" }] };
}

const kinds = {

    // a bridge between stdio and the server; later: as in rows(), or "-"
    async bridge(later, ...command) {
        const bridge = new Bridge(command);
        const info = await bridge.request("initialize", {
            protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } });
        if (info.serverInfo.name !== "ngx_cc_executor") throw new Error("not our server");
        bridge.send({ method: "notifications/initialized" });
        return {
            progress: !command.includes("--streamableHttp"),     // supergateway keeps it to itself
            structured: true, odd: true, later: later === "-" ? undefined : later,
            list: async () => (await bridge.request("tools/list")).tools.map((tool) => tool.name),
            call: (args, options) => bridge.request("tools/call", { name: "execute", arguments: args }, options),
            close: () => bridge.child.kill(),
        };
    },

    async "@ai-sdk/mcp"() {
        const { createMCPClient } = await import("@ai-sdk/mcp");
        const client = await createMCPClient({
            transport: { type: "http", url },
            onUncaughtError: (error) => console.log("error: " + error),
        });
        const tools = await client.tools();
        return {
            structured: true, odd: true,
            list: async () => Object.keys(tools),
            call: (args, { signal } = {}) => tools.execute.execute(args, {
                messages: [], toolCallId: "x", abortSignal: signal }),
            close: () => client.close(),
        };
    },

    async "@openai/agents"() {
        const { MCPServerStreamableHttp } = await import("@openai/agents-core");
        const server = new MCPServerStreamableHttp({ url, name: "test" });
        await server.connect();
        return {
            structured: true, odd: true,
            list: async () => (await server.listTools()).map((tool) => tool.name),
            call: (args, { signal } = {}) => server.callToolResult("execute", args, null, { signal }),
            close: () => server.close(),
        };
    },

    async "@langchain/mcp-adapters"() {
        const { MultiServerMCPClient } = await import("@langchain/mcp-adapters");
        let listener;
        const client = new MultiServerMCPClient({
            throwOnLoadError: true,
            mcpServers: { us: { transport: "http", url } },
            onProgress: (progress) => listener?.(progress),
        });
        const tools = await client.getTools();
        return {
            progress: true, structured: true,
            list: async () => tools.map((tool) => tool.name),
            call: async (args, { signal, onprogress } = {}) => {
                listener = onprogress;
                try {
                    const block = await tools[0].invoke(args, { signal });
                    return { content: [block], structuredContent: block.structuredContent };
                } catch (error) {
                    const text = error.message.match(/^MCP tool 'execute' on server 'us' returned an error: ([^]*)/);
                    if (!text) throw error;
                    return { isError: true, content: [{ text: text[1] }] };
                }
            },
            close: () => client.close(),
        };
    },

    async mcporter() {
        const mcporter = async (signal, ...rest) => JSON.parse(await program([process.execPath,
            modules + "mcporter/dist/cli.js", ...rest, "--allow-http"], "", signal));
        return {
            odd: true,
            list: async () => (await mcporter(undefined, "list", url, "--json")).tools.map((tool) => tool.name),
            call: async (args, { signal } = {}) => text(await mcporter(signal, "call", url + ".execute",
                "--args", JSON.stringify(args), "--output", "json")),
        };
    },

    async inspector(era) {
        const inspector = (signal, ...rest) => program([process.execPath, modules + ".bin/mcp-inspector", "--cli", url,
            "--transport", "http", "--protocol-era", era, ...rest], "", signal);
        return {
            structured: true,
            list: async () => JSON.parse(await inspector(undefined, "--method", "tools/list"))
                .tools.map((tool) => tool.name),
            call: async (args, { signal } = {}) => JSON.parse(await inspector(signal, "--method", "tools/call",
                "--tool-name", "execute", ...Object.entries(args).flatMap(([name, value]) =>
                    ["--tool-arg", name + "=" + (typeof value === "string" ? value : JSON.stringify(value))]))),
        };
    },

    async curl(...options) {
        const curl = (message, { signal, onprogress } = {}) => program(["curl", "-sSN", ...options,
            "-H", "Content-Type: application/json", "-H", "Accept: application/json, text/event-stream",
            "--data-binary", "@-", url], message, signal, (out) => {
                for (const [, line] of out.matchAll(/^data: (.*"notifications\/progress".*)\n/gm)) {
                    const { params } = JSON.parse(line);
                    if (!(params.progress <= last)) onprogress?.(params);
                    last = Math.max(last, params.progress);
                }
            });
        let last = 0;
        const result = (out) => JSON.parse(out.startsWith("{") ? out : out.match(/^data: (.*"id":1.*)/m)[1]).result;
        return {
            progress: true, structured: true, odd: true,
            list: async () => result(await curl(request("tools/list"))).tools.map((tool) => tool.name),
            call: async (args, options = {}) => {
                last = 0;
                return result(await curl(call(args, options.onprogress), options));
            },
        };
    },

    async wscat() {
        const wscat = async (message, { signal, onprogress } = {}) => {
            let answer;
            const seen = new Set();
            await program([process.execPath, modules + ".bin/wscat", "-c", url, "-s", "mcp", "-w", "600", "-x", message],
                undefined, signal, (out, child) => {
                    for (const line of out.split("\n").slice(0, -1)) {
                        if (seen.has(line)) continue;
                        seen.add(line);
                        const m = JSON.parse(line.replace(/^.*?\{/, "{"));
                        if (m.id === 1) {
                            answer = m.result;
                            child.kill();
                        } else {
                            onprogress?.(m.params);
                        }
                    }
                });
            return answer;
        };
        return {
            progress: true, structured: true, odd: true,
            list: async () => (await wscat(request("tools/list"))).tools.map((tool) => tool.name),
            call: (args, options = {}) => wscat(call(args, options.onprogress), options),
        };
    },

    // the native dialect, in the form of MCP's results
    async "rpc-websockets"() {
        const { Client } = await import("rpc-websockets");
        const client = new Client(url, { reconnect: false });
        const running = new Map();
        client.on("error", (error) => console.log("error: " + error));
        // notifications may come before the answer to execute has been looked at
        const early = [];
        const event = (name) => client.on("process." + name, (p) => running.has(p.execution_id)
            ? running.get(p.execution_id)[name](p) : early.push([name, p]));
        event("output");
        event("completed");
        await new Promise((resolve) => client.on("open", resolve));
        return {
            progress: true,
            list: async () => ["execute"],
            call: async ({ command }, { signal, onprogress } = {}) => {
                const { execution_id } = await client.call("execute", { command });
                const out = { stdout: "", stderr: "" };
                let n = 0;
                const cancel = () => client.call("control", { type: "CANCEL", execution_id });
                signal?.addEventListener("abort", cancel);
                if (signal?.aborted) cancel();
                const end = await new Promise((completed) => {
                    running.set(execution_id, {
                        completed,
                        output: ({ type, data }) => {
                            out[type] += data;
                            onprogress?.({ progress: ++n, message: data.trimEnd() });
                        },
                    });
                    for (const [name, p] of early.splice(0)) running.get(p.execution_id)?.[name](p);
                });
                if (end.cause === "cancel") throw new Error("canceled");
                return text({ ...out, exit_code: end.exit_code });
            },
            close: () => client.close(),
        };
    },
};

const client = await kinds[kind](...words);
await rows(client);
await client.close?.();
finish();
