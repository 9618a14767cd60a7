// What the TypeScript drivers do: walk the steps of steps.json in order, and print how each one went.
import { strict as assert } from "node:assert";
import steps from "./steps.json";

export type Step = keyof typeof steps;

/** A method for each step: the compiler says which are missing. */
export type Driver = Record<Step, () => Promise<void>>;

/** The generated client has no way to say this; the message is the reason. */
export class NotExpressible extends Error {}

/** Fail unless both are the same, members of objects included. */
export function same(found: unknown, wanted: unknown): void {
  assert.deepStrictEqual(found, wanted);
}

/** The value, which must be there. */
export function there<T>(value: T | null | undefined): T {
  assert.ok(value !== null && value !== undefined, "it is not there");
  return value;
}

async function outcome(act: () => Promise<void>): Promise<{ outcome: string; why?: string }> {
  try {
    await act();
    return { outcome: "ok" };
  } catch (reason) {
    if (reason instanceof NotExpressible) {
      return { outcome: "not expressible", why: reason.message };
    }
    return { outcome: "failed", why: String(reason).slice(0, 600) };
  }
}

/** Take every step, also after one that failed, and set the exit status. */
export async function travel(driverOf: (base: string, away: string) => Driver): Promise<void> {
  const [base, away] = process.argv.slice(2).map((each) => each.replace(/\/$/, ""));
  assert.ok(base && away, "usage: node drive.js http://127.0.0.1:8000 http://127.0.0.1:8001");
  const driver = driverOf(base, away);
  for (const step of Object.keys(steps) as Step[]) {
    const line = { step, ...(await outcome(() => driver[step]())) };
    console.log(JSON.stringify(line));
    if (line.outcome === "failed") {
      process.exitCode = 1;
    }
  }
}
