// Files to send: made here, so that the project holds none.

import { deflateSync } from "node:zlib";

/** A picture of one colour per row of points. */
export function png(width, height, hue = 0) {
  const row = (y) => [0, ...Array.from({ length: width }, () => [hue, (y * 255) / height, 128]).flat()];
  const points = Buffer.from(Array.from({ length: height }, (_, y) => row(y)).flat());
  const size = Buffer.alloc(13);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  size.set([8, 2, 0, 0, 0], 8);
  const chunks = [chunk("IHDR", size), chunk("IDAT", deflateSync(points)), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...chunks]);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** Silence, eight thousand points a second (Multimedia Programming Interface and Data Specifications 1.0, RIFF WAVE). */
function wav(seconds) {
  const points = Buffer.alloc(8000 * seconds, 128);
  const head = Buffer.alloc(44);
  for (const [at, word] of [[0, "RIFF"], [8, "WAVEfmt "], [36, "data"]]) head.write(word, at);
  for (const [at, number] of [[4, 36 + points.length], [16, 16], [24, 8000], [28, 8000], [40, points.length]]) head.writeUInt32LE(number, at);
  for (const [at, number] of [[20, 1], [22, 1], [32, 1], [34, 8]]) head.writeUInt16LE(number, at);
  return Buffer.concat([head, points]);
}

const upload = (name, mimeType, buffer) => ({ name, mimeType, buffer: Buffer.from(buffer) });

/** As `setInputFiles` takes them. */
export const FILES = {
  beach: upload("beach.png", "image/png", png(400, 300, 30)),
  tall: upload("tall.png", "image/png", png(100, 400, 200)),
  bill: upload("bill.pdf", "application/pdf", "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"),
  voice: upload("voice.wav", "audio/wav", wav(3)),
  /** Says that it is a sound, and is none that a browser plays. */
  broken: upload("broken.wav", "audio/wav", wav(0).fill(0, 12)),
  html: upload("page.html", "text/html", "<!doctype html><script>window.hackedBy=1;parent.hackedBy=1;opener&&(opener.hackedBy=1)</script>"),
  svg: upload("drawing.svg", "image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg" onload="parent.hackedBy=1"><script>window.hackedBy=1</script></svg>`),
};
