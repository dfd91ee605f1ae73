// The console when things break: workers killed under it, a reload, gaps, tokens.
//
//     resume.mjs URL PID-FILE URL-WITH-TOKEN TOKEN DIRECTORY

import { readFileSync, readdirSync, writeFileSync } from "node:fs";

import { Console, check, finish, launch, until } from "./page.mjs";

const [, , url, pidFile, guarded, token, directory] = process.argv;
const master = Number(readFileSync(pidFile, "utf8"));
const browser = await launch();
const tab = await Console.open(browser, url);
const { page } = tab;

// those of nginx, not what watches over them
function workers() {
    return readdirSync("/proc").filter((pid) => /^\d/.test(pid)).filter((pid) => {
        try {
            const parent = /^PPid:\s+(\d+)/m.exec(
                readFileSync(`/proc/${pid}/status`, "utf8"));
            return Number(parent[1]) === master && /worker process/.test(
                readFileSync(`/proc/${pid}/cmdline`, "utf8"));
        } catch {
            return false;
        }
    }).map(Number);
}

const lines = (n) => Array.from({ length: n }, (unused, i) => `line ${i + 1}\n`)
    .join("");
const counting = (n) => `i=0; while [ $i -lt ${n} ]; do i=$((i+1)); echo line $i;`
    + " [ $((i % 20)) -ne 0 ] || sleep 0.02; done";

// every word that the status line has said
await page.evaluate(() => {
    window.said = [];
    new MutationObserver(() => window.said.push(
        document.querySelector("[role=status]").textContent))
        .observe(document.querySelector("[role=status]"), { childList: true });
});
const said = (text) => until(() => page.evaluate((t) =>
    window.said.some((line) => line.includes(t)), text));

// kill -9 of every worker, twice, while lines come

await tab.run(counting(3000));

for (const share of [5000, 15000]) {
    await tab.reaches(share);
    workers().forEach((pid) => process.kill(pid, "SIGKILL"));
    await said("reconnecting");
    await tab.says("connected");
    await page.evaluate(() => { window.said = []; });
}

const all = lines(3000);
check(await tab.state("exited", 60000) && await tab.reaches(all.length),
      "kill -9 of the workers: it goes on to the end", await tab.offset());
check(await tab.text() === all, "byte for byte");
check(await page.getByText("bytes not shown").count() === 0, "without a gap");

// reload

await tab.run(counting(1500));
await tab.reaches(3000);
process.kill(master, "SIGHUP");
check(await said("reconnecting"), "a reload is told");
check(await tab.state("exited", 60000) && await tab.reaches(lines(1500).length)
      && await tab.text() === lines(1500), "and nothing is lost by it");

// what was typed while nobody was there arrives once

await tab.run("cat", { tty: true });
await tab.terminal.pressSequentially("before\n");
await tab.shows("before\nbefore");
await page.evaluate(() => { window.said = []; });
workers().forEach((pid) => process.kill(pid, "SIGKILL"));
await said("reconnecting");
await tab.says("connected");
await until(() => tab.button("Kill").isEnabled());
await tab.terminal.pressSequentially("after\n");
check(await tab.shows("after\nafter"), "a terminal goes on, too");
check(await tab.text() === "before\nbefore\nafter\nafter\n", "each key once",
      await tab.text());

// old queries are not answered: the terminal answers them only while it is there

await tab.run("stty raw -echo; printf '\\033[c'; head -c 7 > /dev/null; stty sane;"
              + " echo answered; cat -v", { tty: true });
check(await tab.shows("answered"), "a terminal answers");
const again = await Console.open(browser, url);
await again.says("connected");
await again.page.getByRole("option", { name: /cat -v, running$/ }).click();
await again.shows("answered");
await again.terminal.pressSequentially("typed\n");
check(await again.shows("typed\ntyped"), "whoever comes later types");
check(!(await again.text()).includes("[?"), "and does not answer what was asked"
      + " before", await again.text());
await again.button("Kill").click();
await again.state("exited");
await again.page.context().close();

// more than the server holds: exactly so much is not shown

const big = lines(100000);
writeFileSync(`${directory}/big`, big);
await tab.run(`cat ${directory}/big`);
await tab.state("exited");
check(await tab.reaches(1088895, 60000), "1.1 MB are shown", await tab.offset());
const late = await Console.open(browser, url);
await late.says("connected");
await late.page.getByRole("option", { name: /^cat .*big.*exited$/ }).click();
check(await late.reaches(1088895), "and, later, what is held of them");
const gap = /(\d+) bytes not shown/.exec(await late.output.textContent());
const saving = late.page.waitForEvent("download");
await late.button("Download").click();
const saved = readFileSync(await (await saving).path(), "latin1");
const [start, end] = saved.split(`\n[${gap?.[1]} bytes are missing here]\n`);
check(end && big.startsWith(start) && big.endsWith(end)
      && start.length + Number(gap[1]) + end.length === big.length,
      "the gap is exact", [gap, start.length, end?.length]);
check(await until(async () => (await late.page.getByRole("alert").textContent())
    .includes(`${gap[1]} bytes of stdout are missing`)), "and what is saved says so");
await late.page.context().close();

await tab.option("cat, running").click();
await until(() => tab.button("Kill").isEnabled());
await tab.button("Kill").click();
await tab.state("exited");

// a command that is not kept ends with its connection, and the page says so

await tab.run(`sleep ${process.env.CC_MARK}`, { keep: false });
await tab.state("running");
workers().forEach((pid) => process.kill(pid, "SIGKILL"));
check(await tab.state("ended"), "one that is not kept has ended");
await tab.says("connected");

// tokens

const guest = await Console.open(browser, guarded);
check(await guest.says("refused: a token is needed"), "a missing token",
      await guest.status());
check(await guest.button("Run").isDisabled(), "nothing can be run");
await guest.field("Token").fill("wrong");
await guest.page.keyboard.press("Enter");
check(await guest.says("refused: the token is wrong"), "a wrong token",
      await guest.status());
await guest.field("Token").fill(token);
await guest.button("Connect").click();
check(await guest.says("connected"), "the right one");
check(await guest.field("Token").count() === 0, "the box goes away");
check(await guest.page.evaluate(() => sessionStorage.length + localStorage.length
      + document.cookie.length) === 0, "it is nowhere but in memory");
await guest.run("echo with a token");
check(await guest.shows("with a token"), "and commands run");
await guest.page.reload();
check(await guest.says("refused: a token is needed"), "it is forgotten");
await guest.field("Token").fill(token);
await guest.box("Remember for this tab").check();
await guest.button("Connect").click();
await guest.says("connected");
await guest.page.reload();
check(await guest.says("connected"), "unless the user says otherwise");
await guest.page.context().close();

const linked = await Console.open(browser, `${guarded}#token=${token}`);
check(await linked.says("connected"), "#token=");
check(linked.page.url() === guarded, "is out of the address at once",
      linked.page.url());
check((await linked.violations()).length === 0, "the policy was never violated");
await linked.page.context().close();
check((await tab.violations()).length === 0, "nor on the other page");
await finish(browser);
