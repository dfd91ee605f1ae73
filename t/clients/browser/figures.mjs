// Figures of the console, for t/bench: first paint and usable page (a new profile
// each time), from a key in a terminal to its echo on the screen, and from a click on
// Pause or Resume to the answer while the screen is flooded.  And what this browser
// needs on this machine at least: to show a page of text, and to show a key in a
// terminal that writes it itself.  One line of JSON.
//
//     figures.mjs URL LOADS KEYS XTERM-DIRECTORY

import { Console, launch, until } from "./page.mjs";

const [, , url, loads, keys, xterm] = process.argv;
const browser = await launch();
const paint = [];
const usable = [];
const text = [];

/*
 * In the page itself: when it takes a command, not when somebody who asks from
 * outside hears of it.
 */

const init = () => {
    const look = () => {
        if (document.body?.dataset.link === "connected"
            && !document.querySelector("[name=run]").disabled)
        {
            window.takes ??= performance.now();
        }
    };

    new MutationObserver(look).observe(document, { subtree: true,
        attributes: true, attributeFilter: ["data-link", "disabled"] });
};

const ready = () => new Promise((resolve) => {
    const look = () => {
        const [first] = performance.getEntriesByName("first-contentful-paint");
        const takes = document.body.dataset.link ? window.takes : 0;

        if (first && takes !== undefined) {
            resolve({ paint: first.startTime,
                      usable: Math.max(first.startTime, takes) });

        } else {
            setTimeout(look, 1);
        }
    };

    look();
});

for (let i = 0; i < loads; i++) {
    const tab = await Console.open(browser, url, { init });
    const at = await tab.page.evaluate(ready);

    paint.push(at.paint);
    usable.push(at.usable);
    await tab.page.context().close();

    const plain = await Console.open(browser, `${url}licences.txt`, { init });

    text.push((await plain.page.evaluate(ready)).paint);
    await plain.page.context().close();
}

/* Each key is one more letter of a growing text: seen when all of it is there. */

const letters = "abcdefghijklmnopqrstuvwxyz";

async function type({ page, terminal }) {
    await until(() => terminal.evaluate((e) => e === document.activeElement));
    await page.evaluate(() => {
        const rows = document.querySelector(".xterm-rows");
        let typed = "";
        let at = 0;

        window.echoes = [];
        document.addEventListener("keydown", (event) => {
            typed += event.key;
            at = performance.now();
        }, true);
        new MutationObserver(() => {
            if (at && rows.textContent.includes(typed)) {
                window.echoes.push(performance.now() - at);
                at = 0;
            }
        }).observe(rows, { childList: true, subtree: true, characterData: true });
    });

    for (let i = 0; i < keys; i++) {
        await terminal.press(letters[i % letters.length]);
        await until(() => page.evaluate((n) => window.echoes.length > n, i), 5000);
    }

    const echoes = await page.evaluate(() => window.echoes);

    await page.context().close();
    return echoes;
}

const flood = await Console.open(browser, url);

await flood.run("exec yes a line of output that is neither short nor very long");
await flood.reaches(1 << 20);

const control = await flood.pauses(keys / 10);

await flood.button("Kill").click();
await flood.state("exited");
await flood.page.context().close();

const tab = await Console.open(browser, url);

await tab.run("exec cat", { tty: true });

const echo = await type(tab);
const local = await Console.open(browser, "about:blank");

await local.page.addStyleTag({ path: `${xterm}/css/xterm.css` });
await local.page.addScriptTag({ path: `${xterm}/lib/xterm.js` });
await local.page.evaluate(() => {
    const terminal = new window.Terminal({ cols: 120, rows: 40 });

    terminal.open(document.body);
    terminal.onData((data) => terminal.write(data));
    terminal.focus();
});

const bare = await type(local);

await browser.close();
console.log(JSON.stringify({ paint, usable, text, echo, bare, control }));
