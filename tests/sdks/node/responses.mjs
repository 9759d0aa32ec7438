// Jobs for the Node SDK of OpenAI.

import OpenAI, { APIError } from 'openai';
import { accumulateResponse } from 'openai/lib/responses/ResponseAccumulator';

export const ServerError = APIError;

export const connect = (url) => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0, timeout: 30_000 });

const ENDS = ['response.completed', 'response.incomplete', 'response.failed'];

// These take ids and options only, all others, and all of the beta, also an object of fields.
const WITHOUT_FIELDS = ['responses.delete', 'responses.cancel', 'conversations.retrieve', 'conversations.delete'];

const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

// What a method gives, as it came; of a page also what the SDK has made of it.
const plain = (answer) => (answer?.getPaginatedItems ? { ...answer.body, data: answer.getPaginatedItems() } : answer);

export const JOBS = {
  // any method, such as `responses.input_items.list`, with `ids` and `fields`
  async call({ client, beta, request: { method, ids = [], fields = {} }, options }) {
    const path = method.split('.').map(camel);
    const name = path.pop();
    const resource = path.reduce((parent, part) => parent[part], beta ? client.beta : client);
    return plain(await resource[name](...ids, ...(!beta && WITHOUT_FIELDS.includes(method) ? [] : [fields]), options));
  },

  // the last response, and the output as it was put together before the last event
  async stream({ client, request, options }) {
    const stream = client.responses.stream(request, options);
    let built;
    stream.on('event', (event) => {
      if (!ENDS.includes(event.type)) built = accumulateResponse(event, built);
    });
    return { final: await stream.finalResponse(), built: built.output };
  },

  // the events of a stream as they come
  async events({ client, request, options }) {
    const events = [];
    for await (const event of await client.responses.create({ ...request, stream: true }, options)) events.push(event);
    return events;
  },
};
