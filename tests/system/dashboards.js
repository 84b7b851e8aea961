// SPDX-License-Identifier: Apache-2.0
// usage: node dashboards.js FOLDER PROMETHEUS: asks what the panels of FOLDER/made ask, about the pages of FOLDER/pages
"use strict";
const fs = require("fs");
const [folder, server] = process.argv.slice(2);
const patience = Date.now() + 60000; // no verdict: Prometheus may be slow to begin

async function ask(expr) {
	const query = expr.replaceAll("$instance", ".*").replaceAll("$__rate_interval", "1m").replaceAll("$__range", "5m");
	const answer = await fetch(`${server}/api/v1/query?query=${encodeURIComponent(query)}`);
	const body = await answer.json();
	if (body.status !== "success") throw new Error(`${query}: ${body.error}`);
	return body.data.result;
}

// Until there is something, or for good.
async function has_data(expr) {
	for (;;) {
		try {
			if ((await ask(expr)).length) return true;
		} catch (error) {
			if (error.cause === undefined) throw error; // it was refused; else it is not there yet
		}
		if (Date.now() > patience) return false;
		await new Promise((go) => setTimeout(go, 500));
	}
}

function names(expr) {
	return [...new Set(expr.match(/skep_[a-z0-9_]+/g) || [])];
}

async function main() {
	let asked = 0, unseen = 0, bad = 0;
	const wrong = (text) => {
		bad++;
		console.error(text);
	};
	const pages = {};
	for (const line of fs.readFileSync(`${folder}/pages`, "utf8").trim().split("\n")) {
		const [tool, address] = line.split(" ");
		pages[tool] = await (await fetch(`http://${address}/metrics`)).text();
	}
	for (const tool of [...Object.keys(pages), "skep"]) {
		const dashboard = JSON.parse(fs.readFileSync(`${folder}/made/${tool}.json`, "utf8"));
		const page = pages[tool] || Object.values(pages).join("");
		if (!dashboard.panels.length) wrong(`${tool} has no panels`);
		for (const panel of dashboard.panels) {
			for (const target of panel.targets) {
				const row = (target.expr.match(/row="([^"]*)"/) || [])[1];
				const there = names(target.expr).every((name) =>
					new RegExp(`^${name}\\{?${row ? `.*row="${row}"` : ""}[^\\n]* `, "m").test(page));
				const told = names(target.expr).every((name) =>
					page.includes(`# TYPE ${name.replace(/_(bucket|sum|count)$/, "")} `) || page.includes(`# TYPE ${name} `));
				if (!there && !row && tool !== "skep" && !told && !/_info$/.test(names(target.expr)[0]))
					wrong(`${tool}: ${panel.title}: its page has no ${names(target.expr)}`);
				if (!there) {
					await ask(target.expr).catch((error) => wrong(`${tool}: ${error.message}`));
					unseen++;
					continue;
				}
				asked++;
				if (!(await has_data(target.expr))) wrong(`${tool}: ${panel.title}: no data for ${target.expr}`);
			}
		}
	}
	// The rules were taken in, and that on what is missing does not fire while all are there.
	const rules = (await (await fetch(`${server}/api/v1/rules`)).json()).data.groups.flatMap((group) => group.rules);
	if (rules.length < 5 || rules.some((rule) => rule.health === "err")) wrong(`rules: ${JSON.stringify(rules)}`);
	for (const name of ["SkepDown", "SkepAbsent"])
		if (rules.find((rule) => rule.name === name).state === "firing") wrong(`${name} fires`);
	console.log(`${asked} queries of panels have data, ${unseen} are about what has not happened, ${rules.length} rules run`);
	process.exit(bad ? 1 : 0);
}
main().catch((error) => {
	console.error(error);
	process.exit(1);
});
