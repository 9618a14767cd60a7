// Reads [[template, values], …] from standard input, and writes what each becomes.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = fileURLToPath(new URL("../../api/templates/client.js", import.meta.url));
const script = readFileSync(path).toString("base64");
const { expand } = await import(`data:text/javascript;base64,${script}`);

const become = ([template, values]) => {
  try {
    return expand(template, values);
  } catch (fault) {
    return `${fault.name}: ${fault.message}`;
  }
};
console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf-8")).map(become)));
