// Reads [[template, values], …] from standard input, and writes what each becomes.
import { readFileSync } from "node:fs";
import client from "./module.mjs";

const become = ([template, values]) => {
  try {
    return client.expand(template, values);
  } catch (fault) {
    return `${fault.name}: ${fault.message}`;
  }
};
console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf-8")).map(become)));
