// Goes along two links of the root by a way that is not theirs, and along `result` by its own; prints what came.
import client from "./module.mjs";

const root = await new client.Homeroom(process.argv[2]).root();
const told = (fault) => `${fault.name}: ${fault.message}`;
const wrong = [await root.follow("result").catch(told), await root.fetch("cancel").catch(told)];
const file = await root.fetch("result");
console.log(JSON.stringify([...wrong, { ...file, body: new TextDecoder().decode(file.body) }]));
