// Programs that draw the whole screen, used by what is typed into the page: an
// editor, a monitor.
//
//     programs.mjs URL

import { Console, check, finish, launch, until } from "./page.mjs";

const [, , url] = process.argv;
const browser = await launch();
const tab = await Console.open(browser, url);
const gone = (text) => until(async () => !(await tab.text()).includes(text));

// vim: insert, move, append, write

await tab.run("exec vim.tiny -u NONE -N note", { tty: true });
check(await tab.shows("\n~"), "vim on a terminal", await tab.text());
await tab.terminal.pressSequentially("i");
check(await tab.shows("INSERT"), "a key");
await tab.terminal.pressSequentially("first line\nsecond é日");
check(await tab.shows("second é日"), "what is typed is there");
await tab.terminal.press("Escape");
check(await gone("INSERT"), "Escape");
await tab.terminal.press("ArrowUp");
await tab.terminal.pressSequentially("A, longer");
check(await tab.shows("first line, longer"), "an arrow, and more");
await tab.terminal.press("Escape");
await gone("INSERT");
await tab.terminal.pressSequentially(":wq\n");
check(await tab.state("exited"), "vim ends");
await tab.run("cat note");
await tab.state("exited");
check(await tab.shows("first line, longer\nsecond é日\n"), "and has written it",
    await tab.text());

// htop: its screen, a help page, the end

await tab.run("exec htop", { tty: true });
check(await tab.shows("Load average"), "htop on a terminal");
await tab.terminal.press("F1");
check(await tab.shows("Hisham Muhammad"), "a function key");
await tab.terminal.press("Escape");
check(await tab.shows("Load average"), "back again");
await tab.terminal.pressSequentially("q");
check(await tab.state("exited"), "htop ends");

check((await tab.violations()).length === 0 && tab.complaints.length === 0,
    "no complaint", [await tab.violations(), tab.complaints]);

await finish(browser);
