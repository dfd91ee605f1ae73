// What the client programs share: checks that print TAP-like lines, waiting,
// and the checks of a connected client that hold for every SDK and transport.

import { readdirSync, readFileSync } from "node:fs";

let failures = 0;

export function check(ok, name) {
    console.log((ok ? "ok - " : "not ok - ") + name);
    failures += ok ? 0 : 1;
}

// something that is known not to work yet: it counts as soon as it does
export function todo(ok, name, reason) {
    console.log((ok ? "ok - " : "not ok - ") + name + " # TODO " + reason);
}

export function finish() {
    console.log("done");
    process.exit(failures ? 1 : 0);
}

export async function rejects(promise) {
    try {
        await promise;
        return undefined;
    } catch (error) {
        return error;
    }
}

// a tree of two processes, in two process groups; its number stands in no other
// command line
const sleep = ["sleep", process.env.CC_MARK];
const tree = "setsid " + sleep.join(" ") + " & exec " + sleep.join(" ");

function processes() {
    return readdirSync("/proc").filter((pid) => /^\d/.test(pid)).filter((pid) => {
        try {
            return readFileSync("/proc/" + pid + "/cmdline", "latin1") === sleep.join("\0") + "\0";
        } catch {
            return false;   // it has just ended
        }
    }).length;
}

async function until(condition, seconds) {
    for (const end = Date.now() + seconds * 1000; !condition(); await new Promise((done) => setTimeout(done, 50))) {
        if (Date.now() > end) return false;
    }
    return true;
}

// begins a call that would take for ever and cancels it; with a reason why its
// command may outlive it yet
async function cancel(call, reason) {
    const abort = new AbortController();
    const end = rejects(call({ command: tree }, { signal: abort.signal, onprogress: () => {} }));
    check(await until(() => processes() === 2, 90), "a tree of two processes runs");
    abort.abort("enough");
    check(await end !== undefined, "a call can be canceled");

    const gone = await until(() => processes() === 0, reason ? 1 : 15);
    if (reason) {
        todo(gone, "its whole tree is gone", reason);
    } else {
        check(gone, "its whole tree is gone");
    }
}

// 3 s of output, a line each half second
const steps = "for i in 1 2 3 4 5 6; do echo step $i; sleep 0.5; done";

function increases(progress) {
    return progress.length >= 3 && progress.every((p, i) => i === 0 || p.progress > progress[i - 1].progress);
}

// what every client must be able to do; a client is
//   list()         -> names of the tools
//   call(arguments, { onprogress, signal }) -> result, with structuredContent if it is handed on
//   progress       it tells progress
//   structured     results have structuredContent
//   odd            it sends any argument, whatever the schema says
//   later          why the command may outlive a call that is canceled, or undefined
export async function rows(client) {
    const { call } = client;

    check((await client.list()).join() === "execute", "tools/list");

    let r = await call({ command: "echo out; echo err >&2" });
    check(!r.isError && /^out\n\[stderr\]\nerr\n\[exit code 0, /.test(r.content[0].text), "a call");
    check(!client.structured || r.structuredContent.stderr === "err\n", "its structuredContent");

    r = await call({ command: "echo before; exit 3" });
    check(r.isError && /^before\n\[exit code 3, /.test(r.content[0].text), "a command that fails");

    if (client.odd) {
        r = await call({ command: "cat", stdin: null, cwd: "", env: {}, timeout_ms: "9000", toolCallId: "x" });
        check(!r.isError, "arguments that a model makes up");
    }

    r = await call({ command: "head -c 1000000 /dev/zero | tr '\\0' x", max_output_bytes: 2000000 });
    check((r.structuredContent?.stdout ?? r.content[0].text.match(/^x*/)[0]).length === 1000000, "1 MB of output");

    const progress = [];
    r = await call({ command: steps }, { onprogress: (p) => progress.push(p) });
    check(/step 1\n(.*\n)*step 6\n/.test(r.content[0].text), "3 s of output");

    if (client.progress) {
        check(increases(progress), "progress increases");
        check(/step \d$/.test(progress[progress.length - 1].message), "with the newest output");
    }

    await cancel(call, client.later);
}

// call(arguments, options) -> result, whatever the SDK's signature is; later: see above
export async function tool(client, call, later) {
    const { tools } = await client.listTools();
    check(tools.length === 1 && tools[0].name === "execute", "tools/list");

    let r = await call({ command: "echo out; echo err >&2; exit 3" });
    check(r.isError === true, "exit 3 is an error");
    check(r.structuredContent.exit_code === 3
          && r.structuredContent.stdout === "out\n"
          && r.structuredContent.stderr === "err\n", "structuredContent");
    check(/^out\n\[stderr\]\nerr\n\[exit code 3, /.test(r.content[0].text), "text");

    r = await call({ command: "true" });
    check(r.isError === false && r.structuredContent.status === "exited", "exit 0 is none");

    const text = "\u00e4\u20ac\u{1f600}\"\\\n".repeat(5000);
    r = await call({ command: "cat", stdin: text, max_output_bytes: 1000000 });
    check(r.structuredContent.stdout === text, "50 KB of UTF-8 there and back");

    r = await call({ command: "seq 1 100000" });
    check(r.structuredContent.truncated === true
          && r.structuredContent.stdout_bytes === 588895
          && r.structuredContent.stdout.startsWith("1\n2\n")
          && r.structuredContent.stdout.endsWith("\n100000\n")
          && r.structuredContent.stdout.length < 30100, "long output is cut in the middle");

    r = await call({ command: "seq 1 300000", max_output_bytes: 4000000 });
    check(r.structuredContent.stdout.length === 1988895, "2 MB of output");

    r = await call({ command: 5 });
    check(r.isError && /command must be a string/.test(r.content[0].text), "a bad argument is told");

    // the limit leaves a busy machine time to say x

    r = await call({ command: "echo x; sleep 60", timeout_ms: 5000 });
    check(r.structuredContent.timed_out && r.structuredContent.stdout === "x\n", "timeout_ms");

    const many = await Promise.all([...Array(8).keys()].map((i) =>
        call({ command: "sleep 0." + (8 - i) + "; echo " + i })));
    check(many.map((each) => each.structuredContent.stdout).join("") === "0\n1\n2\n3\n4\n5\n6\n7\n",
          "eight calls at once");

    // the client validates structuredContent against outputSchema by itself

    const progress = [];
    r = await call({ command: steps }, { onprogress: (p) => progress.push(p), resetTimeoutOnProgress: true });
    check(increases(progress), "progress increases");
    check(/step \d$/.test(progress[progress.length - 1].message), "with the newest output");
    check(r.structuredContent.stdout.split("\n").length === 7, "and the result");

    await cancel(call, later);
}
