// Output as binary messages; and of servers that refuse them, or do not have them: it
// is the same to the byte, on the screen, copied, saved, with gaps, in a terminal.
//
//     binary.mjs URL DIRECTORY

import { readFileSync, writeFileSync } from "node:fs";

import { Console, check, finish, launch, until } from "./page.mjs";

const [, , url, directory] = process.argv;
const browser = await launch();

let refused = 0;

// what stands between page and server
const servers = {
    "binary messages": null,

    "a server that refuses them": (page) => {
        const server = page.connectToServer();

        page.onMessage((text) => {
            const { id, params } = JSON.parse(text);

            if (params?.encoding === "binary") {
                refused++;
                page.send(JSON.stringify({ jsonrpc: "2.0", id, error: {
                    code: -32602,
                    message: 'params.encoding must be "utf-8" or "base64"' } }));

            } else {
                server.send(text);
            }
        });
    },

    "a server without them": (page) => {
        page.connectToServer().onMessage((text) =>
            page.send(text.replace(',"binary"', "")));
    },
};

// half a character before what the other stream says, and bytes that are none
const broken = "printf 'caf\\303'; sleep 0.2; echo fault >&2; sleep 0.2;"
    + " printf '\\251 \\377\\376 \\360\\237\\0.\\n'";
const bytes = Buffer.from([...Buffer.from("café "), 255, 254, 32, 240, 159, 0, 46, 10]);
const big = Array.from({ length: 60000 }, (unused, i) => `line ${i + 1}\n`).join("");

writeFileSync(`${directory}/big`, big);

async function saved(tab) {
    const saving = tab.page.waitForEvent("download");

    await tab.button("Download").click();
    return readFileSync(await (await saving).path());
}

for (const [name, between] of Object.entries(servers)) {
    const context = await browser.newContext({ acceptDownloads: true,
        permissions: ["clipboard-read", "clipboard-write"] });
    const page = await context.newPage();
    const sent = [];
    const came = [];
    let sockets = 0;

    page.on("websocket", (socket) => {
        sockets++;
        socket.on("framesent", ({ payload }) => sent.push(payload));
        socket.on("framereceived", ({ payload }) => came.push(payload));
    });

    if (between) {
        await page.routeWebSocket(/\/ws\/mcp$/, between);
    }

    const tab = await new Console(page).load(url);

    await tab.run(broken);
    check(await tab.state("exited") && await tab.reaches(bytes.length + 6),
          `${name}: all is shown`, await tab.offset());
    const shown = await tab.text();
    check(/^caf\n?\S *fault\né \ufffd\ufffd \ufffd\.\n$/.test(shown),
          "what is no UTF-8 as such", shown);

    await tab.run(`cat ${directory}/big`);
    check(await tab.state("exited") && await tab.reaches(big.length),
          "much of it", await tab.offset());
    check(await page.getByText("bytes not shown").count() === 0, "without a gap");
    check(big.endsWith(await tab.text()), "copied as it was written");

    await page.reload();
    await tab.says("connected");
    await page.getByRole("option", { name: /^printf .*exited$/ }).first().click();
    await tab.shows("fault");
    check((await saved(tab)).equals(bytes), "saved to the byte");
    await page.getByRole("option", { name: /^cat .*big, exited$/ }).first().click();
    check(await tab.reaches(big.length), "once more what is held",
          await tab.offset());
    const gap = /(\d+) bytes not shown/.exec(await tab.output.textContent());
    const [start, end] = (await saved(tab)).toString("latin1")
        .split(`\n[${gap?.[1]} bytes are missing here]\n`);
    check(end && big.startsWith(start) && big.endsWith(end)
          && start.length + Number(gap[1]) + end.length === big.length,
          "and what is not, exactly", [gap, start.length, end?.length]);

    await tab.run("cat", { tty: true });
    await tab.terminal.pressSequentially("é日\n");
    check(await tab.shows("é日\né日\n"), "a terminal shows what is typed",
          await tab.text());
    await tab.button("Kill").click();
    await tab.state("exited");

    const texts = came.filter((payload) => typeof payload === "string");
    const asked = sent.filter((text) => /"method":"(?:execute|attach)"/.test(text))
        .map((text) => JSON.parse(text).params.encoding);
    const outputs = texts.filter((text) => text.includes('"process.output"'));

    if (between) {
        check(texts.length === came.length && outputs.length > 3
              && asked.every((encoding) => encoding === "base64"),
              "all of it in JSON", [came.length, texts.length, asked]);

    } else {
        check(came.length - texts.length > 3 && outputs.length === 0
              && asked.every((encoding) => encoding === "binary"),
              "none of it in JSON", [came.length, outputs[0], asked]);
    }

    check(await until(() => sockets === 2), "over one connection for each load",
          sockets);
    check((await tab.violations()).length === 0 && tab.complaints.length === 0,
          "nothing to complain about", tab.complaints);
    await context.close();
}

check(refused === 2, "what refuses them is asked for them once for each load", refused);
await finish(browser);
