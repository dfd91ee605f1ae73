// The console in a real browser: starting it, what a user does in it, and checks
// that print TAP-like lines.

import { chromium } from "playwright-core";

const LIMIT = 30000;                    // ms, for what happens at once as a rule

let failures = 0;

export function check(ok, name, got) {
    console.log((ok ? "ok - " : "not ok - ") + name);

    if (!ok) {
        console.log(`  got: ${JSON.stringify(got)}`);
        failures++;
    }
}

export async function finish(browser) {
    await browser.close();
    console.log("done");
    process.exit(failures ? 1 : 0);
}

// until what() is true; what it was last
export async function until(what, limit = LIMIT) {
    const end = Date.now() + limit;

    for (;;) {
        const value = await what();

        if (value || Date.now() > end) {
            return value;
        }

        await new Promise((resolve) => setTimeout(resolve, 30));
    }
}

export function launch() {
    return chromium.launch({
        executablePath: "/usr/bin/chromium",
        args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
    });
}

// One tab: its complaints are kept, those about the content security policy too.
export class Console {
    // init: runs in the page ahead of all that is its own
    static async open(browser, url, { init, ...options } = {}) {
        const context = await browser.newContext({
            viewport: { width: 1280, height: 800 },
            permissions: ["clipboard-read", "clipboard-write"], ...options });
        const page = await context.newPage();

        if (init) {
            await page.addInitScript(init);
        }

        return new Console(page).load(url);
    }

    constructor(page) {
        this.page = page;
        this.complaints = [];
        page.setDefaultTimeout(LIMIT);
        page.on("pageerror", (error) => this.complaints.push(error.stack));
        page.on("console", (message) => {
            if (message.type() === "error") {
                this.complaints.push(message.text());
            }
        });
    }

    async load(url) {
        await this.page.addInitScript(() => {
            window.violations = [];
            document.addEventListener("securitypolicyviolation", (event) =>
                window.violations.push(event.effectiveDirective));
        });
        await this.page.goto(url);
        return this;
    }

    violations() {
        return this.page.evaluate(() => window.violations);
    }

    button(name) {
        return this.page.getByRole("button", { name, exact: true });
    }

    box(name) {
        return this.page.getByRole("checkbox", { name, exact: true });
    }

    field(name) {
        return this.page.getByRole("textbox", { name, exact: true });
    }

    get output() {
        return this.page.getByRole("region", { name: "Output" });
    }

    get terminal() {
        return this.field("Terminal input");
    }

    option(name) {
        return this.page.getByRole("listbox", { name: "Commands" })
            .getByRole("option", { name, exact: true });
    }

    status() {
        return this.page.getByRole("status").textContent();
    }

    says(text, limit) {
        return until(async () => (await this.status()).includes(text), limit);
    }

    async offset() {
        return Number(await this.output.getAttribute("data-offset"));
    }

    reaches(offset, limit) {
        return until(async () => await this.offset() >= offset, limit);
    }

    state(state, limit) {
        return until(async () =>
            await this.output.getAttribute("data-state") === state, limit);
    }

    async run(command, { tty = false, keep = true, cwd = "" } = {}) {
        await this.says("connected");
        await this.field("Command").fill(command);
        await this.field("Directory").fill(cwd);
        await this.box("Terminal").setChecked(tty);
        await this.box("Keep").setChecked(keep);
        await this.button("Run").click();
        await until(async () => await this.field("Command").inputValue() === "");
    }

    // presses Pause and Resume so many times, each as soon as it can be; the time
    // from a click to the answer on the page, ms, of both
    pauses(times) {
        return this.page.evaluate(async (n) => {
            const output = document.getElementById("output");
            const answers = [];
            const answered = (id, state) => new Promise((resolve) => {
                const button = document.getElementById(id);
                let begun = 0;
                const look = () => {
                    if (!begun && !button.disabled) {
                        begun = performance.now();
                        button.click();

                    } else if (begun && output.dataset.state === state) {
                        watcher.disconnect();
                        resolve(performance.now() - begun);
                    }
                };
                const watcher = new MutationObserver(look);

                watcher.observe(output, { attributes: true, subtree: true });
                look();
            });

            for (let i = 0; i < n; i++) {
                answers.push(await answered("pause", "paused"));
                answers.push(await answered("resume", "running"));
            }

            return answers;
        }, times);
    }

    // everything that the terminal has, by way of the clipboard
    async text() {
        await this.page.evaluate(() => navigator.clipboard.writeText(""));
        await this.button("Copy").click();
        return until(() => this.page.evaluate(() =>
            navigator.clipboard.readText()));
    }

    // what is in the terminal contains this
    shows(text, limit) {
        return until(async () => ((await this.text()) || "").includes(text), limit);
    }
}
