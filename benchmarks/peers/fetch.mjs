// Posts bodies with Node's own fetch, several at a time, and records nothing.
import { readFileSync } from "node:fs";

const [file, parallelism] = process.argv.slice(2);
const url = `${process.env.FLASHBACK_API_URL}/ai/llm`;
const headers = { Authorization: `Bearer ${process.env.FLASHBACK_TOKEN}`, "Content-Type": "application/json" };
const queue = JSON.parse(readFileSync(file, "utf8")).values();
const ids = new Set();

async function work() {
  for (const body of queue) {
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    ids.add((await answer.json()).aiLlmId);
  }
}

await Promise.all(Array.from({ length: Number(parallelism) }, work));
console.log(`${ids.size} created`);
