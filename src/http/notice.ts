import { html } from 'hono/html';

/** A page of a few words for a person whose browser comes from elsewhere. Everything in it is escaped. */
export async function noticePage(about: { title: string; text: string }): Promise<string> {
  return String(
    await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${about.title} · Outpost</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/notice.css">
</head>
<body>
<main>
  <img src="/icon.svg" alt="" width="40" height="40">
  <h1>${about.title}</h1>
  <p>${about.text}</p>
  <p><a href="/">Outpost</a></p>
</main>
</body>
</html>`,
  );
}
