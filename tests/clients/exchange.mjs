// Speaks HTTP as it is told: reads [what, given] line by line, and answers each line with one.
import { createInterface } from "node:readline";
import client from "./module.mjs";

const { Homeroom, Problem, Redirected, Unreadable } = client;
let exchange, now, slept;
Date.now = () => now;
Math.random = () => 1;

const does = {
  begin({ url, token }) {
    [now, slept] = [0, []];
    exchange = new Homeroom(url, { token, sleep: async (milliseconds) => slept.push(milliseconds / 1000) }).exchange;
  },
  read: ({ url, anew, mediaType }) => exchange.read(url, { anew, mediaType }),
  async fetch({ url, mediaType }) {
    const file = await exchange.fetch(url, mediaType);
    return { ...file, body: [...file.body] };
  },
  write: ({ method, url, key }) => exchange.write(method, url, { key }),
  identify: ({ token }) => exchange.identify(token),
  clock({ seconds }) {
    now = seconds * 1000;
  },
};

function told(fault) {
  const kind = [Problem, Redirected, Unreadable].find((known) => fault instanceof known)?.name ?? "Broken";
  return { kind, name: fault.name, status: fault.status, code: fault.code, text: String(fault) };
}

for await (const line of createInterface({ input: process.stdin })) {
  const [what, given] = JSON.parse(line);
  const said = {};
  try {
    said.answer = await does[what](given);
  } catch (fault) {
    said.fault = told(fault);
  }
  console.log(JSON.stringify({ ...said, slept }));
}
