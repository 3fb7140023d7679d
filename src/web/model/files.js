// The files of a message as they can be shown. What is in a message comes from anybody: strings are cut
// and cleaned, figures are within reason, and what a file is shown as is decided here, by its type.

import { clean } from "./clean.js";
import { webAddress } from "./parts.js";

/** Files of one message, as many as the gateway takes. */
export const MOST_FILES = 10;
const KINDS = ["image", "video", "audio", "voice", "document", "sticker"];
/** Pictures that cannot hold a script. */
const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"];
const MEDIA_ID = /^[0-9a-f]{64}$/;
/** Edges in pixels. The least is what a finger hits. */
const [WIDEST, TALLEST, LEAST, STICKER] = [320, 360, 48, 128];
/** Where nobody told how large a picture is. */
const UNKNOWN = [320, 220];
/** Heights of other rows, and what is between two of a grid. */
const [CARD, PLAYER, GAP] = [84, 60, 4];

const number = value => (Number.isFinite(value) && value > 0 ? value : undefined);

/** The type of a file if the browser may take it as such; anything else is bytes to keep. */
export function safeType(type = "") {
  const [bare] = type.toLowerCase().split(";");
  return PICTURES.includes(bare) || /^(audio|video)\/[\w.+-]+$/.test(bare) || bare === "application/ogg" ? bare : "application/octet-stream";
}

export const isPictureType = type => PICTURES.includes(safeType(type));

/** `[file]` of a message; not what is no file at all. */
export function filesOf({ media, kind, text }) {
  const all = (Array.isArray(media) ? media : [media]).filter(one => one && typeof one === "object").slice(0, MOST_FILES);
  if (all.length !== 1) return all.map(one => fileOf(one));
  // Of one file the message itself may say more: a voice, a sticker.
  const file = fileOf(all[0], kind);
  return [{ ...file, about: aboutIn(text, file.kind) }];
}

/** What the gateway writes behind the kind, for whoever reads texts alone, where the file has no words of its own. */
function aboutIn(text, kind) {
  const label = `[${kind}]`;
  return typeof text === "string" && text.startsWith(label) ? clean(text.slice(label.length)) : "";
}

function fileOf(media, told) {
  const [name, mime] = [clean(media.name), clean(media.mime)];
  const kind = [told, media.kind].find(one => KINDS.includes(one)) ?? kindOf(mime);
  const id = MEDIA_ID.test(media.media_id) ? media.media_id : undefined;
  const url = typeof media.url === "string" ? media.url : "";
  const [bytes, width, height, seconds] = [media.bytes, media.width, media.height, media.seconds].map(number);
  const file = { kind, id, url, name, mime, bytes, width, height, seconds };
  return { ...file, state: stateOf(media, file), error: clean(media.error), shape: shapeOf(file) };
}

/** What a file of this type is, where nobody says. */
export function kindOf(mime = "") {
  if (isPictureType(mime)) return "image";
  return /^(audio|video)(?=\/)/.exec(mime)?.[0] ?? "document";
}

/** `kept` by the gateway, `linked` by an address, `fetching`, `failed`, `absent` while nobody fetched it, `named` where nobody can. */
function stateOf({ state, id }, file) {
  if (file.id) return "kept";
  if (state === "fetching" || state === "failed") return state;
  if (file.url) return "linked";
  return typeof id === "string" ? "absent" : "named";
}

/** How it is shown once it is here: `picture`, `video`, `sound` or `document`. */
function shapeOf({ kind, mime }) {
  const isOf = (...types) => !mime || types.some(type => safeType(mime).startsWith(type));
  if (kind === "image" || kind === "sticker") return isOf("image/") ? "picture" : "document";
  if (kind === "video") return isOf("video/") ? "video" : "document";
  // What a browser records is called a video by some, even without a picture in it.
  if (kind === "audio" || kind === "voice") return isOf("audio/", "application/ogg", "video/") ? "sound" : "document";
  return "document";
}

/** The way to a picture that is shown from its address: of this house, or the address holds it. */
export const shownAddress = ({ shape, url }, origin) =>
  shape === "picture" && (url.startsWith(`${origin}/`) || /^data:image\/(png|jpeg|gif|webp);/.test(url)) ? url : "";

/** The address of a file that a user may open. */
export const openAddress = ({ state, url }) => (state === "linked" ? webAddress(url) : undefined);

/** Width and height of the box of a picture or video, before it is here: then nothing jumps. */
export function boxOf({ kind, width, height }) {
  const most = kind === "sticker" ? STICKER : WIDEST;
  if (!width || !height) return kind === "sticker" ? [STICKER, STICKER] : UNKNOWN;
  const scale = Math.min(1, most / width, (kind === "sticker" ? STICKER : TALLEST) / height);
  return [width, height].map(edge => Math.max(Math.round(edge * scale), LEAST));
}

/** Whether they stand side by side, as squares. */
export const isGrid = files => files.length > 1 && files.every(({ shape, state }) => shape === "picture" && state === "kept");

/** About how high the files of a message stand. */
export function heightOf(files, width) {
  if (isGrid(files)) return Math.ceil(files.length / 2) * (Math.min(WIDEST, width * 0.8) / 2 + GAP);
  const one = file => {
    if (file.state === "named" || file.shape === "document" || file.state === "linked") return CARD;
    return file.shape === "sound" ? PLAYER : boxOf(file)[1];
  };
  return files.reduce((sum, file) => sum + one(file) + GAP, 0);
}
