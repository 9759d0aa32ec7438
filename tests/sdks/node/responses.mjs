// Jobs for the Node SDK of OpenAI.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import OpenAI, { APIError } from 'openai';
import { ResponsesToolRunner } from 'openai/helpers/responses-tool-runner';
import { zodResponsesFunction, zodTextFormat } from 'openai/helpers/zod';
import { accumulateResponse } from 'openai/lib/responses/ResponseAccumulator';
import { ResponsesWebSocketAccumulator } from 'openai/lib/responses/responses-websocket-accumulator';
import { ResponsesWebSocketSession } from 'openai/lib/responses/responses-websocket-session';
import { ResponsesWS } from 'openai/resources/responses/ws';
import { z } from 'zod';

export const ServerError = APIError;

export const connect = (url) => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0, timeout: 30_000 });

const ENDS = ['response.completed', 'response.incomplete', 'response.failed'];

const PERSON = z.object({ name: z.string(), age: z.number().int() });

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
    const asked = { ...request, text: { format: zodTextFormat(PERSON, 'person') } };
    const whole = await client.responses.parse(asked);
    const streamed = await client.responses.stream(asked).finalResponse();
    return [whole.output_parsed, streamed.output_parsed];
  },

  // the arguments of a call in the form of a schema, whole and streamed
  async parse_call({ client, request }) {
    const asked = { ...request, tools: [zodResponsesFunction({ name: 'person', parameters: PERSON })] };
    const whole = await client.responses.parse(asked);
    const streamed = await client.responses.stream(asked).finalResponse();
    return [whole, streamed].map(({ output: [call] }) => call.parsed_arguments);
  },

  // the headers of a response, and how the SDK names the request
  async headers({ client, request }) {
    const { response, request_id } = await client.responses.create(request).withResponse();
    return { request_id, headers: Object.fromEntries(response.headers) };
  },

  // a response that the SDK may ask for three times
  retry: ({ client, request }) => client.responses.create(request, { maxRetries: 2 }),

  // a whole tool loop of the SDK's runner; every tool answers with the text that `answers` holds for it
  async run_tools({ client, request: { tools, answers, fields, options: { max_steps, ...options } } }) {
    const calls = [];
    const registered = (tool) => ({
      tool,
      execute: (args) => {
        calls.push({ name: tool.name, arguments: args });
        return answers[tool.name];
      },
    });
    const runner = new ResponsesToolRunner({ functions: tools.map(registered) });
    return { response: await runner.run(client, fields, { ...options, maxSteps: max_steps }), calls };
  },

  // send events on the WebSocket named `socket`, opened where it is not, and hear `count` events, or all to an end
  async say({ client, request: { socket: name, events, count }, options }) {
    SOCKETS[name] ??= await open(client, options);
    for (const event of events) SOCKETS[name].socket.send(event);
    const said = [];
    while (said.length !== count && !(count === undefined && [...ENDS, 'error'].includes(said.at(-1)?.type))) {
      said.push(await hear(SOCKETS[name]));
    }
    return said;
  },

  hang_up({ request: { socket: name } }) {
    SOCKETS[name].socket.close();
    delete SOCKETS[name];
  },
};

const SOCKETS = {};

async function open(client, options) {
  const socket = new ResponsesWS(client, options);
  socket.on('error', () => {}); // each is also an event
  const lane = new ResponsesWebSocketSession(socket, { maxLanes: 1, maxBufferedEvents: 1000, maxBufferedBytes: 1_000_000 }).lane();
  for await (const { type } of socket) if (type === 'open') break;
  return { socket, lane, accumulator: new ResponsesWebSocketAccumulator() };
}

// The next event; what the SDK has put together before the last one must be in it.
async function hear({ lane, accumulator }) {
  const event = await lane.receive();
  const before = accumulator.current?.snapshot?.output;
  accumulator.add(event);
  if (event.type === 'response.completed') assert.deepEqual(event.response.output, before);
  return event;
}

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
