/*
 * The output of one command, from where it was left, to the byte.
 *
 * "next" is how far it was received, "shown" how far the terminal has taken it.
 * Credit is given for what was shown, never for what was only received: so no
 * more than the window is on the way, and what one sees is not old.
 */

import { fromBase64, join, toBase64 } from "./bytes.js";
import { Lost, Refusal } from "./link.js";

export const WINDOW = 256 * 1024;
const INPUT = 16 * 1024;                /* bytes of one input */
const INVALID = -32602;                 /* params */

/**
 * The result of execute or attach.  Output comes in binary messages, or in JSON
 * where the server does not have them.
 */
export async function request(link, method, params) {
    const { binary } = link;

    try {
        return await link.request(method, { ...params, window: WINDOW,
            encoding: binary ? "binary" : "base64", output: "chunk" });
    } catch (error) {
        if (!binary || error.code !== INVALID || !/encoding/.test(error.message)) {
            throw error;
        }
    }

    link.binary = false;

    return request(link, method, params);
}

export class Feed {
    #link;
    #on;
    #open = false;
    #channel = 0;                       /* of binary messages, 0: none */
    #credit = 0;
    #typed = [];
    #typing = false;
    #typedAt = 0;
    #flying = 0;
    #floor = { stdout: 0, stderr: 0 };
    #life = 0;

    /**
     * on.output(stream, bytes, taken), on.gap(bytes, stream), on.shown(),
     * on.replay(bool), on.trouble(text)
     */
    constructor(link, id, on) {
        this.#link = link;
        this.#on = on;
        this.id = id;
        this.next = { stdout: 0, stderr: 0 };
        this.shown = { stdout: 0, stderr: 0 };
        this.head = { stdout: 0, stderr: 0 };
        this.skim = false;              // nobody looks
        this.skipped = 0;               // bytes that nobody saw, since then
    }

    get attached() {
        return this.#open;
    }

    get offset() {
        return this.shown.stdout + this.shown.stderr;
    }

    /** This session started it: it is attached already; what execute said. */
    started({ channel }) {
        this.#begin(channel);
    }

    /**
     * From where it was left; replay: what comes was asked for earlier, so the
     * terminal must not answer it.  Returns what attach said.
     */
    async attach(mode, replay) {
        const result = await request(this.#link, "attach", {
            execution_id: this.id, mode, ...this.next,
        });

        this.#begin(result.channel);
        this.head = result.head;
        this.#floor = result.from;
        this.#credit = this.offset;

        for (const stream of ["stdout", "stderr"]) {
            this.gap({ stream, from: this.next[stream], to: result.from[stream] });
        }

        this.#on.replay(replay && !this.#caughtUp());
        this.#settleTyped(result.stdin_offset);

        return result;
    }

    async detach() {
        if (this.#open) {
            this.lost();
            await this.#link.request("detach", { execution_id: this.id });
        }
    }

    /** The connection broke, the attachment or the command has ended. */
    lost() {
        this.#open = false;

        if (this.#link.channels.get(this.#channel) === this) {
            this.#link.channels.delete(this.#channel);
        }

        this.#channel = 0;
    }

    /** Everything that is still held, from the beginning. */
    rewind() {
        this.#life++;
        this.next = { stdout: 0, stderr: 0 };
        this.shown = { stdout: 0, stderr: 0 };
        this.skipped = 0;
    }

    /** data: bytes, or base64 of them */
    output({ type, data, offset, next }) {
        if (!this.#open || next <= this.next[type]) {
            return;
        }

        this.gap({ stream: type, from: this.next[type], to: offset });

        if (this.#skips()) {
            this.skipped += next - this.next[type];
            this.next[type] = next;
            this.#taken(type, next);
            return;
        }

        const bytes = (typeof data === "string" ? fromBase64(data) : data)
            .subarray(this.next[type] - offset);

        this.next[type] = next;
        this.#on.output(type, bytes, this.#taker(type, next));
    }

    gap({ stream, from, to }) {
        const start = Math.max(from, this.next[stream]);

        if (to > start) {
            this.next[stream] = to;
            this.#on.gap(to - start, stream, this.#taker(stream, to));
        }
    }

    /** Bytes for its stdin, in order, once, also over a broken connection. */
    type(bytes) {
        this.#typed.push(bytes);
        this.#sendTyped();
    }

    #begin(channel = 0) {
        this.#open = true;
        this.#channel = channel;

        if (channel) {
            this.#link.channels.set(channel, this);
        }
    }

    /*
     * The timers of a hidden tab come once a second, so its terminal is slow.
     * What it cannot take is let go, so that the command does not wait for it.
     */

    #skips() {
        const behind = this.next.stdout + this.next.stderr - this.offset;

        return this.skim && (this.skipped > 0 || behind >= WINDOW / 2);
    }

    #caughtUp() {
        return this.shown.stdout >= this.head.stdout
            && this.shown.stderr >= this.head.stderr;
    }

    #taker(stream, next) {
        const life = this.#life;

        return () => life === this.#life && this.#taken(stream, next);
    }

    #taken(stream, next) {
        this.shown[stream] = Math.max(next, this.shown[stream]);
        this.#on.shown();

        if (this.#caughtUp()) {
            this.#on.replay(false);
        }

        if (this.#open && this.offset - this.#credit >= WINDOW / 4) {
            this.#giveCredit();
        }
    }

    #giveCredit() {
        this.#credit = this.offset;
        this.#link.notify("credit", {
            execution_id: this.id,
            stdout: Math.max(this.shown.stdout, this.#floor.stdout),
            stderr: Math.max(this.shown.stderr, this.#floor.stderr),
        });
    }

    async #sendTyped() {
        if (this.#typing || !this.#open || this.#typed.length === 0) {
            return;
        }

        const all = join(this.#typed);
        const some = all.subarray(0, INPUT);

        this.#typing = true;
        this.#typed = [all];
        this.#flying = some.length;

        try {
            const { accepted, offset } = await this.#link.request("input",
                { execution_id: this.id, data_base64: toBase64(some) });

            this.#typedAt = offset;
            this.#flying = 0;
            this.#forget(accepted < some.length ? all.length : accepted);
        } catch (error) {
            this.#refusedTyped(error);
            return;
        } finally {
            this.#typing = false;
        }

        this.#sendTyped();
    }

    #refusedTyped(error) {
        if (error instanceof Refusal) {
            this.#typed = [];
            this.#flying = 0;
            this.#on.trouble(error.message);

        } else if (!(error instanceof Lost)) {
            throw error;
        }
    }

    #forget(bytes) {
        const rest = join(this.#typed).subarray(bytes);

        this.#typed = rest.length ? [rest] : [];
    }

    /* What was sent when the connection broke may have arrived. */

    #settleTyped(offset) {
        const arrived = Math.min(offset - this.#typedAt, this.#flying);

        this.#typedAt = offset;
        this.#flying = 0;

        if (arrived > 0) {
            this.#forget(arrived);
        }

        this.#sendTyped();
    }
}
