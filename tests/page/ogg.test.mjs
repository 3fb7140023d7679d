// Opus out of WebM into OGG: every packet is there, at its time, in pages that add up.

import assert from "node:assert/strict";
import test from "node:test";

import { remuxed } from "../../src/web/model/ogg.js";

const HEAD = [..."OpusHead"].map(sign => sign.charCodeAt(0)).concat([1, 1, 56, 1, 0x80, 0xbb, 0, 0, 0, 0, 0]);
/** A packet of 20 ms (CELT, RFC 6716 §3.1), one whose length needs several segments, and one of 3 frames. */
const SHORT = [0xfc, 1, 2, 3];
const LONG = [0xfc, ...Array(600).fill(7)];
const THREE = [0xff, 3, 9, 9];

/** An element of EBML with its length in eight bytes; of unknown length without content. */
const element = (id, content) => [...id, ...(content ? [0x01, 0, 0, 0, content.length >> 24, (content.length >> 16) & 255, (content.length >> 8) & 255, content.length & 255, ...content] : [0x01, 255, 255, 255, 255, 255, 255, 255])];
const block = (packet, flags = 0x80) => element([0xa3], [0x81, 0, 0, flags, ...packet]);
const webm = (blocks, head = HEAD) =>
  Uint8Array.from([
    ...element([0x1a, 0x45, 0xdf, 0xa3], [0x42, 0x82, 0x84, 119, 101, 98, 109]),
    ...element([0x18, 0x53, 0x80, 0x67]),
    ...element([0x16, 0x54, 0xae, 0x6b], element([0xae], element([0x63, 0xa2], head))),
    ...element([0x1f, 0x43, 0xb6, 0x75]),
    ...element([0xe7], [0]),
    ...blocks.flat(),
  ]);

const TABLE = Array.from({ length: 256 }, (_, i) => {
  let value = i << 24;
  for (let bit = 0; bit < 8; bit++) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value >>> 0;
});

/** The pages of a stream: `[{flags, granule, sequence, packets}]`; fails where a sum is wrong. */
function pagesOf(bytes) {
  const pages = [];
  for (let at = 0; at < bytes.length; ) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at);
    assert.equal(String.fromCharCode(...bytes.subarray(at, at + 4)), "OggS");
    const lacing = [...bytes.subarray(at + 27, at + 27 + bytes[at + 26])];
    const from = at + 27 + lacing.length;
    const end = from + lacing.reduce((sum, size) => sum + size, 0);
    const copy = bytes.slice(at, end).fill(0, 22, 26);
    assert.equal(copy.reduce((crc, byte) => ((crc << 8) ^ TABLE[(crc >>> 24) ^ byte]) >>> 0, 0), view.getUint32(22, true), "the sum of a page");
    const packets = [[]];
    let next = from;
    for (const size of lacing) {
      packets.at(-1).push(...bytes.subarray(next, next + size));
      next += size;
      if (size < 255) packets.push([]);
    }
    pages.push({ flags: bytes[at + 5], granule: Number(view.getBigUint64(6, true)), sequence: view.getUint32(18, true), packets: packets.slice(0, -1) });
    at = end;
  }
  return pages;
}

test("every packet is in a page, in its order and at its time", async () => {
  const packets = [...Array(60).fill(SHORT), LONG, THREE];
  const blob = remuxed(webm(packets.map(packet => block(packet))));
  assert.equal(blob.type, "audio/ogg");
  const pages = pagesOf(new Uint8Array(await blob.arrayBuffer()));
  assert.deepEqual(pages.map(({ sequence }) => sequence), pages.map((_, i) => i));
  assert.deepEqual(pages.map(({ flags }) => flags), [2, ...Array(pages.length - 2).fill(0), 4]);
  assert.deepEqual(pages[0].packets, [HEAD]);
  assert.equal(String.fromCharCode(...pages[1].packets[0]).slice(0, 8), "OpusTags");
  assert.deepEqual(pages.slice(2).flatMap(({ packets }) => packets), packets);
  assert.equal(pages.at(-1).granule, (61 + 3) * 960);
});

test("what is no Opus in WebM is left as it is", () => {
  assert.equal(remuxed(new Uint8Array()), undefined);
  assert.equal(remuxed(Uint8Array.from([0, 0, 0, 0])), undefined);
  assert.equal(remuxed(webm([])), undefined);
  assert.equal(remuxed(webm([block(SHORT)], [1, 2, 3])), undefined);
  assert.equal(remuxed(webm([block(SHORT, 0x06)])), undefined, "several packets in one block");
  const cut = webm([block(SHORT), block(LONG)]).subarray(0, -300);
  assert.ok(remuxed(cut), "a recording that was cut off");
  for (let seed = 1; seed < 200; seed++) remuxed(Uint8Array.from({ length: 300 }, (_, i) => Math.imul(i + 1, seed * 2654435761) >>> 24));
});
