/*
 * Is each of these files a bill of materials as CycloneDX 1.6 says (strictly:
 * nothing is in it that the schema does not know)?
 *
 *     node check.js FILE ...
 *
 * Prints "FILE: valid" or the first errors; exits with 1 after an error.
 */

"use strict";

const { readFileSync } = require("node:fs");
const { Spec, Validation } = require("@cyclonedx/cyclonedx-library");

async function main(files) {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);

    for (const file of files) {
        const errors = await validator.validate(readFileSync(file, "utf8"));

        if (errors === null) {
            console.log(`${file}: valid`);

        } else {
            console.log(`${file}: ${JSON.stringify(errors)}`);
            process.exitCode = 1;
        }
    }
}

main(process.argv.slice(2));
