// Jobs for the Node SDK of OpenAI.

import { setTimeout as sleep } from 'node:timers/promises';

import OpenAI, { APIError } from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { accumulateResponse } from 'openai/lib/responses/ResponseAccumulator';
import { ResponsesWebSocketSession } from 'openai/lib/responses/responses-websocket-session';
import { ResponsesWS } from 'openai/resources/responses/ws';
import { z } from 'zod';

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
    const [resource, name] = reach(beta ? client.beta : client, method);
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
  events: async ({ client, request, options }) => collect(await client.responses.create({ ...request, stream: true }, options)),

  // all items of a list, from as many pages as it takes
  async items({ client, request: { method, ids, fields } }) {
    const [resource, name] = reach(client, method);
    return collect(resource[name](...ids, fields));
  },

  // a response in the background, asked for until it is there
  async follow({ client, request }) {
    let response = await client.responses.create({ ...request, background: true });
    while (['queued', 'in_progress'].includes(response.status)) {
      await sleep(10);
      response = await client.responses.retrieve(response.id);
    }
    return response;
  },

  // a stream of a response in the background that is left after some events and taken up again, raw and with the helper
  async resume({ client, request: { fields, leave_after } }) {
    const seen = [];
    for await (const event of await client.responses.create({ ...fields, background: true, stream: true })) {
      seen.push(event);
      if (seen.length === leave_after) break;
    }
    const response_id = seen[0].response.id;
    const starting_after = seen.at(-1).sequence_number;
    const rest = await collect(await client.responses.retrieve(response_id, { stream: true, starting_after }));
    const stream = client.responses.stream({ response_id, starting_after });
    const helped = [];
    stream.on('event', (event) => helped.push(event.sequence_number));
    return { seen, rest, helped, final: await stream.finalResponse() };
  },

  // the answer in the form of a schema, whole and streamed
  async parse({ client, request }) {
    const asked = { ...request, text: { format: zodTextFormat(z.object({ name: z.string(), age: z.number().int() }), 'person') } };
    const whole = await client.responses.parse(asked);
    const streamed = await client.responses.stream(asked).finalResponse();
    return [whole.output_parsed, streamed.output_parsed];
  },

  // the headers of a response, and how the SDK names the request
  async headers({ client, request }) {
    const { response, request_id } = await client.responses.create(request).withResponse();
    return { request_id, headers: Object.fromEntries(response.headers) };
  },

  // a response that the SDK may ask for three times
  retry: ({ client, request }) => client.responses.create(request, { maxRetries: 2 }),

  // the ends of responses on one WebSocket, each continuing the one before
  async socket({ client, request }) {
    const socket = new ResponsesWS(client);
    const session = new ResponsesWebSocketSession(socket, { maxLanes: 1, maxBufferedEvents: 1000, maxBufferedBytes: 1_000_000 });
    socket.on('error', () => {}); // each is also an event
    const lane = session.lane();
    const ends = [];
    try {
      for await (const { type } of socket) if (type === 'open') break;
      for (const fields of request) {
        lane.create({ ...(ends.length ? { previous_response_id: ends.at(-1).response.id } : {}), ...fields });
        let event;
        do event = await lane.receive();
        while (![...ENDS, 'error'].includes(event.type));
        ends.push(event);
      }
    } finally {
      session.close();
      socket.close();
    }
    return ends;
  },
};

function reach(client, method) {
  const path = method.split('.').map(camel);
  const name = path.pop();
  return [path.reduce((parent, part) => parent[part], client), name];
}

async function collect(things) {
  const all = [];
  for await (const thing of things) all.push(thing);
  return all;
}
