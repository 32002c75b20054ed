// SPDX-License-Identifier: MIT
// A lock for lockproof's `cmd` driver: a folder that exists or does not. usage: mkdir_lock.mjs FOLDER
import { mkdirSync, rmdirSync } from "node:fs";
import { createInterface } from "node:readline";

const folder = process.argv[2];
const answers = {
  open: () => "ok",
  prepare: () => "ok",
  try: () => {
    try {
      mkdirSync(folder);
      return "ok";
    } catch (error) {
      return error.code === "EEXIST" ? "busy" : `fail ${error.code}`;
    }
  },
  unlock: () => {
    rmdirSync(folder);
    return "ok";
  },
};
for await (const line of createInterface({ input: process.stdin })) {
  const answer = answers[line.split(" ")[0]];
  console.log(answer ? answer() : "fail not understood");
}
