// What tests/clients/test_typescript.py has started for these tests: the real service, with a proxy
// before it that does to a request what it is told (tests/clients/meddler.py).
import assert from "node:assert/strict";
import { createHoldfast, ok, type Options, type Schemas } from "../src/index.ts";

function given(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: run these tests with scripts/test.sh tests/clients`);
  return value;
}

export const baseUrl = given("HOLDFAST_URL");
const token = given("HOLDFAST_TOKEN");
const staffToken = given("HOLDFAST_STAFF_TOKEN");

export type Seen = Record<string, string>;

/** What is to happen to the next requests, and forget those before. */
export async function queue(...faults: string[]): Promise<void> {
  await fetch(`${baseUrl}/meddler/faults`, { method: "PUT", body: JSON.stringify(faults) });
}

/** The requests since then. */
export async function seen(): Promise<Seen[]> {
  return (await (await fetch(`${baseUrl}/meddler/seen`)).json()) as Seen[];
}

/** Break every stream off. */
export async function breakOff(): Promise<void> {
  await fetch(`${baseUrl}/meddler/break`, { method: "POST" });
}

export function member(more: Partial<Options> = {}) {
  return createHoldfast({ baseUrl, token, retry: { firstWait: 1 }, ...more });
}

export function staff(more: Partial<Options> = {}) {
  return member({ token: staffToken, ...more });
}

let count = 0;

/** A new facility, at a new site of its own. */
export async function facility(
  more: Partial<Schemas["CreateFacilityRequest"]> = {},
): Promise<Schemas["FacilityDetail"]> {
  const client = staff();
  count += 1;
  const name = `${String(process.pid)}-${String(count)}`;
  const site = await ok(
    client.POST("/api/v1/sites/", { body: { name: `Site ${name}`, time_zone: "Europe/Berlin" } }),
  );
  return ok(
    client.POST("/api/v1/facilities/", {
      body: { site_id: site.id, name: `Room ${name}`, facility_type: "room", capacity: 8, ...more },
    }),
  );
}

const midnight = Date.parse(new Date().toISOString().slice(0, 10)) + 30 * 86_400_000;

/** So many hours into a day a month from now, as the service writes it. */
export function at(hours: number): string {
  return new Date(midnight + hours * 3_600_000).toISOString().replace(".000Z", "Z");
}

/** A booking to ask for. */
export function wanted(room: { id: number }, hours = 9): Schemas["CreateBookingRequest"] {
  return {
    facility_id: room.id,
    start_time: at(hours),
    end_time: at(hours + 1),
    title: "Stand-up",
  };
}
