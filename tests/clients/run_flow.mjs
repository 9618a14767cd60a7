// Loads the client from the server itself, by the link at the root, and runs the flow:
//   node run_flow.mjs ROOT_URL NAME
import flow from "./flow.mjs";

const [url, name] = process.argv.slice(2);
const root = await (await fetch(`${url}/`, { headers: { Accept: "application/json" } })).json();
const script = await (await fetch(root._links["code-on-demand"].href)).text();
const client = await import(`data:text/javascript;base64,${Buffer.from(script).toString("base64")}`);
console.log(JSON.stringify(await flow(client, url, name)));
