// Jobs for the AI SDK over Responses.

import { createOpenAI } from '@ai-sdk/openai';
import { APICallError, Output, generateText, isStepCount, jsonSchema, streamText, tool } from 'ai';

export const ServerError = APICallError;

export const connect = (url) => createOpenAI({ baseURL: `${url}/v1`, apiKey: 'none' });

// What to ask; every tool answers with the text that `answers` holds for it.
function question(client, { model, openai, answers = {}, schema, ...request }) {
  const tools = Object.entries(answers).map(([name, { parameters, answer }]) => [
    name,
    tool({ inputSchema: jsonSchema(parameters), execute: () => answer }),
  ]);
  return {
    ...request,
    model: client.responses(model),
    tools: Object.fromEntries(tools),
    stopWhen: isStepCount(5),
    maxRetries: 0,
    include: { requestBody: true },
    providerOptions: { openai },
    ...(schema ? { output: Output.object({ schema: jsonSchema(schema) }) } : {}),
  };
}

const told = async (result, { schema }) => ({
  text: await result.text,
  finish: await result.finishReason,
  steps: (await result.steps).map(({ toolCalls, reasoningText, request }) => ({
    calls: toolCalls.map(({ toolName, input }) => ({ name: toolName, input })),
    reasoning: reasoningText,
    sent: request.body.input.map(({ type, role }) => type ?? role),
  })),
  messages: await result.responseMessages,
  ...(schema ? { output: await result.output } : {}),
});

export const JOBS = {
  generate: async ({ client, request }) => told(await generateText(question(client, request)), request),

  async stream({ client, request }) {
    let failure;
    const result = streamText({ ...question(client, request), onError: ({ error }) => (failure = error) });
    let text = '';
    for await (const delta of result.textStream) text += delta;
    if (failure) throw failure;
    return { ...(await told(result, request)), streamed: text };
  },
};
