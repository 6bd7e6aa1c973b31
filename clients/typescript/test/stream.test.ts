import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { EventReader } from "../src/events.ts";
import { changes, isProblem, ok, type StreamEvent } from "../src/index.ts";
import { at, breakOff, facility, member, queue, seen, wanted } from "./meddler.ts";

beforeEach(() => queue());

const client = member();

async function book(room: { id: number }, hours: number): Promise<void> {
  await ok(client.POST("/api/v1/bookings/", { body: wanted(room, hours) }));
}

async function next(events: AsyncGenerator<StreamEvent, void>): Promise<StreamEvent> {
  const { value } = await events.next();
  assert.ok(value);
  return value;
}

async function startOfNext(events: AsyncGenerator<StreamEvent, void>): Promise<string | undefined> {
  const event = await next(events);
  assert.ok(event.event === "availability_changed");
  return event.change.start_time;
}

test("the stream goes on over a break and loses nothing", async () => {
  const room = await facility();
  const events = changes(client, { facilityId: room.id });
  assert.equal((await next(events)).event, "begun");
  await book(room, 9);
  assert.equal(await startOfNext(events), at(9));
  await book(room, 11);
  await queue("gateway", "away");
  await breakOff();
  assert.equal(await startOfNext(events), at(11));
  await book(room, 13);
  assert.equal(await startOfNext(events), at(13));
  await events.return();
  const streams = (await seen()).filter(({ path }) => path?.includes("/stream"));
  assert.ok(streams.length > 0);
  assert.ok(streams.every((request) => request["Last-Event-ID"]));
});

test("the stream goes on after the service has ended it", async () => {
  const room = await facility();
  const events = changes(client, { facilityId: room.id });
  await next(events);
  const opened = async () => (await seen()).filter(({ path }) => path?.includes("/stream")).length;
  for (let quarter = 0; (await opened()) < 2; quarter += 1) {
    assert.ok(quarter < 96, "the service never ended it");
    const body = { ...wanted(room, quarter / 4), end_time: at((quarter + 1) / 4) };
    await ok(client.POST("/api/v1/bookings/", { body }));
    assert.equal(await startOfNext(events), at(quarter / 4));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await events.return();
});

test("a stream that says nothing is taken for dead, and opened anew", async () => {
  const room = await facility();
  // The heartbeat comes every half second: none of them comes in time.
  const events = changes(client, { facilityId: room.id, silence: 100 });
  await next(events);
  const waiting = next(events);
  while ((await seen()).filter(({ path }) => path?.includes("/stream")).length < 2);
  await book(room, 9);
  const event = await waiting;
  assert.equal(event.event, "availability_changed");
  await events.return();
});

test("an id from long ago is answered with resync", async () => {
  const events = changes(client, { lastEventId: "1:1:" });
  assert.equal((await next(events)).event, "begun");
  const event = await next(events);
  assert.ok(event.event === "resync");
  assert.ok(["log_pruned", "too_far_behind", "unknown_position"].includes(event.resync.reason));
  await events.return();
});

test("the stream ends with a problem where coming back is of no use", async () => {
  await assert.rejects(changes(member({ token: "hf_nobody" })).next(), (error) =>
    isProblem(error, "authentication_required"),
  );
  await assert.rejects(changes(client, { facilityId: 2 ** 31 - 1 }).next(), (error) =>
    isProblem(error, "not_found"),
  );
});

test("a stream that never was answered says why", async () => {
  for (const wrong of [
    { baseUrl: "http://127.0.0.1:2" },
    { baseUrl: "localhost:8080" },
    { baseUrl: "127.0.0.1:8080" },
    { token: "hf_\nme" },
  ]) {
    await assert.rejects(changes(member(wrong)).next(), TypeError);
  }
});

test("a signal ends it, also while it waits", async () => {
  const stop = new AbortController();
  const events = changes(client, { signal: stop.signal });
  await next(events);
  const rest = Array.fromAsync(events);
  stop.abort();
  assert.ok(Array.isArray(await rest));

  const away = new AbortController();
  await queue(...Array<string>(9).fill("away"));
  const never = Array.fromAsync(changes(client, { signal: away.signal }));
  while ((await seen()).length === 0);
  away.abort();
  assert.deepEqual(await never, []);
});

test("events are read as the standard has it, however the bytes are cut", () => {
  const lines = ["retry: 2000", "id: 2:2:", "", ": beat", "", "data: a", "data:b", "event: ü", ""];
  const bytes = (end: string) =>
    new TextEncoder().encode(`\ufeff${[...lines, "id: 3\0", "data", ""].join(end)}${end}`);
  const expected = [
    { event: "message", data: undefined, lastId: "2:2:" },
    { event: "message", data: undefined, lastId: "2:2:" },
    { event: "ü", data: "a\nb", lastId: "2:2:" },
    { event: "message", data: "", lastId: "2:2:" },
  ];
  for (const end of ["\n", "\r\n"]) {
    const stream = bytes(end);
    for (let cut = 0; cut <= stream.length; cut += 1) {
      const reader = new EventReader("1:1:");
      const blocks = [
        ...reader.feed(stream.subarray(0, cut)),
        ...reader.feed(stream.subarray(cut)),
      ];
      assert.deepEqual(blocks, expected);
      assert.equal(reader.retry, 2000);
    }
  }
  // Of a lone carriage return nobody knows yet that no line feed follows.
  const reader = new EventReader();
  assert.equal([...reader.feed(new TextEncoder().encode("data: a\r\r\r"))].length, 1);
});
