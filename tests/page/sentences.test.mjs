// What the daemon says, in Portuguese: the same cases as in src/language/translator.rs.

import assert from "node:assert/strict";
import test from "node:test";

import { learn, sentence } from "../../src/web/model/sentences.js";

const TABLE = {
  "the phone is off": "o telefone está desligado",
  "{1} is not connected: {why}": "sem conexão com {1}: {why}",
  "; did you mean {guess}?": "; você quis dizer {guess}?",
  "unknown command {word}{1} see: {see}": "comando desconhecido {word}{1} veja: {see}",
  "{n} messages wait": "{n} mensagens esperam",
  "it has {n} messages": "tem {n} mensagens",
  "the message is already {state}": "a mensagem já está {state}",
  sent: "enviada",
  "use {{}} here": "use {{}} aqui",
  "open the log file": "abrir o registro",
  "cannot {action} {path}: {why}": "não foi possível {action} {path}: {why}",
  "no such file (os error 2)": "não existe (erro 2)",
};

let asked = [];
globalThis.fetch = async address => {
  asked.push(address);
  return { ok: true, json: async () => TABLE };
};

test("English is not fetched and stays as it is", async () => {
  await learn("en");
  assert.deepEqual(asked, []);
  assert.equal(sentence("the phone is off"), "the phone is off");
});

test("sentences are found whole, with values, in each other and beside each other", async () => {
  assert.equal(await learn("pt-BR"), true);
  assert.equal(await learn("pt-BR"), false);
  assert.deepEqual(asked, ["language/pt-BR.json"]);
  for (const [text, wanted] of [
    ["the phone is off", "o telefone está desligado"],
    ["3 messages wait", "3 mensagens esperam"],
    ["zap is not connected: the phone is off", "sem conexão com zap: o telefone está desligado"],
    ["zap is not connected: it rains", "sem conexão com zap: it rains"],
    ["sent is not connected: sent", "sem conexão com sent: sent"],
    ["the message is already sent", "a mensagem já está enviada"],
    ["use {} here", "use {} aqui"],
    ['unknown command "a"; did you mean b? see: c', 'comando desconhecido "a"; você quis dizer b? veja: c'],
    ["cannot open the log file /a b: no", "não foi possível abrir o registro /a b: no"],
    ["whatsapp: the phone is off", "whatsapp: o telefone está desligado"],
    ["the phone is off; it has 2 messages", "o telefone está desligado; tem 2 mensagens"],
    ["the phone is off (code_x)", "o telefone está desligado (code_x)"],
    ["  the phone is off\n", "  o telefone está desligado\n"],
    ["one\nthe phone is off\nit has 1 messages", "one\no telefone está desligado\ntem 1 mensagens"],
    ["a: no such file (os error 2)", "a: não existe (erro 2)"],
    ["redb, 3 messages wait, 2 (3.0 MiB)", "redb, 3 mensagens esperam, 2 (3.0 MiB)"],
    ["never heard", "never heard"],
    ["", ""],
    [null, null],
  ]) assert.equal(sentence(text), wanted);
});

test("a hostile text comes back soon", () => {
  for (const text of ["a; b: c. d (e), ".repeat(40), "the phone is off; ".repeat(2000)]) assert.equal(sentence(text), text);
});

test("what cannot be fetched leaves English, and is asked for again", async () => {
  globalThis.fetch = async () => { throw new TypeError("offline"); };
  await learn("en");
  await learn("pt-BR");
  assert.equal(sentence("the phone is off"), "the phone is off");
  globalThis.fetch = async () => ({ ok: true, json: async () => TABLE });
  assert.equal(await learn("pt-BR"), true);
  assert.equal(sentence("the phone is off"), "o telefone está desligado");
});
