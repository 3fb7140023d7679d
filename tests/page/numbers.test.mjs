// Numbers as people write them. The terminal's are held to the same list (src/cli/output).

import assert from "node:assert/strict";
import test from "node:test";

import { shownPeer } from "../../src/web/model/numbers.js";

test("a number of WhatsApp is grouped as in its country", () => {
  for (const [peer, shown] of [
    ["5511987654321", "+55 (11) 98765-4321"],
    ["551133334444", "+55 (11) 3333-4444"],
    ["12125550123", "+1 212 555 0123"],
    ["447911123456", "+44 791 112 3456"],
    ["4915112345678", "+49 151 1234 5678"],
    ["351912345678", "+351 912 345 678"],
    ["59899123456", "+598 9912 3456"],
    ["79161234567", "+7 916 123 4567"],
    ["6591234567", "+65 9123 4567"],
    ["55119876", "+55 119 876"],
  ]) {
    assert.equal(shownPeer("whatsapp", peer), shown);
    assert.equal(shownPeer("whatsapp-cloud", peer), shown);
    assert.equal(shownPeer("telegram", peer), peer);
  }
});

test("what is no number stays as it is", () => {
  for (const peer of ["5511", "1203631234567890@g.us", "77@lid", "ana", "", "0123456789", "1234567890123456", "+5511987654321"]) assert.equal(shownPeer("whatsapp", peer), peer);
});
