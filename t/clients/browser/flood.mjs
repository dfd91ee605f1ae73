// A lot of output, looked at and not looked at: nothing is lost where the tab
// is visible, the command is not slowed where it is hidden, and the page stays small.
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

const command = `yes 'a line of output that is neither short nor very long, 64' `
    + `| head -c ${total}`;

const tab = await Console.open(browser, url);
let begun = Date.now();
await tab.run(command);
await tab.reaches(1);
let slowest = 0;
const asking = setInterval(async () => {
    const asked = Date.now();
    await tab.page.evaluate(() => 0).catch(() => 0);
    slowest = Math.max(slowest, Date.now() - asked);
}, 1000);
check(await tab.reaches(total, 1200000), "visible: every byte is shown",
      await tab.offset());
clearInterval(asking);
console.log(`visible: ${Math.round(total / (Date.now() - begun) / 1000)} MB/s,`
            + ` ${Math.round(most)} MB, the page answered in ${slowest} ms`);
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
console.log(`hidden: ${Math.round(total / (Date.now() - begun) / 1000)} MB/s`);
await hide(false);
const gap = await until(async () => /(\d+) bytes not shown/.exec(
    await away.output.textContent()));
check(Number(gap?.[1]) > total / 2, "looked at again: what is gone is told", gap?.[0]);
check(await away.reaches(total, 60000), "and what is held is shown",
      await away.offset());
clearInterval(measure);
check(most < 250, "in less than 250 MB", most);
await finish(browser);
