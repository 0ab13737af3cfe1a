// Calls every method of the published npm client once at least: node every_method.mjs BASE_URL KEY
// Prints one JSON line for each answer: {call, method, url, status, type, body} or, for a stream, {…, frames}.
// Exits with 1 and names the methods that were not called.
import axios from "axios";
import { ChatClient, CompletionClient, DifyClient, routes } from "dify-client";

const [base, key] = process.argv.slice(2);
const user = "node user";
const called = new Set();

function told(name, answer, body) {
  const { config, status, headers } = answer;
  const line = { call: name, method: config.method, url: config.url, status, type: headers["content-type"] ?? "" };
  console.log(JSON.stringify({ ...line, ...body }));
}

async function whole(stream) {
  let text = "";
  for await (const piece of stream) text += piece;
  return text;
}

function framesOf(text) {
  const frames = text.split("\n").filter((line) => line.startsWith("data: "));
  return frames.map((line) => JSON.parse(line.slice(6)));
}

// Every answer is printed, refusals too; streams are read to their end.
function watched(client) {
  return new Proxy(client, {
    get(target, name) {
      const value = target[name];
      if (typeof value !== "function") return value;
      return async (...words) => {
        called.add(name);
        let answer;
        try {
          answer = await value.apply(target, words);
        } catch (problem) {
          if (!axios.isAxiosError(problem) || !problem.response) throw problem;
          answer = problem.response;
        }
        if (answer === undefined) return answer;
        if (answer.data && typeof answer.data.pipe === "function") {
          const text = await whole(answer.data);
          const frames = answer.status === 200 ? framesOf(text) : [];
          told(name, answer, answer.status === 200 ? { frames } : { body: JSON.parse(text) });
          return frames;
        }
        told(name, answer, { body: answer.data });
        return answer.data;
      };
    },
  });
}

const chat = watched(new ChatClient("app-nobodys", base));
await chat.getApplicationParameters(user); // refused: the key is nobody's
await chat.updateApiKey(key);
await chat.getApplicationParameters(user);

const form = new FormData();
form.append("user", user);
form.append("file", new Blob(["2026-11-21 10:00:00 UTC [1] ERROR:  deadlock detected\n"], { type: "text/plain" }), "服务器 1.log");
const file = await chat.fileUpload(form);
const files = [{ type: "document", transfer_method: "local_file", upload_file_id: file.id }];

const first = await chat.createChatMessage({}, "What is in this file? 磁盘 \u0000😀", user, false, null, files);
const frames = await chat.createChatMessage({}, "And again?", user, true, first.conversation_id);
await chat.createChatMessage({}, "", user);
await chat.getConversationMessages(user, first.conversation_id, null, 1);
await chat.getConversationMessages(user, first.conversation_id, frames[0].message_id);
await chat.messageFeedback(first.message_id, "like", user);
await chat.messageFeedback(first.message_id, null, user);
await chat.getConversations(user, null, 5, false);
await chat.renameConversation(first.conversation_id, "事故 7", user, false);
await chat.renameConversation(first.conversation_id, "", user, true);
await chat.sendRequest("GET", `/messages/${first.message_id}/suggested`, null, { user });
await chat.sendRequest("GET", "/info");
await chat.deleteConversation(first.conversation_id, user);
await chat.getConversationMessages(user, first.conversation_id);

const completion = watched(new CompletionClient(key, base));
await completion.createCompletionMessage({}, user);
await completion.createCompletionMessage({}, user, true);
await completion.runWorkflow({}, user);

const methods = [DifyClient, CompletionClient, ChatClient].flatMap((one) => Object.getOwnPropertyNames(one.prototype));
const missing = methods.filter((name) => name !== "constructor" && !called.has(name));
if (missing.length || Object.keys(routes).length !== 10) {
  console.error(`not called: ${missing}; routes: ${Object.keys(routes)}`);
  process.exit(1);
}
