// Plays the official Node SDKs for the tests: each line of standard input is a job, each line of standard output its result.

import { createInterface } from 'node:readline';

import * as ai from './ai.mjs';
import * as messages from './messages.mjs';
import * as responses from './responses.mjs';

const SDKS = { ai, messages, responses };

async function run({ job, url, beta = false, request = {}, headers = {} }) {
  const [kind, name] = job.split('.');
  const { JOBS, ServerError, connect } = SDKS[kind];
  try {
    return { result: (await JOBS[name]({ client: connect(url), beta, request, options: { headers } })) ?? null };
  } catch (error) {
    if (!(error instanceof ServerError)) return { crash: String(error.stack) };
    return { error: error.error ?? { words: error.message } };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await run(JSON.parse(line)))}\n`);
}
process.exit(); // whatever a failed job has left open
