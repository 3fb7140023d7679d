// Opus out of WebM into OGG (RFC 7845): Chrome records the one, the services take the other as a voice.
// The sound itself is not touched.

/** Segment, Cluster, Tracks, TrackEntry, BlockGroup (RFC 9559 §27.1): what they hold is read as what comes next. */
const HOLDERS = [0x18538067, 0x1f43b675, 0x1654ae6b, 0xae, 0xa0];
const [CODEC_PRIVATE, SIMPLE_BLOCK, BLOCK] = [0x63a2, 0xa3, 0xa1];
const [HEAD, TAGS, CAPTURE] = ["OpusHead", "OpusTags\0\0\0\0\0\0\0\0", "OggS"];
const LACED = 0x06;
/** About a second of packets of 20 ms. */
const PACKETS_A_PAGE = 50;
/** A page has so many segments, each of up to as many bytes. */
const MOST = 255;
const [FIRST_PAGE, LAST_PAGE] = [2, 4];

const bytesOf = text => Uint8Array.from(text, sign => sign.charCodeAt(0));

/** The same sound as OGG; undefined where these bytes are not Opus in WebM. */
export function remuxed(webm) {
  const { head, packets } = readWebm(webm);
  if (!packets.length || !head || !String.fromCharCode(...head).startsWith(HEAD)) return undefined;
  const pages = [page([head], 0, 0, FIRST_PAGE), page([bytesOf(TAGS)], 0, 1, 0)];
  let samples = 0;
  for (const group of grouped(packets)) {
    for (const packet of group) samples += samplesOf(packet);
    pages.push(page(group, samples, pages.length, group.includes(packets.at(-1)) ? LAST_PAGE : 0));
  }
  return new Blob(pages, { type: "audio/ogg" });
}

/** The header of Opus and its packets; none where several share a block, which no browser records. */
function readWebm(bytes) {
  const found = { packets: [] };
  for (let at = 0, begin, end; at < bytes.length; at = end) {
    const id = number(bytes, at, true);
    const size = number(bytes, at + id.length);
    begin = at + id.length + size.length;
    end = HOLDERS.includes(id.value) ? begin : begin + size.value;
    const data = bytes.subarray(begin, end);
    if (id.value === CODEC_PRIVATE) found.head = data;
    if (id.value !== SIMPLE_BLOCK && id.value !== BLOCK) continue;
    // The track's number, two bytes of time, the flags.
    const flags = number(data, 0).length + 2;
    if (data[flags] & LACED) return { packets: [] };
    found.packets.push(data.subarray(flags + 1));
  }
  return found;
}

/** A number of EBML: its first bit that is set tells its length; an id keeps that bit. */
function number(bytes, at, isId) {
  const length = Math.clz32(bytes[at] || 1) - 23;
  let value = isId ? bytes[at] : bytes[at] & (0xff >> length);
  for (let i = 1; i < length; i++) value = value * 256 + (bytes[at + i] ?? 0);
  return { length, value };
}

/** The packets of each page. */
function grouped(packets) {
  const all = [];
  let segments = MOST;
  for (const packet of packets) {
    const own = Math.floor(packet.length / MOST) + 1;
    segments += own;
    if (segments > MOST || all.at(-1).length === PACKETS_A_PAGE) {
      all.push([]);
      segments = own;
    }
    all.at(-1).push(packet);
  }
  return all;
}

/** How long a packet lasts, by its frames and their configuration: SILK, hybrid, CELT (RFC 6716 §3.1). */
function samplesOf([first, second]) {
  const config = first >> 3;
  const frames = [1, 2, 2, second & 0x3f][first & 3];
  return frames * (config < 12 ? [480, 960, 1920, 2880][config & 3] : config < 16 ? 480 << (config & 1) : 120 << (config & 3));
}

/** A page of OGG (RFC 3533 §6). */
function page(packets, granule, sequence, flags) {
  const lacing = packets.flatMap(({ length }) => [...Array(Math.floor(length / MOST)).fill(MOST), length % MOST]);
  const made = Uint8Array.from([...bytesOf(CAPTURE), ...Array(22).fill(0), lacing.length, ...lacing, ...packets.flatMap(packet => [...packet])]);
  const view = new DataView(made.buffer);
  view.setUint8(5, flags);
  view.setBigUint64(6, BigInt(granule), true);
  view.setUint32(14, 1, true);
  view.setUint32(18, sequence, true);
  view.setUint32(22, checksum(made), true);
  return made;
}

/** CRC-32 as OGG has it: not reflected, from zero. */
function checksum(bytes) {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  }
  return crc >>> 0;
}
