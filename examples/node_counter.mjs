// SPDX-License-Identifier: MIT
// Adds one to a number in a file, under a lock file that is made exclusively (O_EXCL) and removed.
// usage: node_counter.mjs COUNTER
import { closeSync, openSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const counter = process.argv[2];
const lock = `${counter}.lock`;

async function take() {
  for (;;) {
    try {
      return openSync(lock, "wx");
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      await sleep(2 + Math.random() * 8);
    }
  }
}

const held = await take();
const value = Number(readFileSync(counter, "ascii"));
writeFileSync(counter, `${value + 1}\n`);
closeSync(held);
unlinkSync(lock);
