/*
 * One command that the page shows: what is known of it, its screen, its output.
 *
 * Facts are those of "list": label, command, kept, state, started, ended,
 * exit_code, cause, cpu_time, memory, watchers; of what is observed owner and own.
 */

import { Feed, request } from "./feed.js";
import { Refusal } from "./link.js";

/* Most of the page's bytes, so it is not what the first paint waits for. */

let loading = null;

/** What draws terminals, ahead of the first one that is shown. */
export function loadScreens() {
    loading ??= import("./screen.js");
    return loading;
}

const OVER = new Set(["exited", "lost", "ended", "gone"]);
const UNKNOWN = -32003;                 /* no such process */

/** Of all screens, now and later: for people with a screen reader. */
export async function setScreenReader(on) {
    (await loadScreens()).setScreenReader(on);
}

export class Command {
    #link;
    #on;
    #sizeTimer = 0;
    #sized = "";
    #pending = [];
    #attaching = null;
    #seen = false;                      /* what comes was not shown before */
    #started = false;                   /* by this page */

    /**
     * facts: at least execution_id, null for one that is not started yet.
     * on.change(command), on.shown(command) when there is more on its screen,
     * on.trouble(text), on.scroll(), on.found(i, n),
     * on.ctrlUsed(), on.steers(): may those of others be controlled?
     */
    constructor(link, facts, on) {
        this.#link = link;
        this.#on = on;
        this.facts = { state: "starting", exit_code: null, ...facts };
        this.kept = true;
        this.readOnly = this.observed;
        this.stdinOpen = false;
        this.complete = false;          // all that it wrote is here
        this.gaps = [];
        this.title = "";
        this.screen = null;
        this.feed = null;
    }

    get id() {
        return this.facts.execution_id;
    }

    get name() {
        return this.facts.label || this.facts.command || this.facts.name;
    }

    get over() {
        return OVER.has(this.facts.state);
    }

    /** It ends with a connection that is not ours. */
    get bound() {
        return this.facts.kept === false && !this.#started;
    }

    /** It is somebody else's, or another connection's: only to be looked at. */
    get observed() {
        return this.facts.own === false || this.bound;
    }

    get controllable() {
        return !this.over && Boolean(this.feed?.attached)
            && (this.observed ? this.#on.steers() : !this.readOnly);
    }

    get typing() {
        return this.controllable && !this.readOnly && this.screen.tty
            && this.stdinOpen;
    }

    /** Starts it; its terminal has the size of the place where it is shown. */
    async start(host, { command, tty, keep, cwd }) {
        this.kept = keep;
        this.#started = true;
        await this.#makeScreen(host, tty);
        this.screen.fit();
        this.#sized = this.#sizeText();

        const params = { command };

        if (tty) {
            Object.assign(params, { tty: this.screen.size, open_stdin: true });
        }

        if (keep) {
            params.on_disconnect = "keep";
        }

        if (cwd) {
            params.cwd = cwd;
        }

        let result;

        try {
            result = await request(this.#link, "execute", params);
            this.facts.execution_id = result.execution_id;
            this.facts.pid = result.pid;
            this.facts.state = result.status === "started" ? "running" : "ended";
            this.facts.started = Date.now() / 1000;
        } catch (error) {
            this.dispose();
            throw error;
        }

        this.stdinOpen = tty;
        this.#seen = true;
        this.#makeFeed();
        this.feed.started(result);
        this.#changed();
    }

    /** Shows it, from where it was left; once at a time. */
    attach(host) {
        this.#attaching ??= this.#attach(host).finally(() => {
            this.#attaching = null;
        });

        return this.#attaching;
    }

    async #attach(host) {
        if (!this.kept || this.complete || this.feed?.attached
            || this.facts.state === "gone")
        {
            return;
        }

        if (!this.feed) {
            this.#makeFeed();
        }

        try {
            const result = await this.feed.attach(
                this.readOnly ? "read" : "write", !this.#seen);

            if (!this.screen) {
                await this.#makeScreen(host, Boolean(result.tty));
            }

            this.#attached(result);
        } catch (error) {
            if (!(error instanceof Refusal)) {
                return;                 // again, with the next connection
            }

            if (error.code === UNKNOWN) {
                this.facts.state = "gone";
            }

            this.#on.trouble(error.message);
        }

        this.#changed();
    }

    async detach() {
        if (this.kept && this.feed?.attached) {
            await this.feed.detach().catch(() => {});
            this.#changed();
        }
    }

    /** Others may write, we only read; or we may write again. */
    async setReadOnly(on, host) {
        this.readOnly = on;

        if (this.kept && !this.over) {
            await this.detach();
            await this.attach(host);
        }

        this.#changed();
    }

    /** The connection broke: one that is not kept has ended with it. */
    lost() {
        this.feed?.lost();

        if (!this.kept && !this.over) {
            this.facts.state = "ended";
            this.facts.cause = "its connection broke";
        }

        this.#changed();
    }

    /** Nobody looks at it; or somebody does again, and sees what is held. */
    async look(on, host) {
        if (!this.feed) {
            return;
        }

        this.feed.skim = !on;

        if (!on || this.feed.skipped === 0) {
            return;
        }

        if (this.kept) {
            await this.reread(host);

        } else {
            this.#gap(this.feed.skipped, "stdout", () => {});
            this.feed.skipped = 0;
        }
    }

    /** Everything that is still held, once more. */
    async reread(host) {
        await this.detach();
        this.feed.rewind();
        this.complete = false;
        this.#seen = false;
        await this.screen.settled();
        this.gaps = [];
        this.screen.reset();
        await this.attach(host);
    }

    control(type) {
        return this.#ask("control", { type });
    }

    signal(signal, to) {
        return this.#ask("signal", { signal, to });
    }

    /** A notification of the server that names this command. */
    notified(method, params) {
        switch (method) {
        case "process.output":
            this.feed.output(params);
            return;

        case "process.gap":
            this.feed.gap(params);
            return;

        case "process.paused":
            this.facts.state = "paused";
            break;

        case "process.resumed":
        case "process.started":
            this.facts.state = "running";
            break;

        case "process.canceled":
            this.facts.state = "canceling";
            break;

        case "process.completed":
            this.feed.lost();
            this.complete = true;
            Object.assign(this.facts, params,
                { state: "exited", ended: Date.now() / 1000 });
            break;

        case "process.resized":
            this.#resized(params);
            break;

        case "process.error":
            this.#on.trouble(params.error);
            break;

        case "process.unpassed":
            this.#on.trouble(`${params.signal} did not get to the command: ${params.error}`);
            break;

        case "process.detached":
            this.#detached(params.reason);
            break;
        }

        this.#changed();
    }

    /** What the list says of it. */
    update(facts) {
        const state = this.over ? this.facts.state : facts.state;

        Object.assign(this.facts, facts, { state });
        this.#changed();
    }

    /** As large as there is room for; who only reads takes the size there is. */
    fit() {
        if (this.screen && !this.screen.element.hidden
            && (this.typing || !this.screen.tty || this.over))
        {
            this.screen.fit();
        }
    }

    dispose() {
        clearTimeout(this.#sizeTimer);
        this.feed?.lost();
        this.screen?.dispose();
        this.screen = null;
    }

    #ask(method, params) {
        return this.#link.request(method, { execution_id: this.id, ...params })
            .catch((error) => this.#on.trouble(error.message));
    }

    #changed() {
        this.screen?.allowTyping(this.typing);
        this.#on.change(this);
    }

    async #makeScreen(host, tty) {
        const { Screen } = await loadScreens();

        this.screen = new Screen(host, tty, {
            input: (bytes) => this.feed?.type(bytes),
            size: () => this.#sendSize(),
            scroll: () => this.#on.scroll(),
            title: (title) => {
                this.title = title;
                this.#changed();
            },
            found: (index, count) => this.#on.found(index, count),
            ctrlUsed: () => this.#on.ctrlUsed(),
        });
    }

    #makeFeed() {
        this.feed = new Feed(this.#link, this.id, {
            output: (stream, bytes, taken) =>
                this.#put(() => this.screen.write(stream, bytes, taken)),
            gap: (...gap) => this.#gap(...gap),
            shown: () => this.#on.shown(this),
            replay: (on) => this.#put(() => this.screen.mute(on)),
            trouble: (text) => this.#on.trouble(text),
        });
    }

    #gap(bytes, stream, taken) {
        this.gaps.push({ bytes, stream });
        this.#put(() => this.screen.gap(bytes, taken));
        this.#changed();
    }

    /* what comes before the screen is there, which attach's answer decides */

    #put(action) {
        if (this.screen) {
            action();

        } else {
            this.#pending.push(action);
        }
    }

    #attached(result) {
        const { state, exit_code, tty, stdin_open, watchers, started } = result;

        this.#seen = true;
        Object.assign(this.facts, { state, exit_code, watchers });
        this.facts.started ??= started;
        this.stdinOpen = stdin_open;

        for (const action of this.#pending.splice(0)) {
            action();
        }

        if (tty && this.screen.tty) {
            this.#sized = `${tty.cols} ${tty.rows}`;

            if (this.readOnly || this.over) {
                this.screen.resize(tty.cols, tty.rows);
            }
        }

        this.#changed();
        this.fit();
    }

    #detached(reason) {
        this.feed.lost();

        if (reason === "taken") {
            this.readOnly = true;
            this.#on.trouble("somebody else writes to it now, and only they");

        } else if (reason === "removed") {
            this.facts.state = "gone";

        } else if (reason !== "reload") {
            this.#on.trouble(`the server has let go of it: ${reason}`);
        }
    }

    #sizeText() {
        return `${this.screen.terminal.cols} ${this.screen.terminal.rows}`;
    }

    /* a window that is dragged has many sizes: the last one counts */

    #sendSize() {
        clearTimeout(this.#sizeTimer);
        this.#sizeTimer = setTimeout(() => {
            if (this.typing && this.#sized !== this.#sizeText()) {
                this.#sized = this.#sizeText();
                this.#ask("resize", this.screen.size);
            }
        }, 100);
    }

    #resized({ cols, rows }) {
        this.#sized = `${cols} ${rows}`;
        this.screen?.resize(cols, rows);
    }
}
