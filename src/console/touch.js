/* Keys that a phone's keyboard does not have. */

const KEYS = { esc: "\x1b", tab: "\t" };
const ARROWS = { up: "A", down: "B", right: "C", left: "D" };

export class TouchKeys {
    #row;
    #ctrl;
    #screen = null;

    constructor(row) {
        this.#row = row;
        this.#ctrl = row.querySelector("[data-key='ctrl']");

        for (const button of row.querySelectorAll("button")) {
            // the terminal keeps the focus, and the phone its keyboard
            button.addEventListener("pointerdown", (event) =>
                event.preventDefault());
            button.addEventListener("click", () => this.#press(button.dataset.key));
        }
    }

    /** screen: that of a command which takes what is typed, or null. */
    show(screen) {
        this.#screen = screen;
        this.#row.hidden = !screen;
    }

    ctrlUsed() {
        this.#ctrl.setAttribute("aria-pressed", "false");
    }

    #press(key) {
        if (key === "ctrl") {
            const on = this.#ctrl.getAttribute("aria-pressed") !== "true";

            this.#ctrl.setAttribute("aria-pressed", String(on));
            this.#screen.holdCtrl(on);
            this.#screen.focus();
            return;
        }

        const mode = this.#screen.applicationCursor() ? "O" : "[";

        this.#screen.press(KEYS[key] ?? `\x1b${mode}${ARROWS[key]}`);
    }
}
