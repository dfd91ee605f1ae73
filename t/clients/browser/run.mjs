// What a user does with the console: run, watch, type, resize, pause, end, search,
// copy, download, read only; by mouse and by keyboard alone.
//
//     run.mjs URL DIRECTORY-FOR-PICTURES

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { Console, check, finish, launch, until } from "./page.mjs";

const [, , url, pictures] = process.argv;
const browser = await launch();
const tab = await Console.open(browser, url);
const { page } = tab;

const figures = await page.evaluate(() => new Promise((resolve) => {
    const done = () => resolve({
        paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
        connected: performance.now() });
    const wait = () => document.body.dataset.link === "connected" ? done()
                                                                  : setTimeout(wait, 5);
    wait();
}));
console.log(`first paint ${Math.round(figures.paint)} ms,`
            + ` connected ${Math.round(figures.connected)} ms`);
check(await tab.says("connected"), "no token is needed here");
check(await tab.field("Token").count() === 0, "and none is asked for");

// lines of two streams

await tab.run("echo one; sleep 0.2; echo two >&2; sleep 0.2; echo three; exit 3");
check(await tab.state("exited"), "a command runs to its end");
check(await tab.reaches(14), "all its bytes are shown", await tab.offset());
const lines = await tab.text();
check(/^one\n\S\s*two\nthree\n$/.test(lines), "in order, stderr with a mark", lines);
check(await tab.option("echo one; sleep 0.2; echo two >&2; sleep 0.2; echo three;"
    + " exit 3, exited").isVisible(), "it is in the list");
check((await tab.output.textContent()).includes("exit 3"), "with its exit code");

// a terminal

await tab.run("python3 -q -i", { tty: true });
check(await until(() => tab.terminal.evaluate((e) =>
    e === document.activeElement)), "it has the focus");
check(await tab.shows(">>>"), "python3 on a terminal");
await tab.terminal.pressSequentially("print(6 * 7, 'é日')\n");
check(await tab.shows("42 é日"), "takes what is typed");

const columns = "import os; print('cols', os.get_terminal_size().columns)\n";
const asked = async () => {
    await tab.terminal.pressSequentially(columns);
    return until(async () => {
        const all = [...(await tab.text()).matchAll(/^cols (\d+)/gm)];
        return all.length > seen && Number(all[seen++][1]);
    });
};
let seen = 0;
const wide = await asked();
await page.setViewportSize({ width: 900, height: 700 });
const narrow = await until(async () => {
    const now = await asked();
    return now < wide && now;
});
check(wide > 100 && narrow > 40, "its size is that of the page", [wide, narrow]);
await page.setViewportSize({ width: 1280, height: 800 });

await tab.terminal.pressSequentially("print('re' + 'turned')\n");
await tab.shows("returned");
await tab.button("Pause").click();
check(await tab.state("paused"), "Pause");
await tab.button("Resume").click();
check(await tab.state("running"), "Resume");
await tab.terminal.pressSequentially("import time; time.sleep(1000)\n");
await tab.shows("time.sleep");
await tab.button("Interrupt").click();
check(await tab.shows("KeyboardInterrupt"), "Interrupt");
await tab.terminal.pressSequentially("'ctrl' + '-d'\n");
await tab.shows("'ctrl-d'");
await tab.button("Ctrl").click();
await tab.terminal.pressSequentially("d");
check(await tab.state("exited"), "Ctrl of the touch keys, and d");

// a cursor that blinks would slow what is typed

await tab.run("printf '\\033[?12h\\033[1 qstill'; exec cat", { tty: true });
await tab.shows("still");
await tab.terminal.focus();
check(await until(() => page.locator(".xterm-cursor-blink").count())
      && await until(() => page.evaluate(() => document.getAnimations().length === 0)),
      "no cursor blinks, even if a program asks for it");
await tab.terminal.press("Control+d");
await tab.state("exited");

// ends

for (const [how, signal] of [["Cancel", "SIGTERM"], ["Kill", "SIGKILL"]]) {
    await tab.run(`sleep ${process.env.CC_MARK}`);
    await tab.state("running");
    await tab.button(how).click();
    check(await tab.state("exited")
          && (await tab.output.textContent()).includes(signal), how);
}

// one that goes on while another one is looked at

await tab.run("echo early; sleep 1; echo late");
await tab.shows("early");
await tab.option("python3 -q -i, exited").click();
const later = tab.option("echo early; sleep 1; echo late, exited");
await later.waitFor();
await later.click();
check(await tab.shows("early\nlate\n"), "what came meanwhile is shown, too");

// search, copy what is selected, download

await tab.run("seq 1 3000");
check(await tab.reaches(13893), "3000 lines");
await tab.button("Search").click();
await tab.field("Find").fill("777");
check(await until(async () => /of 3$|^1 of/.test(
    await page.locator("#found").textContent())), "Search finds, and counts",
    await page.locator("#found").textContent());
await page.keyboard.press("Escape");
await tab.terminal.focus();
await page.evaluate(() => navigator.clipboard.writeText("empty"));
await page.keyboard.press("Control+c");
check(await until(() => page.evaluate(async () =>
    await navigator.clipboard.readText() === "777")), "Ctrl+C copies a selection");
const saving = page.waitForEvent("download");
await tab.button("Download").click();
const saved = readFileSync(await (await saving).path(), "latin1");
const all = Array.from({ length: 3000 }, (unused, i) => `${i + 1}\n`).join("");
check(saved === all, "Download saves what the server holds", saved.length);
await tab.run("pwd", { cwd: "here" });
check(await tab.shows("/work/here\n"), "Directory");
await tab.field("Command").fill("true");
await tab.field("Directory").fill("/etc");
await page.keyboard.press("Enter");
check(await until(async () => (await page.getByRole("alert").textContent())
    .includes("cwd")), "what is refused is told in the server's words");
check(await page.evaluate(() => {
    const [notice, screens] = ["notice", "screens"].map((id) =>
        document.getElementById(id));
    const told = screens.clientHeight;
    notice.hidden = true;
    return told > 0 && screens.clientHeight === told;
}), "over the terminal, which keeps its size");
await tab.field("Command").fill("");

// a second tab reads only

await tab.run("cat", { tty: true });
await tab.terminal.pressSequentially("first\n");
await tab.shows("first\nfirst");
const other = await Console.open(browser, url);
await other.says("connected");
await other.option("cat, running").click();
check(await other.shows("first\nfirst"), "another tab has it from the beginning");
check(await until(async () => {
    const ends = (await other.option(`sleep ${process.env.CC_MARK}, exited`)
        .allTextContents()).join();
    return ends.includes("SIGTERM") && ends.includes("SIGKILL");
}), "and in its list by which signal others ended");
await other.box("Read only").check();
await other.state("running");
check(await until(() => other.button("Kill").isDisabled()), "Read only: no Kill");
await other.terminal.focus();
await other.page.keyboard.type("intruder\n");
await tab.terminal.pressSequentially("second\n");
check(await other.shows("second\nsecond"), "it sees what the first one types");
check(!(await tab.text()).includes("intruder"), "and types nothing itself");
await other.run("echo elsewhere");
check(await until(() => tab.option("echo elsewhere, exited").isVisible()),
      "what it starts is in the list of both");
check((await other.violations()).length === 0
      && other.complaints.length === 0, "nothing to complain about there",
      other.complaints);
await other.page.context().close();

// text of commands is text

await tab.run("printf '<img src=x onerror=alert(1)> \\033]2;<b>title</b>\\007'");
await tab.state("exited");
check(await tab.shows("<img src=x onerror=alert(1)>")
      && await page.locator("#output img, #side img, #output b").count() === 0,
      "markup is shown, not taken for markup");

// the keyboard alone: form, list, out of a terminal

await tab.field("Command").focus();
await page.keyboard.press("ArrowUp");
check((await tab.field("Command").inputValue()).startsWith("printf"), "history");
await tab.field("Command").fill("");
await page.keyboard.type("echo by keyboard");
await page.keyboard.press("Enter");
check(await tab.shows("by keyboard"), "Enter runs it");
await tab.field("Command").focus();
await page.keyboard.press("F6");
check(await until(() => page.evaluate(() =>
    document.activeElement.role === "option")), "F6 leads to the list");
await page.keyboard.press("Home");
await page.keyboard.press("Enter");
check(await until(() => page.evaluate(() =>
    document.activeElement.ariaLabel === "Terminal input")),
    "Enter chooses: the terminal that runs has the focus");
check(await tab.shows("second\nsecond"), "and shows what it did");
await page.keyboard.press("F6");
check(await until(() => page.evaluate(() =>
    document.activeElement.id === "command")), "F6 leaves the terminal");

// for a screen reader; axe; what the page looks like

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8");

for (const scheme of ["dark", "light"]) {
    await page.emulateMedia({ colorScheme: scheme });

    for (const width of [1280, 360]) {
        await page.setViewportSize({ width, height: width > 400 ? 800 : 740 });
        await page.screenshot({ path: `${pictures}/console-${width}-${scheme}.png`,
                                animations: "disabled" });
        await page.evaluate(`${axe}; 0`);
        const { violations } = await page.evaluate(() => axe.run());
        check(violations.length === 0, `axe, ${width} pixels, ${scheme}`,
              violations.map((v) => [v.id, v.nodes.map((n) => n.html.slice(0, 120))]));
        check(await page.evaluate(() =>
            document.documentElement.scrollWidth <= innerWidth),
            `${width} pixels are wide enough`);
    }
}

await tab.box("Screen reader").check();
check(await until(() => page.locator(".xterm-accessibility").count()),
      "Screen reader: the terminal as text");
await tab.button("Kill").click();
await tab.state("exited");
check((await tab.violations()).length === 0, "the policy was never violated",
      await tab.violations());
check(tab.complaints.length === 0, "no error in the browser's console",
      tab.complaints);
await finish(browser);
