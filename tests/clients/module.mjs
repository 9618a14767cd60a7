// The ES module of this checkout, as a page gets it from the server.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = fileURLToPath(new URL("../../api/templates/client.js", import.meta.url));
const script = readFileSync(path).toString("base64");
export default await import(`data:text/javascript;base64,${script}`);
