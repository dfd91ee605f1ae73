/*
 * xterm makes <style> elements and style attributes, which "style-src 'self'"
 * refuses.  Style sheets made by script are allowed: the text of such an element
 * becomes one, and an attribute becomes properties of the element.  The element
 * itself is a <template>, which the browser does not look into.
 */

class Sheet {
    constructor(document) {
        this.document = document;
        this.sheet = new CSSStyleSheet();
        document.adoptedStyleSheets.push(this.sheet);
    }

    set text(text) {
        this.sheet.replaceSync(text);
    }

    drop() {
        const all = this.document.adoptedStyleSheets;

        this.document.adoptedStyleSheets = all.filter((one) => one !== this.sheet);
    }
}

function styleElement(element, document) {
    const sheet = new Sheet(document);
    const remove = element.remove.bind(element);
    let text = "";

    Object.defineProperty(element, "textContent", {
        get: () => text,
        set: (value) => {
            text = value;
            sheet.text = value;
        },
    });

    element.remove = () => {
        sheet.drop();
        remove();
    };

    return element;
}

/** Makes document take styles of scripts; to be called before xterm opens. */
export function allowStyles(document) {
    const create = document.createElement.bind(document);
    const setAttribute = Element.prototype.setAttribute;

    document.createElement = (name, options) =>
        String(name).toLowerCase() === "style"
            ? styleElement(create("template"), document)
            : create(name, options);

    Element.prototype.setAttribute = function (name, value) {
        if (name === "style") {
            this.style.cssText = value;

        } else {
            setAttribute.call(this, name, value);
        }
    };
}
