// Edits both things of the list at the root, and prints what stands against the second.
import client from "./module.mjs";

const [same, changed] = (await new client.Homeroom(process.argv[2]).root()).entries;
await same.act("edit");
const fault = await changed.act("edit").catch((fault) => fault);
console.log(JSON.stringify(fault.name));
