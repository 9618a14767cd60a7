// Waits for the job at the root, by a clock that its sleep alone moves; prints how it ended, and each sleep:
//   node waiting.mjs ROOT_URL SECONDS
import client from "./module.mjs";

const [url, seconds] = process.argv.slice(2);
const slept = [];
let now = 0;
Date.now = () => now;
const sleep = async (milliseconds) => {
  slept.push(milliseconds / 1000);
  now += milliseconds;
};
const job = await new client.Homeroom(url, { sleep }).root();
const ended = await job.finished({ within: seconds * 1000 }).catch((fault) => fault);
const said = ended instanceof client.Unfinished ? `${ended.job.members.state}: ${ended.message}` : ended.members.state;
console.log(JSON.stringify([said, slept]));
