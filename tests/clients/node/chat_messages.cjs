// ChatMessages with SSE through the TypeScript core, called as the generated product package calls it.
// Prints one JSON line per event.  Arguments: host:port, access key id, secret, question.
const core = require("@alicloud/openapi-core");
const dara = require("@darabonba/typescript");

const [, , endpoint, accessKeyId, accessKeySecret, question] = process.argv;
const util = core.$OpenApiUtil;

async function main() {
  const client = new core.default(new util.Config({ accessKeyId, accessKeySecret, endpoint, protocol: "http" }));
  const params = new util.Params({
    action: "ChatMessages",
    version: "2025-05-07",
    protocol: "HTTPS",
    pathname: "/",
    method: "POST",
    authType: "AK",
    style: "RPC",
    reqBodyType: "formData",
    bodyType: "json",
  });
  const query = { Query: question, EventMode: "separate", Inputs: JSON.stringify({ Language: "zh-CN" }) };
  const request = new util.OpenApiRequest({ query });
  for await (const one of client.callSSEApi(params, request, new dara.RuntimeOptions({}))) {
    console.log(JSON.stringify({ status: one.statusCode, id: one.event.id, body: JSON.parse(one.event.data) }));
  }
}

main().catch((error) => {
  console.log(JSON.stringify({ code: error.code, message: error.message }));
  process.exitCode = 1;
});
