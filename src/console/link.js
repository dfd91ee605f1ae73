/*
 * JSON-RPC over a WebSocket that is opened again when it breaks, and binary
 * messages beside it.
 *
 * States: connecting, connected, reconnecting, refused (nothing more is tried
 * until reconnect() is called).
 */

import { packet } from "./packet.js";
import { getToken } from "./token.js";

const BACKOFF = [0.1, 0.3, 1, 2, 4, 8, 15];        // seconds
const LIMITED = 5;                                  // the server is full
const SILENT = 20;                                  // no answer for so long

/** A refusal by the server. */
export class Refusal extends Error {
    constructor({ code, message, data }) {
        super(message);
        this.code = code;
        this.data = data;
    }
}

/** The connection broke before the answer came. */
export class Lost extends Error {
    constructor() {
        super("the connection broke before the server answered");
    }
}

export class Link {
    /** Does this server know binary messages, as far as we know? */
    binary = false;
    /** Who takes them, by channel: output({type, data, offset, next}). */
    channels = new Map();

    #url;
    #on;
    #socket = null;
    #waiting = new Map();
    #lastId = 0;
    #attempt = 0;
    #timer = 0;
    #trouble = "";
    #text = false;

    /**
     * on.state({name, text, token}), on.session(capabilities) when a session
     * begins, on.notification(method, params).
     */
    constructor(path, on) {
        this.#url = new URL(path, location.href);

        if (this.#url.origin !== location.origin) {
            throw new Error("data-endpoint has to be a path of this server");
        }

        this.#on = on;
        addEventListener("online", () => this.#timer && this.reconnect());
    }

    get connected() {
        return this.#socket?.session === true;
    }

    /** Once, at the start: state() is told what comes of it. */
    connect() {
        this.#open();
    }

    /** At once, whatever the state is. */
    reconnect() {
        clearTimeout(this.#timer);
        this.#timer = 0;
        this.#attempt = 0;
        this.#drop();
        this.#state("connecting", "connecting");
        this.#open();
    }

    /** @returns {Promise} of the result; rejected with Refusal or Lost */
    request(method, params = {}) {
        return new Promise((resolve, reject) => {
            if (!this.connected) {
                reject(new Lost());
                return;
            }

            const id = ++this.#lastId;
            const socket = this.#socket;
            const timer = setTimeout(() => {
                if (socket === this.#socket) {
                    this.#broken("the server does not answer");
                }
            }, SILENT * 1000);

            this.#waiting.set(id, { resolve, reject, timer });
            this.#send({ jsonrpc: "2.0", id, method, params });
        });
    }

    notify(method, params) {
        if (this.connected) {
            this.#send({ jsonrpc: "2.0", method, params });
        }
    }

    #send(message) {
        this.#socket.send(JSON.stringify(message));
    }

    #state(name, text, token = false) {
        this.#on.state({ name, text, token });
    }

    #open() {
        const url = new URL(this.#url);
        const token = getToken();
        let socket;

        url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
        this.#timer = 0;
        this.#trouble = "";
        socket = new WebSocket(url, token ? ["cc-executor", `bearer.${token}`]
                                          : ["cc-executor"]);
        socket.binaryType = "arraybuffer";
        this.#socket = socket;

        socket.onmessage = ({ data }) => {
            if (socket !== this.#socket) {
                return;
            }

            if (typeof data === "string") {
                this.#receive(JSON.parse(data));

            } else {
                this.#packet(data);
            }
        };

        socket.onclose = (event) => {
            if (socket !== this.#socket) {
                return;
            }

            if (socket.session) {
                this.#broken(event.reason);

            } else if (this.#trouble) {
                this.#again(LIMITED, this.#trouble);

            } else {
                this.#askWhy();
            }
        };
    }

    /* one that is not known: all again, without them */

    #packet(data) {
        let output;

        try {
            output = packet(data);
        } catch (error) {
            this.#text = true;
            this.#broken(error.message);
            return;
        }

        this.channels.get(output.channel)?.output(output);
    }

    #receive(message) {
        if (message.id !== undefined && message.method === undefined) {
            this.#answer(message);
            return;
        }

        if (message.method === "connected") {
            const { capabilities = [] } = message.params;

            this.#socket.session = true;
            this.#attempt = 0;
            this.binary = !this.#text && capabilities.includes("binary");
            this.#state("connected", "connected");
            this.#on.session(capabilities);
            return;
        }

        this.#on.notification(message.method, message.params);
    }

    #answer(message) {
        const asked = this.#waiting.get(message.id);

        if (!asked) {
            this.#trouble = message.error?.message ?? "";
            return;
        }

        this.#waiting.delete(message.id);
        clearTimeout(asked.timer);

        if (message.error) {
            asked.reject(new Refusal(message.error));

        } else {
            asked.resolve(message.result);
        }
    }

    #drop() {
        const socket = this.#socket;

        this.#socket = null;
        this.channels.clear();
        socket?.close();

        for (const asked of this.#waiting.values()) {
            clearTimeout(asked.timer);
            asked.reject(new Lost());
        }

        this.#waiting.clear();
    }

    #broken(reason) {
        this.#drop();
        this.#again(BACKOFF[this.#attempt], reason || "the connection broke");
    }

    #again(seconds, reason) {
        const wait = seconds * (0.8 + Math.random() * 0.4);

        this.#drop();
        this.#attempt = Math.min(this.#attempt + 1, BACKOFF.length - 1);
        this.#state("reconnecting", `reconnecting: ${reason}`);
        this.#timer = setTimeout(() => this.#open(), wait * 1000);
    }

    /* A handshake that fails says nothing to a script; a plain request does. */

    async #askWhy() {
        const socket = this.#socket;
        const token = getToken();
        let status = 0;
        let text = "";

        try {
            const answer = await fetch(this.#url, {
                cache: "no-store",
                headers: token ? { Authorization: `Bearer ${token}` } : {},
                signal: AbortSignal.timeout(5000),
            });

            status = answer.status;
            text = (await answer.text()).trim().slice(0, 300);
        } catch {
            // not even that: the server is not there
        }

        if (socket !== this.#socket) {
            return;
        }

        if (status === 401) {
            this.#refused(token ? "the token is wrong" : "a token is needed", true);

        } else if (status === 403 || status === 404 || status === 421) {
            this.#refused(/^</.test(text) ? `status ${status}` : text, false);

        } else {
            this.#again(BACKOFF[this.#attempt], status >= 500
                ? `the server answers with ${status}` : "no connection");
        }
    }

    #refused(text, token) {
        this.#drop();
        this.#state("refused", `refused: ${text}`, token);
    }
}
