// A lot of output, looked at and not looked at: nothing is lost where the tab
// is visible, and it can be controlled; where it is hidden the command is not
// slowed, what is gone is told to the byte, and what is held is read again.  The page
// stays small.
//
//     flood.mjs URL BYTES DIRECTORY

import { readFileSync, readdirSync, writeFileSync } from "node:fs";

import { Console, check, finish, launch, until } from "./page.mjs";

const [, , url, bytes, directory] = process.argv;
const total = Number(bytes);
const browser = await launch();

// the most that a renderer of this browser has had, MB
let most = 0;
const measure = setInterval(() => {
    for (const pid of readdirSync("/proc").filter((name) => /^\d/.test(name))) {
        try {
            if (readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("=renderer")) {
                most = Math.max(most, /^Pss:\s+(\d+)/m.exec(
                    readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))[1] / 1024);
            }
        } catch {
            // it has ended
        }
    }
}, 1000);

const line = "a line of output that is neither short nor very long, 64";
const command = `yes '${line}' | head -c ${total}`;

const tab = await Console.open(browser, url);
await tab.run(`exec yes '${line}'`);
await tab.reaches(1 << 20);
const answers = await tab.pauses(5);
check(answers.length === 10, "it is paused and resumed while it writes", answers);
await tab.button("Kill").click();
check(await tab.state("exited", 300000), "and killed");
let begun = Date.now();
await tab.run(command);
check(await tab.reaches(total, 1200000), "visible: every byte is shown",
      await tab.offset());
console.log(`visible: ${(total / (Date.now() - begun) / 1000).toFixed(1)} MB/s,`
            + ` ${Math.round(most)} MB, controlled in at most`
            + ` ${Math.round(Math.max(...answers))} ms`);
check(await tab.output.getByText("bytes not shown").count() === 0, "without a gap");
check(most < 250, "in less than 250 MB", most);
await tab.page.context().close();

// the timers of a hidden tab come once a second

const hidden = await browser.newContext();
const page = await hidden.newPage();
await page.addInitScript(() => {
    const later = window.setTimeout.bind(window);
    window.hide = false;
    window.setTimeout = (call, ms, ...rest) =>
        later(call, window.hide ? Math.max(1000, ms || 0) : ms, ...rest);
    Object.defineProperty(document, "hidden", { get: () => window.hide });
});
const away = await new Console(page).load(url);
const hide = (on) => page.evaluate((value) => {
    window.hide = value;
    document.dispatchEvent(new Event("visibilitychange"));
}, on);
await away.run(`until [ -e ${directory}/go ]; do sleep 0.1; done; ${command}`);
await hide(true);
begun = Date.now();
writeFileSync(`${directory}/go`, "");
check(await away.state("exited", 300000), "hidden: the command runs to its end");
console.log(`hidden: ${(total / (Date.now() - begun) / 1000).toFixed(1)} MB/s`);
await hide(false);
const gap = await until(async () => /(\d+) bytes not shown/.exec(
    await away.output.textContent()));
check(Number(gap?.[1]) > total / 2, "looked at again: what is gone is told", gap?.[0]);
check(await away.reaches(total, 60000), "and what is held is shown",
      await away.offset());
const saving = page.waitForEvent("download");
await away.button("Download").click();
const saved = readFileSync(await (await saving).path(), "latin1");
check(saved.replace(`\n[${gap?.[1]} bytes are missing here]\n`, "").length
      === total - gap?.[1], "to the byte", [gap?.[0], saved.length]);
clearInterval(measure);
check(most < 250, "in less than 250 MB", most);
await finish(browser);
