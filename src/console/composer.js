/* The form for a new command; its history lives as long as the page. */

export class Composer {
    #form;
    #run;
    #history = [];
    #at = 0;

    /** run({command, tty, keep, cwd}) resolves when it was started. */
    constructor(form, run) {
        this.#form = form;
        this.#run = run;
        form.addEventListener("submit", (event) => {
            event.preventDefault();
            this.#submit();
        });
        form.command.addEventListener("keydown", (event) => this.#key(event));
    }

    /** What the location offers. */
    offer({ tty, keep }) {
        const { terminal, keep: kept } = this.#form;

        terminal.disabled = !tty;
        terminal.checked &&= tty;
        kept.disabled = !keep;
        kept.checked &&= keep;

        if (!this.offered) {
            this.offered = true;
            terminal.checked = tty;
            kept.checked = keep;
        }
    }

    enable(on) {
        this.#form.run.disabled = !on;
    }

    focus() {
        this.#form.command.focus();
    }

    async #submit() {
        const { command, terminal, keep, directory } = this.#form;
        const line = command.value;

        if (!line.trim() || this.#form.run.disabled) {
            return;
        }

        this.#history = this.#history.filter((one) => one !== line);
        this.#history.push(line);
        this.#at = this.#history.length;

        const started = await this.#run({ command: line, tty: terminal.checked,
            keep: keep.checked, cwd: directory.value.trim() });

        if (started && command.value === line) {
            command.value = "";
        }
    }

    #key(event) {
        const to = this.#at + { ArrowUp: -1, ArrowDown: 1 }[event.key];

        if (to >= 0 && to <= this.#history.length) {
            event.preventDefault();
            this.#at = to;
            this.#form.command.value = this.#history[to] ?? "";
        }
    }
}
