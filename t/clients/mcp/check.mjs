// What the client programs share: checks that print TAP-like lines, waiting,
// and the checks of a connected client that hold for every SDK and transport.

let failures = 0;

export function check(ok, name) {
    console.log((ok ? "ok - " : "not ok - ") + name);
    failures += ok ? 0 : 1;
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

// call(arguments, options) -> result, whatever the SDK's signature is; cancels:
// the server hears of a cancellation
export async function tool(client, call, cancels) {
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
    r = await call({ command: "for i in 1 2 3 4; do echo step $i; sleep 0.3; done" },
                   { onprogress: (p) => progress.push(p), resetTimeoutOnProgress: true });
    check(progress.length >= 2 && progress.every((p, i) => i === 0 || p.progress > progress[i - 1].progress),
          "progress increases");
    check(/step \d$/.test(progress[progress.length - 1].message), "with the newest output");
    check(r.structuredContent.stdout.split("\n").length === 5, "and the result");

    // a number that no other process has in its command line

    const sleep = "sleep " + process.env.CC_MARK;
    const abort = new AbortController();
    const error = await rejects(call({ command: "echo up; exec " + sleep }, {
        signal: abort.signal,
        onprogress: () => abort.abort("enough"),
    }));
    check(error !== undefined, "a call can be canceled");

    if (cancels) {
        r = await call({ command: "for i in $(seq 100); do for p in /proc/[0-9]*; do "
            + "tr '\\0' ' ' < $p/cmdline; echo; done 2>/dev/null | grep -q '^" + sleep
            + "' || exit 0; sleep 0.1; done; exit 1" });
        check(r.structuredContent.exit_code === 0, "and its command is gone");
    }
}
