// Jobs for the Node SDK of Anthropic.

import Anthropic, { APIError } from '@anthropic-ai/sdk';
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema';

export const ServerError = APIError;

export const connect = (url) => new Anthropic({ baseURL: url, apiKey: 'none', maxRetries: 0, timeout: 30_000 });

const messagesOf = ({ client, beta }) => (beta ? client.beta.messages : client.messages);

export const JOBS = {
  create: ({ request, options, ...job }) => messagesOf(job).create(request, options),
  stream: ({ request, options, ...job }) => messagesOf(job).stream(request, options).finalMessage(),
  count: ({ request, options, ...job }) => messagesOf(job).countTokens(request, options),
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
