// Plays the official Node SDK for the tests: each line of standard input is a job, each line of standard output its result.

import { createInterface } from 'node:readline';

import Anthropic, { APIError } from '@anthropic-ai/sdk';
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema';

const JOBS = {
  create: ({ messages, request, options }) => messages.create(request, options),
  stream: ({ messages, request, options }) => messages.stream(request, options).finalMessage(),
  count: ({ messages, request, options }) => messages.countTokens(request, options),
  model: ({ client, request }) => client.models.retrieve(request.id),

  // all models, from as many pages as they take
  async models({ client, request }) {
    let page = await client.models.list(request);
    const pages = [page.data];
    while (page.hasNextPage()) {
      page = await page.getNextPage();
      pages.push(page.data);
    }
    return pages;
  },

  // a whole tool loop; every tool answers with the text that `answers` holds for it
  async run_tools({ client, request: { answers, ...request } }) {
    const calls = [];
    const tools = request.tools.map(({ input_schema, ...tool }) =>
      betaTool({
        ...tool,
        inputSchema: input_schema,
        run: (input) => {
          calls.push({ name: tool.name, input });
          return answers[tool.name];
        },
      }),
    );
    const message = await client.beta.messages.toolRunner({ ...request, tools }).runUntilDone();
    return { calls, message };
  },

  // a conversation of which each turn sends what is new, as far as the server keeps the rest
  async converse({ client, request: { turns, ...request } }) {
    const thread = client.beta.messages.thread(request);
    const answers = [];
    for (const content of turns) answers.push(await thread.send({ role: 'user', content }));
    return answers;
  },
};

async function run({ job, url, beta = false, request = {}, headers = {} }) {
  const client = new Anthropic({ baseURL: url, apiKey: 'none', maxRetries: 0, timeout: 30_000 });
  const messages = beta ? client.beta.messages : client.messages;
  try {
    return { result: await JOBS[job]({ client, messages, request, options: { headers } }) };
  } catch (error) {
    if (!(error instanceof APIError)) return { crash: String(error.stack) };
    return { error: error.error ?? { words: error.message } };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await run(JSON.parse(line)))}\n`);
}
