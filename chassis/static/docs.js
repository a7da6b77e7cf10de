// Lists the operations of /openapi.json. Text only ever goes in as text, never as markup.
"use strict";

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function example(title, value) {
  const block = element("div");
  block.append(element("h4", title), element("pre", JSON.stringify(value, null, 2)));
  return block;
}

function resolve(api, schema) {
  const name = schema && schema.$ref && schema.$ref.split("/").pop();
  return name ? api.components.schemas[name] : schema;
}

function operation(api, path, method, said) {
  const box = element("details");
  const head = element("summary");
  head.append(element("span", method.toUpperCase(), "method"), element("code", path));
  head.append(element("span", (said["x-loket-roles"] || ["public"]).join(", "), "roles"));
  const inside = element("div");
  inside.append(element("p", said.description || said.summary || ""));
  for (const one of said.parameters || []) {
    const needed = one.required ? " (required)" : "";
    inside.append(element("p", `${one.in}: ${one.name}${needed} ${one.description || ""}`));
  }
  const body = said.requestBody && said.requestBody.content["application/json"];
  if (body) inside.append(example("Body", body.example || resolve(api, body.schema)));
  for (const [status, answer] of Object.entries(said.responses)) {
    inside.append(element("h4", `${status}: ${answer.description}`));
    const content = answer.content && answer.content["application/json"];
    if (content) inside.append(element("pre", JSON.stringify(resolve(api, content.schema), null, 2)));
  }
  box.append(head, inside);
  return box;
}

async function show() {
  const api = await (await fetch("/openapi.json")).json();
  document.title = api.info.title;
  document.getElementById("title").textContent = `${api.info.title} ${api.info.version}`;
  const list = document.getElementById("operations");
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, said] of Object.entries(methods)) {
      list.append(operation(api, path, method, said));
    }
  }
}

show();
