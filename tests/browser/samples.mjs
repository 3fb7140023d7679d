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

const upload = (name, mimeType, buffer) => ({ name, mimeType, buffer: Buffer.from(buffer) });

/** As `setInputFiles` takes them. */
export const FILES = {
  beach: upload("beach.png", "image/png", png(400, 300, 30)),
  tall: upload("tall.png", "image/png", png(100, 400, 200)),
  bill: upload("bill.pdf", "application/pdf", "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"),
  html: upload("page.html", "text/html", "<!doctype html><script>window.hackedBy=1;parent.hackedBy=1;opener&&(opener.hackedBy=1)</script>"),
  svg: upload("drawing.svg", "image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg" onload="parent.hackedBy=1"><script>window.hackedBy=1</script></svg>`),
};
