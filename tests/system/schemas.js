// SPDX-License-Identifier: Apache-2.0
// usage: node schemas.js FOLDER: judges the lines of each NAME.out by NAME.schema
"use strict";
const fs = require("fs");
const Ajv = require("ajv/dist/2020");
const formats = require("ajv-formats");
const folder = process.argv[2];

// Objects that a schema leaves open are closed here: what is written has to be named.
function closed(node) {
	if (Array.isArray(node)) return node.map(closed);
	if (node === null || typeof node !== "object") return node;
	const made = {};
	for (const [name, value] of Object.entries(node)) made[name] = name === "const" ? value : closed(value);
	if (made.type === "object" && made.properties) made.additionalProperties = false;
	return made;
}

function compiled(schema) {
	const ajv = new Ajv({ strict: true, strictTuple: false, allErrors: false });
	formats(ajv);
	for (const word of ["x-unit", "x-otel", "x-prometheus", "x-role"]) ajv.addKeyword(word);
	return ajv.compile(schema);
}

// Which definition a line is judged by: what it says of itself.
function kind(line, defs) {
	const name = (line.name || "").replace(/^@/, "");
	for (const key of [line.type, `${line.type}-${name}`]) if (key in defs) return key;
	return Object.keys(defs).find((key) => key.startsWith(`${line.type}-`));
}

let files = 0, lines = 0, broken = 0, bad = 0;
function wrong(text) {
	if (++bad <= 40) console.error(text);
}

for (const file of fs.readdirSync(folder).filter((name) => name.endsWith(".schema"))) {
	const name = file.replace(/\.schema$/, "");
	const schema = JSON.parse(fs.readFileSync(`${folder}/${file}`, "utf8"));
	const judge = compiled(closed(schema));
	const seen = new Set();
	const texts = fs.readFileSync(`${folder}/${name}.out`, "utf8").split("\n").filter((line) => line);
	files++;
	for (const text of texts) {
		const line = JSON.parse(text);
		lines++;
		seen.add(kind(line, schema.$defs));
		if (judge(line)) continue;
		const one = closed(schema);
		one.anyOf = [{ $ref: `#/$defs/${kind(line, schema.$defs)}` }];
		const why = compiled(one);
		why(line);
		wrong(`${name}: ${text.slice(0, 300)}: ${JSON.stringify((why.errors || []).slice(0, 2))}`);
	}
	// What each line is judged by is broken in turn: each time something must be refused.
	for (const key of seen) {
		const copy = closed(schema), required = copy.$defs[key].required;
		const member = required[required.length - 1];
		copy.$defs[key].properties[member] = { type: "boolean" };
		const refuse = compiled(copy);
		broken++;
		if (texts.every((text) => refuse(JSON.parse(text)))) wrong(`${name}: ${key} was broken and nothing refused`);
	}
}
console.log(`${lines} lines of ${files} tools are as their schemas say, ${broken} broken schemas are refused`);
process.exit(bad ? 1 : 0);
