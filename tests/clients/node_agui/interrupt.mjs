// Asks, answers every interrupt with a grant, and prints what the client then has: node interrupt.mjs URL KEY
import { HttpAgent } from "@ag-ui/client";

const [url, key] = process.argv.slice(2);
const agent = new HttpAgent({ url, headers: { Authorization: `Bearer ${key}` }, threadId: "node-1" });
agent.messages = [{ id: "1", role: "user", content: "The orders page is slow" }];

async function run(parameters) {
  const seen = [];
  await agent.runAgent(parameters, { onEvent: ({ event }) => void seen.push(event.type) });
  const messages = agent.messages.map((message) => [message.role, message.content ?? ""]);
  console.log(JSON.stringify({ seen, pending: agent.pendingInterrupts.map((one) => one.id), messages }));
}

await run({ runId: "n1" });
const payload = { approved: true, comment: "go on" };
const resume = agent.pendingInterrupts.map((one) => ({ interruptId: one.id, status: "resolved", payload }));
await run({ runId: "n2", resume });
