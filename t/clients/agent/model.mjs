// A stand-in for the model endpoint of Claude Code: node model.mjs COMMAND...
//
// Speaks as much of the Messages API as the client needs.  When it is asked
// with the tool "execute" at hand, it calls it with the first COMMAND; when it
// gets the result, with the next one ("@FILE COMMAND": as soon as FILE is
// there; 'job_read {"job_id":"<job>"}': another tool and its arguments, <job> is
// the id of the job that was started last); after the last it repeats what it
// was given.  Prints "port N", then a JSON line for each result that the model
// would have seen.

import fs from "node:fs";
import http from "node:http";

const commands = process.argv.slice(2);
let id = 0;
let job = "";

// the tool that a command asks for, and its arguments

function call(command) {
    const [, name, input] = /^(execute|job_\w+) (\{.*\})$/s.exec(command) ?? [];
    return name ? { name, input: JSON.parse(input.replaceAll("<job>", job)) }
        : { name: "execute", input: { command } };
}

function events(message, blocks, stop) {
    const list = [["message_start", { message: { ...message, content: [], stop_reason: null } }]];
    blocks.forEach((block, index) => {
        const text = block.type === "text";
        list.push(["content_block_start", { index,
            content_block: text ? { type: "text", text: "" } : { ...block, input: {} } }]);
        list.push(["content_block_delta", { index, delta: text ? { type: "text_delta", text: block.text }
            : { type: "input_json_delta", partial_json: JSON.stringify(block.input) } }]);
        list.push(["content_block_stop", { index }]);
    });
    list.push(["message_delta", { delta: { stop_reason: stop, stop_sequence: null },
                                  usage: { output_tokens: 1 } }]);
    list.push(["message_stop", {}]);
    return list.map(([type, data]) => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`).join("");
}

async function answer(request) {
    const tool = (request.tools ?? []).find((each) => /__execute$/.test(each.name));
    const results = request.messages.flatMap((m) => Array.isArray(m.content) ? m.content : [])
        .filter((block) => block.type === "tool_result");

    if (results.length) {
        const { content, is_error } = results[results.length - 1];
        const text = typeof content === "string" ? content
            : (content ?? []).map((block) => block.text ?? "").join("");
        console.log(JSON.stringify({ is_error: is_error ?? false, text,
            description: tool?.description }));
        job = /\b[0-9a-f]{48}\b/.exec(text)?.[0] ?? job;

        if (results.length >= commands.length) {
            return [[{ type: "text", text: "the tool said: " + text }], "end_turn"];
        }
    }

    if (tool) {
        const [, file, command] = /^(?:@(\S+) )?(.*)$/s.exec(commands[results.length]);

        while (file && !fs.existsSync(file)) {
            await new Promise((done) => setTimeout(done, 50));
        }

        const { name, input } = call(command);
        return [[{ type: "tool_use", id: "toolu_" + ++id,
                   name: tool.name.replace(/execute$/, name), input }], "tool_use"];
    }

    return [[{ type: "text", text: "ok" }], "end_turn"];
}

http.createServer((req, res) => {
    let body = "";
    req.on("data", (data) => body += data);
    req.on("end", async () => {
        if (req.method !== "POST" || !req.url.startsWith("/v1/messages")) {
            res.writeHead(404, { "Content-Type": "application/json" });
            return res.end('{"type":"error","error":{"type":"not_found_error","message":"not here"}}');
        }

        if (req.url.includes("count_tokens")) {
            res.writeHead(200, { "Content-Type": "application/json" });
            return res.end('{"input_tokens":1}');
        }

        const request = JSON.parse(body);
        const [blocks, stop] = await answer(request);
        const message = { id: "msg_" + ++id, type: "message", role: "assistant", model: request.model,
                          stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 } };

        if (request.stream) {
            res.writeHead(200, { "Content-Type": "text/event-stream" });
            return res.end(events(message, blocks, stop));
        }

        res.writeHead(200, { "Content-Type": "application/json" });
        res.end(JSON.stringify({ ...message, content: blocks, stop_reason: stop }));
    });
}).listen(0, "127.0.0.1", function () {
    console.log("port " + this.address().port);
});
