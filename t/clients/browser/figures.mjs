// Figures of the console, for t/bench: first paint and usable page (a new profile
// each time), and from a key in a terminal to its echo on the screen.  One line of
// JSON.
//
//     figures.mjs URL LOADS KEYS

import { Console, launch, until } from "./page.mjs";

const [, , url, loads, keys] = process.argv;
const browser = await launch();
const paint = [];
const usable = [];

const ready = () => new Promise((resolve) => {
    const look = () => {
        const [first] = performance.getEntriesByName("first-contentful-paint");

        if (first && document.body.dataset.link === "connected"
            && !document.querySelector("[name=run]").disabled)
        {
            resolve({ paint: first.startTime, usable: performance.now() });

        } else {
            setTimeout(look, 1);
        }
    };

    look();
});

for (let i = 0; i < loads; i++) {
    const tab = await Console.open(browser, url);
    const at = await tab.page.evaluate(ready);

    paint.push(at.paint);
    usable.push(at.usable);
    await tab.page.context().close();
}

/* Each key is one more letter of a growing text: seen when all of it is there. */

const tab = await Console.open(browser, url);

await tab.run("exec cat", { tty: true });
await until(() => tab.terminal.evaluate((e) => e === document.activeElement));
await tab.page.evaluate(() => {
    const rows = document.querySelector(".xterm-rows");
    let text = "";
    let at = 0;

    window.echoes = [];
    document.addEventListener("keydown", (event) => {
        text += event.key;
        at = performance.now();
    }, true);
    new MutationObserver(() => {
        if (at && rows.textContent.includes(text)) {
            window.echoes.push(performance.now() - at);
            at = 0;
        }
    }).observe(rows, { childList: true, subtree: true, characterData: true });
});

const letters = "abcdefghijklmnopqrstuvwxyz";

for (let i = 0; i < keys; i++) {
    await tab.terminal.press(letters[i % letters.length]);
    await until(() => tab.page.evaluate((n) => window.echoes.length > n, i), 5000);
}

const echo = await tab.page.evaluate(() => window.echoes);

await browser.close();
console.log(JSON.stringify({ paint, usable, echo }));
